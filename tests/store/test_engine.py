"""Connections that stay at hand between statements: as good as the pool's, and nobody waits in vain."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from databases import Databases
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, open_database
from gql_api.store.engine import AtHand

PID = "SELECT pg_backend_pid() AS pid"
ASLEEP = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
MOST = 3


@pytest.fixture
async def url(postgres_databases: Databases) -> AsyncIterator[str]:
    url = await postgres_databases.migrated()
    yield url
    await postgres_databases.drop(url)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=MOST)) as database:
        yield database


async def asked(database: Database, statement: str = PID) -> list[dict[str, Any]]:
    return await database.connection.execute_query_dict(statement)


def connections(database: Database) -> AtHand:
    found = database.connections()
    assert found
    return found


async def test_a_connection_stays_at_hand_for_the_next_statement_and_goes_back_when_none_comes(
    database: Database,
) -> None:
    pids = {row["pid"] for _ in range(5) for row in await asked(database)}
    held = connections(database)

    assert len(pids) == 1
    assert (held.pool.get_size(), held.pool.get_idle_size(), held.idle()) == (1, 0, 1)
    async with asyncio.timeout(10):
        while not held.pool.get_idle_size():  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0.05)
    assert held.idle() == 1


async def test_those_at_hand_leave_one_to_a_transaction(database: Database) -> None:
    await asyncio.gather(*(asked(database, "SELECT pg_sleep(0.05)") for _ in range(2 * MOST)))
    assert connections(database).idle() == MOST
    async with asyncio.timeout(0.5), in_transaction() as transaction:
        await transaction.execute_query("SELECT 1")


async def test_who_waits_for_a_connection_gets_the_next_that_is_free(database: Database) -> None:
    held = connections(database)
    taken = [await held.pool.acquire() for _ in range(MOST - 1)]
    async with asyncio.timeout(0.5):
        counts = await asyncio.gather(*(asked(database) for _ in range(4 * MOST)))
    for connection in taken:
        await held.pool.release(connection)
    assert len({row["pid"] for [row] in counts}) == 1


async def test_a_statement_that_is_given_up_leaves_its_connection_in_order(database: Database) -> None:
    [before] = await asked(database)
    sleeping = asyncio.create_task(asked(database, "SELECT pg_sleep(30)"))
    await asyncio.sleep(0.1)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping

    assert await asked(database, ASLEEP) == []
    assert await asked(database) == [before]
    assert connections(database).idle() == 1


async def test_one_that_died_at_hand_is_not_lent(database: Database, url: str, postgres_databases: Databases) -> None:
    [before] = await asked(database)
    held = connections(database)
    await postgres_databases.execute(url, f"SELECT pg_terminate_backend({before['pid']}, 5000)")
    while not held.pool.get_idle_size():  # noqa: ASYNC110 - until the pool has made another for it
        await asyncio.sleep(0.01)

    [after] = await asked(database)
    assert after != before
    assert held.pool.get_size() == 1
