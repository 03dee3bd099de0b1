"""A flood: many times as many requests as a server can answer, what becomes of them, and how soon it is over.

    python benchmarks/flood.py [--stub] [--times 5] [--set NAME=VALUE] [--save FILE] [--plots FOLDER]

The server is the embedded default, or with `--stub` the deployment of `compare.py` over the stub of Acontext. What is
asked for is the page S2. Its capacity is measured first, with few requests at a time; then requests come at a steady
rate, whatever becomes of those before. Meanwhile somebody else asks for little. It takes 20 seconds, and half a minute
where nothing is refused; with `--plots` it is done once more without limits, and both are drawn.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from rig import load
from rig.drawing import Curves, draw_flood
from rig.load import Bounds
from rig.operations import OPERATIONS, Operation
from rig.pages import grid, put
from rig.processes import keep_to_load_core, python, started
from rig.sides import PRODUCT, Side, rig, side

FLOODED, AFTER = 6.0, 5.0
"""Seconds of the flood, and after its end until it is looked at again: then no answer to it is waited for any more."""
PATIENCE = 2.0
"""Seconds after which an answer to anything else comes too late."""
_FEW, _MEASURED = 8, 2.0
_SAMPLED, _COUNTED = 0.1, 0.5
"""Seconds between two looks at the memory, and over which answers are counted together."""
_NO_LIMITS = {"GQL_API_MAX_OPERATIONS": "100000", "GQL_API_MAX_OPERATIONS_PER_USER": "100000"}
_REFUSALS = {429, 503}
_OK = 200
_SESSIONS = 20
_PAGE = next(operation for operation in OPERATIONS if operation.name == "S2")
_LITTLE = Operation("S5", "__typename", "query S5 { __typename }", 0, asker="somebody else")
_CREATE = 'mutation { createSession(input: {title: "a benchmark"}) { session { id } } }'
_STORE = """mutation ($id: ID!, $messages: [StoreMessagesItemInput!]!) {
  storeMessages(input: {sessionId: $id, messages: $messages}) { storedCount } }"""


@dataclass
class Came:
    """What came of requests: seconds of those answered and of those refused, and how many had no answer in time."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    lost: int = 0
    began: float = field(default_factory=time.perf_counter)
    when: list[float] = field(default_factory=list)
    """When each answer came."""

    async def ask(self, connection: load.Connection, data: bytes, patience: float = PATIENCE) -> bool:
        """Send one request; tell whether the connection is of further use."""
        began = time.perf_counter()
        try:
            status, _ = await connection.send(data, patience)
        except (OSError, TimeoutError):
            self.lost += 1
            connection.close()
            return False
        took = time.perf_counter() - began
        if status == _OK:
            self.answered.append(took)
            self.when.append(began + took)
        elif status in _REFUSALS:
            self.refused.append(took)
        else:
            raise RuntimeError(f"answered with {status}")
        return True

    @property
    def a_second(self) -> float:
        """How many were answered, from the begin to the last of them."""
        return len(self.when) / (max(self.when) - self.began) if self.when else 0.0

    def row(self) -> dict[str, Any]:
        """Sum it up."""
        return {
            "asked": len(self.answered) + len(self.refused) + self.lost,
            "answered": len(self.answered),
            "p50 ms": _at(self.answered, 0.5),
            "p99 ms": _at(self.answered, 0.99),
            "refused": len(self.refused),
            "in p99 ms": _at(self.refused, 0.99),
            "unanswered": self.lost,
            "a second": self.a_second,
        }


def _at(seconds: list[float], share: float) -> float | str:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else ""


@dataclass
class Watch:
    """Looks at the memory of a server, and remembers what came of which requests, until its end."""

    server: Side
    memory: list[tuple[float, float]] = field(default_factory=list)

    async def look(self) -> None:
        """Look again and again, until this is cancelled."""
        while True:
            self.memory.append((time.perf_counter(), self.server.process.resident_mib()))
            await asyncio.sleep(_SAMPLED)

    def curves(self, begin: float, *came: Came) -> Curves:
        """Give what was seen, in seconds from `begin`."""
        counts = Counter((moment - begin) // _COUNTED for one in came for moment in one.when)
        steps = range(int((self.memory[0][0] - begin) // _COUNTED) + 1, int((self.memory[-1][0] - begin) // _COUNTED))
        answered = [((step + 0.5) * _COUNTED, counts[step] / _COUNTED) for step in steps]
        return Curves([(moment - begin, mib) for moment, mib in self.memory], answered)


async def steadily(server: Side) -> Came:
    """Ask for pages, a few at a time."""
    came = Came()

    async def one_after_another() -> None:
        [connection] = await load.connected(server.url, 1)
        while time.perf_counter() - came.began < _MEASURED:
            if not await came.ask(connection, server.request(_PAGE, 0)):
                [connection] = await load.connected(server.url, 1)
        connection.close()

    await asyncio.gather(*(one_after_another() for _ in range(_FEW)))
    return came


async def flood(server: Side, rate: float) -> Came:
    """Send requests at this rate, each over a connection that nothing else is under way on."""
    came = Came()
    idle: deque[load.Connection] = deque()
    data, tasks = server.request(_PAGE, 0), set()

    async def one() -> None:
        connection = idle.pop() if idle else (await load.connected(server.url, 1))[0]
        if await came.ask(connection, data, FLOODED + AFTER):
            idle.append(connection)

    sent = 0
    while (passed := time.perf_counter() - came.began) < FLOODED:
        for _ in range(int(passed * rate) - sent):
            tasks.add(asyncio.create_task(one()))
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.wait(tasks, timeout=AFTER)
    came.lost += len([task.cancel() for task in tasks if not task.done()])
    return came


async def now_and_then(server: Side, came: Came) -> None:
    """Ask for little, ten times a second, until this is cancelled."""
    data = server.request(_LITTLE, 0)
    [connection] = await load.connected(server.url, 1)
    while True:
        if not await came.ask(connection, data):
            [connection] = await load.connected(server.url, 1)
        await asyncio.sleep(0.1)


async def flooded(server: Side, times: float) -> tuple[list[dict[str, Any]], Curves]:
    """Measure the capacity, flood, and look at what is left of it when it is over."""
    await server.send(_PAGE, Bounds(1.0, most=20), concurrency=2)
    watch = Watch(server)
    looking = asyncio.create_task(watch.look())
    calm = await steadily(server)
    beside = Came()
    asking = asyncio.create_task(now_and_then(server, beside))
    came = await flood(server, times * calm.a_second)
    asking.cancel()
    after = await steadily(server)
    looking.cancel()
    rows = [
        {"who": f"{_FEW} at a time, before"} | calm.row(),
        {"who": f"the flood, {times:g} times that"} | came.row(),
        {"who": "somebody else meanwhile, `{__typename}`"} | beside.row() | {"a second": ""},
        {"who": f"{_FEW} at a time, after the end"} | after.row() | {"MiB": f"{server.process.peak_mib():.0f}"},
    ]
    return rows, watch.curves(came.began, calm, came, after)


@asynccontextmanager
async def embedded(folder: Path, *, pinned: bool, **settings: str) -> AsyncIterator[Side]:
    """Serve as it is without any setting, with sessions to be listed."""
    command = python("-m", "gql_api", "serve", "--port", "0", "--data-dir", str(folder / "data"))
    with started(*command, log=folder / "server.log", pinned=pinned, **settings) as told:
        server = side(PRODUCT, told)
        said = [{"message": {"chat": {"role": "USER", "content": f"message {number}"}}} for number in range(5)]
        for _ in range(_SESSIONS):
            made = await _asked(server, _CREATE)
            await _asked(server, _STORE, id=made["createSession"]["session"]["id"], messages=said)
        yield server


async def _asked(server: Side, query: str, **variables: Any) -> Any:
    operation = Operation("", "", query, 0, lambda _: variables)
    body = json.dumps({"query": operation.query, "variables": variables}).encode()
    [connection] = await load.connected(server.url, 1)
    status, answer = await connection.send(load.request(server.url, body=body), PATIENCE)
    connection.close()
    if status != _OK:
        raise RuntimeError(f"{status}: {answer[:300]!r}")
    return json.loads(answer)["data"]


async def measured(arguments: argparse.Namespace, **others: str) -> tuple[list[dict[str, Any]], Curves]:
    """Start the server, and measure."""
    pinned = keep_to_load_core()
    # All that is asked comes from one user, whose minute is not what is measured.
    settings = {"GQL_API_SHUTDOWN_SECONDS": "1", "GQL_API_MAX_COST_PER_MINUTE": "1000000000"} | dict(
        pair.split("=", 1) for pair in arguments.set
    )
    settings |= others
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.stub:
            async with embedded(Path(folder), pinned=pinned, **settings) as server:
                return await flooded(server, arguments.times)
        async with rig(Path(folder), pinned=pinned, wanted=[PRODUCT], **settings) as running:
            return await flooded(running.sides[PRODUCT], arguments.times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stub", action="store_true", help="over the stub of Acontext, with PostgreSQL and tokens")
    parser.add_argument("--times", type=float, default=5.0, help="how many times the capacity is asked for")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the server")
    parser.add_argument("--save", type=Path, metavar="FILE", help="put the table between the marks of a page")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="do it without limits too, and draw both as SVG")
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rows, curves = uvloop.run(measured(arguments))
    sys.stdout.write(grid(rows) + "\n")
    if arguments.plots:
        without, beyond = uvloop.run(measured(arguments, **_NO_LIMITS))
        sys.stdout.write(grid(without) + "\n")
        for file in draw_flood({"with limits": curves, "without": beyond}, FLOODED, arguments.plots):
            sys.stdout.write(f"{file}\n")
    if arguments.save:
        put(arguments.save, "flood-stub" if arguments.stub else "flood", grid(rows))


if __name__ == "__main__":
    main()
