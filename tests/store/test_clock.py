"""The clock that servers share: PostgreSQL's, whatever is done to the machine's own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gql_api.store.clock import DatabaseClock, keeping_time
from gql_api.store.database import Database

NEARLY = timedelta(minutes=1)


class Elsewhere:
    """A connection to a database in another time."""

    def __init__(self, connection: Any, ahead: timedelta) -> None:
        self.capabilities = connection.capabilities
        self._connection = connection
        self._ahead = ahead

    async def execute_query_dict(self, query: str) -> list[dict[str, datetime]]:
        [row] = await self._connection.execute_query_dict(query)
        return [{"now": row["now"] + self._ahead}]


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
@pytest.mark.parametrize("ahead", [timedelta(minutes=-5), timedelta(0), timedelta(days=400)])
async def test_it_tells_the_time_of_the_database(database: Database, ahead: timedelta) -> None:
    async with keeping_time(Database(Elsewhere(database.connection, ahead))) as clock:  # type: ignore[arg-type]
        told = [clock(), clock()]
        assert abs(told[0] - (datetime.now(UTC) + ahead)) < NEARLY
        assert told == sorted(told)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_beside_sqlite_it_is_the_machines(database: Database) -> None:
    async with keeping_time(database) as clock:
        assert abs(clock() - datetime.now(UTC)) < NEARLY
    assert not DatabaseClock(database).is_measured
