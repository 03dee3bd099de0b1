"""All servers side by side: one stub, one database, and each server a process that is ready when it is given."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson

from rig import apollo, load
from rig.content import LISTED
from rig.operations import OPERATIONS, Operation
from rig.processes import Watched, python, started
from rig.product import Database, Kept, mappings, product, token

PRODUCT, FLOOR, MANUAL, APOLLO, BEFORE = "product", "floor", "manual", "apollo", "before"
SIDES = (PRODUCT, FLOOR, MANUAL, APOLLO)
_token = cache(token)
_DAY, _SILENCE = 120.0, 4.0
"""Seconds that search may take to take up what was read, and that it is silent then."""


@dataclass(frozen=True)
class Side:
    """One server: where it is asked, and the process that it is."""

    name: str
    url: str
    process: Watched

    def request(self, operation: Operation, number: int) -> bytes:
        """Write the n-th request of an operation as it goes over the wire."""
        return load.request(self.url, body=operation.body(number), bearer=_token(operation.asker))

    async def send(
        self, operation: Operation, bounds: load.Bounds, *, concurrency: int = 1, first: int = 0
    ) -> load.Sent:
        """Send requests of an operation."""
        made = partial(self.request, operation)
        return await load.send(self.url, made, bounds, concurrency=concurrency, first=first)

    async def ask(self, operation: Operation, number: int) -> Any:
        """Send one request and give what was answered."""
        [connection] = await load.connected(self.url, 1)
        try:
            _, body = await connection.send(self.request(operation, number), 60)
            return orjson.loads(body)
        finally:
            connection.close()


@dataclass(frozen=True)
class Stub:
    """The stub of Acontext, as the benchmarks steer it."""

    url: str

    @property
    def upstream(self) -> str:
        """The base URL that servers are given."""
        return f"{self.url}/api/v1"

    async def latency(self, milliseconds: float) -> None:
        """Answer every call after so long."""
        await load.get(f"{self.url}/stub/latency?ms={milliseconds}")

    async def taken(self) -> dict[str, Any]:
        """Give what was counted since this was last asked."""
        told: dict[str, Any] = orjson.loads(await load.get(f"{self.url}/stub/take"))
        return told


@dataclass(frozen=True)
class Rig:
    """All that runs."""

    stub: Stub
    database: Database
    sides: dict[str, Side]


def side(name: str, told: str) -> Side:
    """Make a side of what a server told when it started."""
    pid, _, address = told.partition(" ")
    url = address if address.endswith("graphql") else f"{address}/graphql"
    return Side(name, url, Watched(int(pid)))


async def live_a_day(database: Database, stub: Stub, folder: Path) -> None:
    """Read all once that will be read, and wait until search has taken it up: else it does so while others measure."""
    told = product(database.url, stub.upstream, log=folder / "day.log", kept=Kept(False), GQL_API_SWEEP_SECONDS="1")
    with told as address:
        server = side(PRODUCT, address)
        for operation in OPERATIONS:
            if operation.query.startswith("query"):
                await server.send(operation, load.Bounds(60, most=LISTED if operation.light else 4), concurrency=4)
        async with asyncio.timeout(_DAY):
            while (await stub.taken())["calls"]:  # noqa: ASYNC110 - of the reads above, then of search, which tells nobody
                await asyncio.sleep(_SILENCE)


@asynccontextmanager
async def rig(
    folder: Path, *, pinned: bool, wanted: Sequence[str] = SIDES, before: str | None = None, **settings: str
) -> AsyncIterator[Rig]:
    """Start the stub, the database and the servers; who cannot be had is left out with one line.

    `before` is the interpreter of an earlier state of the product; `settings` are for the present one.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(mappings())
        told = stack.enter_context(started(*python("-m", "rig.stub", "0"), log=folder / "stub.log", pinned=False))
        stub = Stub(told.split()[1])
        if PRODUCT in wanted:
            await live_a_day(database, stub, folder)
        sides = {}
        for name in (*wanted, BEFORE) if before else wanted:
            log, url = folder / f"{name}.log", database.url
            if name == PRODUCT:
                made = product(url, stub.upstream, log=log, kept=Kept(pinned), **settings)
            elif name == BEFORE and before:
                made = product(url, stub.upstream, log=log, kept=Kept(pinned), interpreter=before)
            elif command := _command(name, stub.upstream):
                made = started(*command, log=log, pinned=pinned)
            else:
                continue
            sides[name] = side(name, stack.enter_context(made))
        yield Rig(stub, database, sides)


def _command(name: str, upstream: str) -> tuple[str, ...] | None:
    if name != APOLLO:
        return python("-m", f"peers.{name}", upstream)
    try:
        return apollo.command(upstream)
    except apollo.NoApollo as reason:
        sys.stdout.write(f"without Apollo: {reason}\n")
        return None
