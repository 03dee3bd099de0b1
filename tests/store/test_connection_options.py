"""What an operator may say of the connections to PostgreSQL, seen from PostgreSQL's side."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sample_mappings import make_ready

from databases import Databases, PostgresDatabases
from gql_api import model
from gql_api.store import leases, mappings
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, DatabaseUnreachable, migrate, open_database

SHOWN = "SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout"
OWN = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL"
LOGGED = re.compile(r"LOG:  (statement|execute [^_:]*(?:__asyncpg_stmt)?)\w*:\s+(\w+)")


@pytest.fixture
async def url(postgres_databases: Databases) -> AsyncIterator[str]:
    url = await postgres_databases.migrated()
    yield url
    await postgres_databases.drop(url)


async def asked(database: Database, statement: str) -> dict[str, Any]:
    [row] = await database.connection.execute_query_dict(statement)
    return row


async def test_postgresql_knows_whose_connection_it_is_and_ends_long_statements(url: str) -> None:
    mine = ConnectionOptions(application_name="mine", statement_seconds=0.25)
    async with open_database(url, migrate=False, options=mine) as database:
        assert await asked(database, SHOWN) == {"name": "mine", "timeout": "250ms"}
        with pytest.raises(asyncpg.QueryCanceledError):
            await database.connection.execute_query("SELECT pg_sleep(30)")
        assert await asked(database, SHOWN) == {"name": "mine", "timeout": "250ms"}


async def test_behind_a_pooler_long_statements_are_ended_from_here(url: str) -> None:
    async with open_database(
        url, migrate=False, options=ConnectionOptions(statement_seconds=0.25, pooled=True)
    ) as pooled:
        assert await asked(pooled, SHOWN) == {"name": "gql_api", "timeout": "0"}
        with pytest.raises(TimeoutError):
            await pooled.connection.execute_query("SELECT pg_sleep(30)")
        assert await asked(pooled, SHOWN) == {"name": "gql_api", "timeout": "0"}


async def test_a_process_opens_no_more_connections_than_it_may(url: str) -> None:
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_min=2, pool_max=3)) as database:
        assert (await asked(database, OWN))["count"] == 2
        counts = await asyncio.gather(*(asked(database, f"{OWN} AND pg_sleep(0.01) IS NOT NULL") for _ in range(12)))
        assert max(row["count"] for row in counts) == 3


async def test_connecting_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / ".s.PGSQL.5432"))
        silent.listen()
        with pytest.raises(DatabaseUnreachable, match="TimeoutError"):
            await migrate(f"postgresql://ada@/wherever?host={tmp_path}", ConnectionOptions(connect_seconds=0.1))


@asynccontextmanager
async def written_down(databases: PostgresDatabases) -> AsyncIterator[tuple[str, list[tuple[str, str]]]]:
    """Give a database, and at the end what its server logged: how each statement was sent, and how it begins."""
    url, found = await databases.empty(), list[tuple[str, str]]()
    await migrate(url)
    await databases.execute(url, f"ALTER DATABASE {url.partition('@/')[2].partition('?')[0]} SET log_statement = 'all'")
    length = databases.server.log.stat().st_size
    yield url, found
    with databases.server.log.open(encoding="utf-8") as log:
        log.seek(length)
        found += LOGGED.findall(log.read())
    await databases.drop(url)


@pytest.mark.parametrize("pooled", [True, False])
async def test_behind_a_pooler_no_statement_is_prepared_for_later_and_nothing_changes_a_session(
    postgres_databases: PostgresDatabases, pooled: bool
) -> None:
    options = ConnectionOptions(pool_max=2, pooled=pooled)
    async with (
        written_down(postgres_databases) as (url, statements),
        open_database(url, migrate=False, options=options),
    ):
        session = await make_ready(title="plan")
        for _ in range(2):
            hold = await leases.take("ada", session.id, holder="one", seconds=10)
            assert hold
            await leases.release(hold)
            reads = (mappings.count("ada", model.SessionFilter(title_contains="PLAN")) for _ in range(8))
            assert await asyncio.gather(*reads) == [1] * 8

    assert {how for how, _ in statements} == {"execute <unnamed>" if pooled else "execute __asyncpg_stmt"}
    assert {word for _, word in statements} == {"SELECT", "INSERT", "UPDATE"}
