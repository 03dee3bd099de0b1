"""What an operation costs a server, how long it takes, and what it asks of Acontext."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import urlsplit

from rig import load
from rig.load import Bounds
from rig.operations import Operation
from rig.sides import FLOOR, Rig, Side

LATENCY = 20
"""Milliseconds that each call of Acontext takes while times are measured."""
TOGETHER = 8
"""Requests at a time while CPU is measured."""
_LONGEST, _LEAST = 3.0, 4
"""Seconds after which no more times are taken, where there are so many."""


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, CPU seconds of each, and requests of each of which times are taken."""

    rounds: int
    seconds: float
    requests: int


@dataclass
class Figures:
    """What was found of one server in one operation, the best of the rounds; CPU is in seconds for 1000 requests."""

    cpu: float = float("inf")
    sent: int = 0
    errors: list[str] = field(default_factory=list)
    median_ms: float = float("nan")
    calls: float = 0
    rounds: float = 0
    repeated: int = 0


Found = dict[str, dict[str, Figures]]
"""Operations, and in each the servers."""


async def warm(rig: Rig, operations: Sequence[Operation]) -> None:
    """Ask everything a few times, so that nobody is measured while waking up."""
    for operation in operations:
        for side in rig.sides.values():
            await side.send(operation, Bounds(1.0, most=20 if operation.light else 5), concurrency=2)


async def check_alike(rig: Rig, operations: Sequence[Operation]) -> None:
    """Make sure that all answer the same: raise RuntimeError where a list is not as long as the floor's."""
    for operation in operations:
        shapes = {name: shape((await side.ask(operation, 0))["data"]) for name, side in rig.sides.items()}
        for name, found in shapes.items():
            if found != shapes[FLOOR]:
                raise RuntimeError(f"{operation.name}: {name} answers {found}, the floor {shapes[FLOOR]}")


def shape(answer: Any) -> Any:
    """Reduce an answer to its names and the lengths of its lists."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in sorted(answer.items())}
    if isinstance(answer, list):
        return len(answer), shape(answer[0]) if answer else None
    return None


async def cpu(side: Side, operation: Operation, seconds: float, figures: Figures) -> None:
    """Send requests until the server has worked so long, and note what one cost."""
    began, first = side.process.cpu_seconds(), figures.sent
    bounds = Bounds(seconds, least=2 * TOGETHER)
    sent = await side.send(operation, bounds, concurrency=TOGETHER, first=first)
    figures.errors += sent.errors
    figures.sent += len(sent.seconds) + len(sent.errors)
    spent = side.process.cpu_seconds() - began
    if sent.seconds:
        figures.cpu = min(figures.cpu, spent / len(sent.seconds) * 1000)


async def times(rig: Rig, side: Side, operation: Operation, requests: int, figures: Figures) -> None:
    """Send one request after another to an Acontext that takes its time; note times, calls and rounds."""
    counted, sent = [], load.Sent()
    [connection] = await load.connected(side.url, 1)
    latest = time.monotonic() + _LONGEST
    for number in range(requests):
        if time.monotonic() > latest and number >= _LEAST:
            break
        await rig.stub.taken()
        await load.timed(connection, side.request(operation, figures.sent + number), sent)
        counted.append(await rig.stub.taken())
    connection.close()
    figures.errors += sent.errors
    figures.sent += requests
    if not sent.median * 1000 > figures.median_ms:
        figures.median_ms = sent.median * 1000
    figures.calls, figures.rounds = (
        sorted(told[key] for told in counted)[len(counted) // 2] for key in ("calls", "rounds")
    )
    figures.repeated = max(figures.repeated, *(told["repeated"] for told in counted))


async def critical_path(rig: Rig, operation: Operation, times: int) -> float:
    """Measure the calls that the floor makes, sent bare and all at once over open connections: milliseconds."""
    if not operation.calls:
        return 0.0
    await rig.stub.taken()
    await rig.sides[FLOOR].send(operation, Bounds(60, most=1), first=10_000)
    asked = (await rig.stub.taken())["asked"]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(rig.stub.url))
    connections = await load.connected(rig.stub.url, len(asked))
    calls = [
        (connection, load.request(origin + target, method, body=body.encode("latin-1")))
        for connection, (method, target, body) in zip(connections, asked, strict=True)
    ]
    sent = await load.all_at_once(calls, times)
    for connection in connections:
        connection.close()
    return sent.median * 1000


async def compared(rig: Rig, operations: Sequence[Operation], effort: Effort) -> tuple[Found, dict[str, float]]:
    """Measure all servers in turn, round by round; give the figures and the critical path of each operation."""
    found: Found = {operation.name: {name: Figures() for name in rig.sides} for operation in operations}
    await check_alike(rig, operations)
    await warm(rig, operations)
    for operation, (name, side) in [*product(operations, rig.sides.items())] * effort.rounds:
        await cpu(side, operation, effort.seconds, found[operation.name][name])
    await rig.stub.latency(LATENCY)
    paths = {operation.name: math.inf for operation in operations}
    for operation in [*operations] * effort.rounds:
        path = await critical_path(rig, operation, effort.requests)
        paths[operation.name] = min(path, paths[operation.name])
        for name, side in rig.sides.items():
            await times(rig, side, operation, effort.requests, found[operation.name][name])
    await rig.stub.latency(0)
    return found, paths


async def crowd(side: Side, operation: Operation, concurrency: int, requests: int) -> dict[str, Any]:
    """Send very many at a time; tell how many were answered."""
    sent = await side.send(operation, Bounds(60, most=requests), concurrency=concurrency)
    slowest = max(sent.seconds, default=float("nan"))
    return {
        "asked": requests,
        "answered": len(sent.seconds),
        "errors": sent.errors[:5],
        "a_second": len(sent.seconds) / sent.took,
        "slowest_seconds": slowest,
    }
