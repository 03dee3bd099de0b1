"""Connections that stay at hand between statements: as good as the pool's, and nobody waits in vain."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from tortoise.exceptions import OperationalError, TransactionManagementError
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


async def all_at_work(database: Database) -> int:
    """Tell how many connections answer at the same time."""
    async with asyncio.timeout(10):
        rows = await asyncio.gather(*(asked(database, f"{PID}, pg_sleep(0.1)") for _ in range(MOST)))
    return len({row["pid"] for [row] in rows})


async def test_statements_that_fail_leave_all_connections_of_use(database: Database) -> None:
    for _ in range(2 * MOST):
        with pytest.raises(OperationalError):
            await asked(database, "SELECT 1 / 0")
    assert await all_at_work(database) == MOST


async def test_blocks_that_fail_or_are_cancelled_leave_all_connections_of_use(database: Database) -> None:
    async def fail(error: type[BaseException]) -> None:
        async with database.connection.acquire_connection():
            raise error

    for error in [RuntimeError, asyncio.CancelledError] * MOST:
        with pytest.raises(error):
            await fail(error)
    assert await all_at_work(database) == MOST


async def test_who_gives_up_waiting_leaves_the_turn_to_others(database: Database) -> None:
    held = connections(database)
    taken = [await held.take() for _ in range(MOST)]
    first, second = [asyncio.create_task(asked(database)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    assert held.keep(taken[0])
    async with asyncio.timeout(5):
        [row] = await second
    assert row["pid"] == taken[0].get_server_pid()
    for connection in taken[1:]:
        await held.release(connection)
    assert await all_at_work(database) == MOST


@pytest.mark.parametrize("is_room", [False, True])
async def test_who_is_cancelled_just_as_it_is_served_passes_on_what_it_was_given(
    database: Database, is_room: bool
) -> None:
    held = connections(database)
    taken = [await held.take() for _ in range(MOST)]
    first, second = [asyncio.create_task(asked(database)) for _ in range(2)]
    await asyncio.sleep(0)
    if is_room:
        await held.release(taken[0])  # does not wait after it has told of the room
    else:
        assert held.keep(taken[0])
    first.cancel()
    async with asyncio.timeout(5):
        assert len(await second) == 1
    with pytest.raises(asyncio.CancelledError):
        await first
    for connection in taken[1:]:
        await held.release(connection)
    assert await all_at_work(database) == MOST


async def test_a_connection_that_cannot_be_opened_takes_no_room(
    database: Database, postgres_databases: Databases
) -> None:
    [row] = await asked(database, "SELECT current_database() AS name")

    async def let_in(is_allowed: bool) -> None:
        await postgres_databases.server.execute(f"ALTER DATABASE {row['name']} ALLOW_CONNECTIONS {is_allowed}")

    await let_in(False)
    sleeping = asyncio.create_task(asked(database, "SELECT pg_sleep(0.3)"))
    await asyncio.sleep(0.05)
    for _ in range(2 * MOST):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await asked(database)
    await sleeping
    await let_in(True)
    assert await all_at_work(database) == MOST


async def test_all_is_closed_with_the_database_what_is_at_hand_too(url: str) -> None:
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=MOST)) as database:
        assert await all_at_work(database) == MOST
        held = connections(database)
        assert held.pool.get_idle_size() < MOST
    assert held.pool.is_closing()
    assert (held.idle(), held.pool.get_size()) == (0, 0)


WRITE = "UPDATE session_mappings SET state = state"


@pytest.fixture
async def failed_over(database: Database, url: str, postgres_databases: Databases) -> AsyncIterator[Database]:
    """A database of which all connections that are open lead to a standby, and those that come to the primary."""
    await asyncio.gather(*(asked(database, "SELECT pg_sleep(0.05)") for _ in range(2 * MOST)))
    name = (await asked(database, "SELECT current_database() AS name"))[0]["name"]
    execute = postgres_databases.execute
    await execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    await execute(url, "ALTER SYSTEM SET default_transaction_read_only = on")
    await execute(url, "SELECT pg_reload_conf()")
    async with asyncio.timeout(10):
        while await asked(database, "SHOW transaction_read_only") != [{"transaction_read_only": "on"}]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    yield database
    await execute(url, "ALTER SYSTEM RESET default_transaction_read_only")
    await execute(url, "SELECT pg_reload_conf()")
    await execute(url, f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def written(database: Database) -> None:
    await asked(database, WRITE)


async def written_in_a_transaction(_: Database) -> None:
    async with in_transaction() as connection:
        await connection.execute_query(WRITE)


@pytest.mark.parametrize("write", [written, written_in_a_transaction])
async def test_one_that_leads_to_a_standby_is_the_last_that_does(
    failed_over: Database, write: Callable[[Database], Awaitable[None]]
) -> None:
    with pytest.raises(TransactionManagementError, match="read-only transaction"):
        await write(failed_over)

    for _ in range(2 * MOST):
        await asyncio.gather(written(failed_over), written(failed_over), written_in_a_transaction(failed_over))
