"""What a database says when it is away or late becomes our failure; what is wrong with a statement stays what it is."""

import asyncio
import inspect
from types import ModuleType

import asyncpg  # type: ignore[import-untyped]
import pytest
from sample_mappings import make_ready, new_intent
from tortoise.exceptions import IntegrityError, OperationalError

from databases import Databases, PostgresDatabases
from gql_api.errors import DatabaseTimeout, DatabaseUnavailable
from gql_api.store import facts, leases, mappings, transfer
from gql_api.store.database import _TURN, Database, migrate, open_database
from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping

AWAY = {
    "08006": "lost",
    "25006": "a standby",
    "28P01": "another password",
    "3D000": "dropped",
    "40P01": "given up in a deadlock",
    "53100": "the disk is full",
    "53300": "too many connections",
    "55000": "takes no connections",
    "57P01": "stopped",
    "57P02": "another process crashed",
    "57P03": "starting",
    "58030": "the disk is broken",
}
LATE = {"57014": "beyond the time limit", "55P03": "waited too long for a lock"}
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
OURS = {"42P01": OperationalError, "42501": OperationalError, "22012": OperationalError, "23505": IntegrityError}


@translating
async def run(statement: str) -> None:
    await SessionMapping._meta.db.execute_query(statement)


async def test_what_postgresql_says_is_told_apart_by_its_sqlstate(postgres_databases: Databases) -> None:
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False):
        for state in (*AWAY, *LATE):
            kind = DatabaseUnavailable if state in AWAY else DatabaseTimeout
            with pytest.raises(kind) as caught:
                await run(f"DO $$ BEGIN RAISE SQLSTATE '{state}' USING MESSAGE = 'secret'; END $$")
            assert type(caught.value) is kind
            assert "secret" not in caught.value.message
            assert getattr(caught.value.__cause__, "sqlstate", None) == state
        for state, raised in OURS.items():
            with pytest.raises(raised):
                await run(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")
        with pytest.raises(OperationalError):
            await translating(SessionMapping._meta.db.execute_query)("SELECT $1::int", ["no number"])
    await postgres_databases.drop(url)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_full_disk_of_sqlite_is_told(database: Database) -> None:
    await make_ready()
    [_, [row]] = await database.connection.execute_query("PRAGMA page_count")
    await run(f"PRAGMA max_page_count = {row['page_count']}")
    with pytest.raises(DatabaseUnavailable):
        await mappings.begin(new_intent(title="x" * 100_000))
    with pytest.raises(OperationalError):
        await run("SELECT nonsense")


async def test_a_database_that_was_closed_is_away(database_url: str) -> None:
    async with open_database(database_url, migrate=False):
        session = await make_ready()
    with pytest.raises(DatabaseUnavailable):
        await mappings.find(session.id)


async def test_a_database_that_is_lost_while_it_is_migrated_is_away(postgres_databases: PostgresDatabases) -> None:
    url = await postgres_databases.empty()
    other = await asyncpg.connect(url)
    async with other.transaction():
        await other.execute(_TURN["postgres"])
        migrating = asyncio.create_task(migrate(url))
        while not await other.fetch(WAITING):  # noqa: ASYNC110 - what waits is a statement in another process
            await asyncio.sleep(0.01)
        await other.execute(f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting")  # noqa: S608
        with pytest.raises(DatabaseUnavailable):
            await migrating
    await other.close()
    assert await migrate(url)
    await postgres_databases.drop(url)


@pytest.mark.parametrize("module", [facts, leases, mappings, transfer])
def test_every_question_is_translated(module: ModuleType) -> None:
    asked = [one for name, one in vars(module).items() if inspect.iscoroutinefunction(one) and name[0] != "_"]
    own = [one for one in asked if one.__module__ == module.__name__]
    assert own
    assert [one.__name__ for one in own if not hasattr(one, "__wrapped__")] == []
