"""How far PostgreSQL's NOTIFY carries: what an event costs the database, by how many servers listen.

    python benchmarks/notify.py

One connection of each server listens, as in production. Events go out one a statement, as on a quiet server, and two
hundred a statement, as on a busy one.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack

import asyncpg  # type: ignore[import-untyped]
from rig.processes import keep_to_load_core
from rig.product import Database, mappings

LISTENERS = (1, 4, 16, 64)
BATCHES = ((1, 2_000), (200, 40_000))
_CHANNEL = "bench"
_SEND = "SELECT pg_notify('bench', $1 || n::text) FROM generate_series(1, $2::int) AS n"


async def measure(database: Database, listeners: int, batch: int, events: int) -> str:
    """Send so many events to so many listeners; tell the cost and the pace."""
    heard = asyncio.Queue[None]()
    waiting = listeners

    def hear(*told: object) -> None:
        nonlocal waiting
        if str(told[-1]).startswith("last"):
            waiting -= 1
            if not waiting:
                heard.put_nowait(None)

    async with AsyncExitStack() as stack:
        opened = [await asyncpg.connect(database.url) for _ in range(listeners + 1)]
        for connection in opened:
            stack.push_async_callback(connection.close)
        *others, sender = opened
        for connection in others:
            await connection.add_listener(_CHANNEL, hear)
        began, spent = time.perf_counter(), database.process.cpu_seconds()
        for number in range(events // batch):
            await sender.execute(_SEND, f"event-{number:08d}-of-an-ordinary-length-", batch)
        await sender.execute("SELECT pg_notify('bench', 'last')")
        await heard.get()
        took, cost = time.perf_counter() - began, database.process.cpu_seconds() - spent
    said = (
        f"{listeners:3} listeners, {batch:3} a statement: {cost / events * 1e6:7.1f} us of the database's CPU an event"
    )
    return f"{said}, {events / took:8.0f} events a second reach all"


async def main() -> None:
    """Measure by how many listen."""
    keep_to_load_core()
    async with mappings() as database:
        for listeners in LISTENERS:
            for batch, events in BATCHES:
                sys.stdout.write(f"{await measure(database, listeners, batch, events)}\n")


if __name__ == "__main__":
    asyncio.run(main())
