"""What grows, and what each size costs: one function for each kind, giving a row for each size."""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from rig.load import Bounds
from rig.measuring import TOGETHER
from rig.operations import OPERATIONS, Operation, edited, files, newest, whole
from rig.processes import ROOT, Watched, keep_to_nothing
from rig.product import FILES, Database, Kept, look_through, product
from rig.sides import FLOOR, PRODUCT, Side, Stub, rig, side

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "store")]

from plans import OWNER, fill  # noqa: E402 - found by the line above

Row = dict[str, Any]
Rows = list[Row]
MAPPINGS = (1_000, 10_000, 100_000, 1_000_000)
MESSAGES = (10, 100, 1000, 10_000)
WORKERS = (1, 2, 3, 4)
SUBSCRIBERS = (1, 10, 100, 1000, 2000)
_EACH_SOCKET = 50
_SIZES = """
SELECT relname, pg_relation_size(oid) AS size FROM pg_class
WHERE relname LIKE 'session_mappings%' AND relkind IN ('r', 'i') ORDER BY relname
"""


@dataclass(frozen=True)
class Growth:
    """Where logs go, and how much is measured."""

    folder: Path
    pinned: bool
    quick: bool

    @property
    def seconds(self) -> float:
        """How long one figure is measured."""
        return 0.5 if self.quick else 2.0

    def sizes(self, of: tuple[int, ...]) -> tuple[int, ...]:
        """Give the sizes to measure."""
        return of[:-1] if self.quick else of


async def cost(asked: Side, operation: Operation, seconds: float, database: Watched | None = None) -> Row:
    """Give the CPU milliseconds of one request, of the server and of the database, and the middle time alone."""
    await asked.send(operation, Bounds(1.0, most=4))
    tries = [await _try(asked, operation, seconds / 2, database) for _ in range(2)]
    errors = [error for row in tries for error in row.pop("errors")]
    best = {key: min(row[key] for row in tries) for key in tries[0]}
    return best | {"errors": errors[:3]} if errors else best


async def _try(asked: Side, operation: Operation, seconds: float, database: Watched | None) -> Row:
    alone = await asked.send(operation, Bounds(seconds / 2, least=5), first=100)
    began, base = asked.process.cpu_seconds(), database.cpu_seconds() if database else 0.0
    sent = await asked.send(operation, Bounds(seconds, least=TOGETHER), concurrency=TOGETHER, first=1000)
    spent, count = asked.process.cpu_seconds() - began, max(1, len(sent.seconds))
    row = {"cpu_ms": spent / count * 1000, "p50_ms": alone.median * 1000, "errors": sent.errors + alone.errors}
    return row | {"database_ms": (database.cpu_seconds() - base) / count * 1000} if database else row


def _named(prefix: str, row: Row) -> Row:
    return {f"{prefix} {key}": value for key, value in row.items()}


async def by_messages(growth: Growth) -> Rows:
    """Whole conversations, their newest 20, and their edited history."""
    rows = []
    async with rig(growth.folder, pinned=growth.pinned, wanted=(PRODUCT, FLOOR)) as running:
        for size in growth.sizes(MESSAGES):
            row: Row = {"size": size}
            asked = itertools.product((whole(size), newest(size), edited(size)), running.sides.values())
            for operation, one in asked:
                row |= _named(f"{operation.name} {one.name}", await cost(one, operation, growth.seconds))
            rows.append(row)
    return rows


async def by_files(growth: Growth) -> Rows:
    """A page of 50 files of a disk; Acontext lists a directory whole."""
    rows = []
    async with rig(growth.folder, pinned=growth.pinned, wanted=(PRODUCT, FLOOR)) as running:
        for size in growth.sizes(FILES):
            row: Row = {"size": size}
            for name, asked in running.sides.items():
                row |= _named(name, await cost(asked, files(size), growth.seconds))
            rows.append(row)
    return rows


def _listing(name: str, fields: str, after: str = "") -> Operation:
    query = f"query {name} {{ sessions(first: 20{after}) {{ {fields} }} }}"
    return Operation(name, name, query, 0, asker=OWNER)


async def _middle(asked: Side, count: int) -> str:
    """Give the cursor of a session in the middle of the owner's."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + count // 2))
    query = f'query Middle {{ sessions(first: 1, filter: {{createdBefore: "{moment}"}}) {{ edges {{ cursor }} }} }}'
    answer = await asked.ask(Operation("Middle", "", query, 0, asker=OWNER), 0)
    cursor: str = answer["data"]["sessions"]["edges"][0]["cursor"]
    return cursor


async def _of_mappings(growth: Growth, stub: Stub, database: Database, size: int) -> Row:
    url = await database.make(f"growth_{size}")
    await fill(url, size)
    row: Row = {"size": size} | await _bytes(url, size)
    await look_through(url)
    page = next(operation for operation in OPERATIONS if operation.name == "S2F")
    with product(url, stub.upstream, log=growth.folder / f"{size}.log", kept=Kept(growth.pinned)) as told:
        asked = side(PRODUCT, told)
        middle = f', after: "{await _middle(asked, size)}"'
        for operation in (
            replace(page, asker=OWNER),
            _listing("First", "nodes { id title }"),
            _listing("Deep", "nodes { id title }", middle),
            _listing("Count", "totalCount"),
        ):
            row |= _named(operation.name, await cost(asked, operation, growth.seconds, database.process))
    await database.server.execute(f"DROP DATABASE growth_{size} WITH (FORCE)")
    return row


async def _bytes(url: str, size: int) -> Row:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(_SIZES)
    finally:
        await connection.close()
    return {f"bytes {record['relname']}": record["size"] / size for record in found}


async def by_mappings(growth: Growth) -> Rows:
    """A user's first and deep pages and their count, a twentieth of all mappings being theirs."""
    async with rig(growth.folder, pinned=growth.pinned, wanted=()) as running:
        return [await _of_mappings(growth, running.stub, running.database, size) for size in growth.sizes(MAPPINGS)]


async def by_workers(growth: Growth) -> Rows:
    """One session and `__typename`, by several processes on one port; all cores for them."""
    rows = []
    async with rig(growth.folder, pinned=growth.pinned, wanted=()) as running:
        for workers in growth.sizes(WORKERS):
            log, url = growth.folder / f"workers-{workers}.log", running.database.url
            given = {"GQL_API_WORKERS": str(workers)}
            with product(url, running.stub.upstream, log=log, kept=Kept(growth.pinned, "0,1"), **given) as told:
                rows.append({"size": workers} | await _at_most(side(PRODUCT, told), growth.seconds))
    return rows


async def _at_most(asked: Side, seconds: float) -> Row:
    row: Row = {}
    for operation in OPERATIONS:
        if operation.name in {"S1", "S5"}:
            await asked.send(operation, Bounds(1.0), concurrency=32)
            began = asked.process.cpu_seconds()
            sent = await asked.send(operation, Bounds(2 * seconds), concurrency=32, first=1000)
            spent = asked.process.cpu_seconds() - began
            found = {"a_second": len(sent.seconds) / sent.took, "cpu_ms": spent / len(sent.seconds) * 1000}
            row |= _named(operation.name, found | {"errors": len(sent.errors)})
    return row | {"peak_mib": asked.process.peak_mib()}


async def by_subscribers(growth: Growth) -> Rows:
    """Subscribers of one session: memory of each, and how one message reaches all."""
    from subscribers import measured  # noqa: PLC0415 - the script beside us, needed for this alone

    keep_to_nothing()
    rows = []
    for count in growth.sizes(SUBSCRIBERS):
        sockets = max(1, count // _EACH_SOCKET)
        told = await asyncio.to_thread(measured, sockets=sockets, subscribers=count)
        rows.append({"size": count, "kib_each": told.kib_each, "seconds": told.seconds, "reads": told.reads})
    return rows


GROWTHS: dict[str, Callable[[Growth], Coroutine[Any, Any, Rows]]] = {
    "mappings": by_mappings,
    "messages": by_messages,
    "files": by_files,
    "workers": by_workers,
    "subscribers": by_subscribers,
}
