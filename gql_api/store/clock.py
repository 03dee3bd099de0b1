"""The time by which servers tell how long ago another one began something: the database's, as it was last measured."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from gql_api.beside import beside
from gql_api.errors import DatabaseFailure
from gql_api.store.database import Database
from gql_api.store.failures import translating

_MEASURE_SECONDS = 30.0
"""Between two measurements: clocks of machines drift, and a database that takes over has another one."""
_TRIES = 3
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that nobody sets; where there is one, it goes on while the machine is asleep."""


class DatabaseClock:
    """Tells PostgreSQL's time, wrong by no more than half of what it took to ask.

    SQLite serves one process, which has the machine's time and nobody to compare it with.
    """

    def __init__(self, database: Database) -> None:
        self._connection = database.connection
        self._ahead: float | None = None

    def __call__(self) -> datetime:
        """Tell the time now."""
        if self._ahead is None:
            return datetime.now(UTC)
        return datetime.fromtimestamp(_steady() + self._ahead, UTC)

    @property
    def is_measured(self) -> bool:
        """Whether there is anything to measure it by."""
        return self._connection.capabilities.dialect != "sqlite"

    @translating
    async def measure(self) -> None:
        """Ask the database some times, and believe the answer that came soonest."""
        found = []
        for _ in range(_TRIES):
            asked = _steady()
            [row] = await self._connection.execute_query_dict("SELECT clock_timestamp() AS now")
            took = _steady() - asked
            found.append((took, row["now"].timestamp() - asked - took / 2))
        self._ahead = min(found)[1]

    async def keep(self) -> None:
        """Measure for ever; where the database is away, what was measured last is good enough meanwhile."""
        while True:
            await asyncio.sleep(_MEASURE_SECONDS)
            with suppress(DatabaseFailure):
                await self.measure()


@asynccontextmanager
async def keeping_time(database: Database) -> AsyncIterator[DatabaseClock]:
    """Give a clock that is measured now, and again and again during the block."""
    clock = DatabaseClock(database)
    if not clock.is_measured:
        yield clock
        return
    await clock.measure()
    async with beside(clock.keep()):
        yield clock


def _steady() -> float:
    return time.clock_gettime(_STEADY)
