"""Opening the database and bringing its tables up to date."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from sample_mappings import make_ready
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.migrations.autodetector import MigrationAutodetector

from databases import Databases, PostgresDatabases
from gql_api.store import indexes, mappings
from gql_api.store.database import Database, DatabaseUnreachable, SchemaOutdated, migrate, open_database

ALL_MIGRATIONS = [
    "0001_session_mappings",
    "0002_write_leases",
    "0003_message_places",
    "0004_idempotency_keys",
    "0005_task_leases",
    "0006_organised_sessions",
    "0007_session_activity",
    "0008_session_openings",
    "0009_forks",
    "0010_erasures",
    "0011_search",
    "0012_session_imports",
]
INDEXES = {
    "sqlite": "SELECT name FROM pragma_index_list('session_mappings') WHERE NOT [unique]",
    "postgres": "SELECT relname AS name FROM pg_class JOIN pg_index ON indexrelid = oid"
    " WHERE indrelid = 'session_mappings'::regclass AND NOT indisunique",
}
APPS = {"gql_api": {"models": ["gql_api.store.models"], "migrations": "gql_api.store.migrations"}}


def dialect_of(database: Database) -> str:
    return database.connection.capabilities.dialect


async def test_the_migrations_make_the_tables_that_the_models_describe() -> None:
    """Nothing would be written by `tortoise makemigrations`."""
    config = {"connections": {"default": "sqlite://:memory:"}, "apps": APPS}
    async with TortoiseContext() as context:
        await context.init(config=config)
        assert context.apps is not None
        changes = await MigrationAutodetector(context.apps, APPS).changes()

    assert [change.as_string() for change in changes] == []


async def test_the_indexes_are_really_there(database: Database) -> None:
    """SQLite loses indexes that were made before a constraint."""
    rows = await database.connection.execute_query_dict(INDEXES[dialect_of(database)])

    assert {row["name"] for row in rows} == {
        f"session_mappings_{name}" for name in ("listing", "sweeping", "pinned", "archived", "activity")
    }


async def test_a_migration_is_named_and_applied_once(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == ALL_MIGRATIONS
    assert await migrate(empty_database_url) == []


async def test_opening_can_migrate(empty_database_url: str) -> None:
    async with open_database(empty_database_url, migrate=True):
        session = await make_ready()
    async with open_database(empty_database_url, migrate=True):
        assert await mappings.ready("ada", [session.id]) == {session.id: session}


async def test_outdated_tables_are_refused_with_the_remedy(empty_database_url: str) -> None:
    with pytest.raises(SchemaOutdated) as refusal:
        async with open_database(empty_database_url, migrate=False):
            pytest.fail("it was opened")

    assert str(refusal.value) == "The database lacks 12 migration(s) of this version; run: gql-api migrate"


async def test_several_migrations_at_once_do_it_once(empty_database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))

    assert sorted(applied) == [[], [], ALL_MIGRATIONS]
    async with open_database(empty_database_url, migrate=False):
        await make_ready()


async def test_several_processes_that_migrate_at_once_do_it_once(empty_database_url: str) -> None:
    program = (
        "import asyncio, sys; from gql_api.store.database import migrate; print(asyncio.run(migrate(sys.argv[1])))"
    )
    command = [sys.executable, "-W", "error", "-c", program, empty_database_url]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2])
        for _ in range(4)
    ]
    answers = [(await process.communicate())[0].decode().strip() for process in processes]

    assert sorted(answers) == sorted(["[]"] * 3 + [str(ALL_MIGRATIONS)])


async def test_a_table_with_rows_is_brought_up_to_date(database_url: str, databases: Databases) -> None:
    """What the later migrations made is taken away again, as it was not there in the version before."""
    async with open_database(database_url, migrate=False):
        session = await make_ready()
    for index in ("creation_key", "pinned", "archived", "activity"):
        await databases.execute(database_url, f"DROP INDEX session_mappings_{index}")
    for column in (
        "write_holder",
        "write_until",
        "write_wanted",
        "write_fence",
        "creation_key",
        "creation_fingerprint",
        "pinned_at",
        "archived_at",
        "last_activity_at",
        "opening",
        "opening_micros",
        "forked_from",
    ):
        await databases.execute(database_url, f"ALTER TABLE session_mappings DROP COLUMN {column}")
    if database_url.startswith("sqlite"):
        await databases.execute(database_url, "DROP TABLE message_words")
    tables = ("message_places", "message_counts", "message_keys", "task_leases", "session_tags", "session_forks")
    for table in (*tables, "erasures", "message_texts", "message_texts_read", "session_imports"):
        await databases.execute(database_url, f"DROP TABLE {table}")
    await databases.execute(database_url, "DELETE FROM tortoise_migrations WHERE name > '0001_session_mappings'")

    assert await migrate(database_url) == ALL_MIGRATIONS[1:]

    async with open_database(database_url, migrate=False):
        assert await mappings.ready("ada", [session.id]) == {session.id: session}


async def test_a_database_that_a_later_version_has_migrated_is_served(database_url: str, databases: Databases) -> None:
    """Servers of the version before go on, and may start, while the new ones are rolled out."""
    await databases.execute(database_url, "ALTER TABLE session_mappings ADD COLUMN later TEXT")
    await databases.execute(
        database_url,
        "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('gql_api', '9999_later', CURRENT_TIMESTAMP)",
    )

    async with open_database(database_url, migrate=False):
        session = await make_ready()
        assert await mappings.ready("ada", [session.id]) == {session.id: session}
    assert await migrate(database_url) == []
    await databases.execute(database_url, "ALTER TABLE session_mappings DROP COLUMN later")
    await databases.execute(database_url, "DELETE FROM tortoise_migrations WHERE name = '9999_later'")


async def test_a_migration_that_fails_at_its_last_step_leaves_nothing_behind(
    empty_database_url: str, databases: Databases
) -> None:
    await databases.execute(empty_database_url, "CREATE TABLE obstacle (state TEXT)")
    await databases.execute(empty_database_url, "CREATE INDEX session_mappings_sweeping ON obstacle (state)")

    with pytest.raises(OperationalError, match="already exists"):
        await migrate(empty_database_url)

    await databases.execute(empty_database_url, "DROP TABLE obstacle")
    assert await migrate(empty_database_url) == ALL_MIGRATIONS


async def test_a_migration_that_cannot_be_recorded_is_not_applied(
    empty_database_url: str, databases: Databases
) -> None:
    records = "id INTEGER PRIMARY KEY, app TEXT, name TEXT CHECK (name = ''), applied_at TIMESTAMPTZ"
    await databases.execute(empty_database_url, f"CREATE TABLE tortoise_migrations ({records})")

    with pytest.raises(IntegrityError):
        await migrate(empty_database_url)

    await databases.execute(empty_database_url, "DROP TABLE tortoise_migrations")
    assert await migrate(empty_database_url) == ALL_MIGRATIONS


async def test_tasks_that_did_not_open_the_database_can_use_it(database_url: str) -> None:
    """As in a server, where requests run in other tasks than start and stop."""
    opened, done = asyncio.Event(), asyncio.Event()

    async def lifespan() -> None:
        async with open_database(database_url, migrate=False):
            opened.set()
            await done.wait()

    server = asyncio.create_task(lifespan())
    await opened.wait()
    try:
        session = await make_ready()
        assert await mappings.ready("ada", [session.id]) == {session.id: session}
    finally:
        done.set()
        await server


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://ada:secret@/wherever?host={tmp_path}"

    for attempt in (migrate(url), open_database(url, migrate=False).__aenter__()):
        with pytest.raises(DatabaseUnreachable, match=r"^The database cannot be opened: ") as failure:
            await attempt
        assert "secret" not in str(failure.value)
        assert "\n" not in str(failure.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Ada, " * 100)

    with pytest.raises(DatabaseUnreachable, match="file is not a database"):
        await migrate(f"sqlite:///{file}")


async def test_after_a_failed_start_another_start_succeeds(empty_database_url: str) -> None:
    with pytest.raises(SchemaOutdated):
        await open_database(empty_database_url, migrate=False).__aenter__()

    async with open_database(empty_database_url, migrate=True) as database:
        await database.ping()


async def test_a_sqlite_without_full_text_search_is_refused(tmp_path: Path) -> None:
    """None is at hand, so that a table stands for it which is made by another module that is not there."""
    missing = "CREATE VIRTUAL TABLE tortoise_migrations USING missing(name)"
    connection = sqlite3.connect(tmp_path / "mappings.sqlite3")
    with connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "INSERT INTO sqlite_master VALUES ('table', ?, ?, 0, ?)", ("tortoise_migrations",) * 2 + (missing,)
        )
    connection.close()

    with pytest.raises(DatabaseUnreachable, match="has no FTS5, by which messages are searched"):
        await migrate(f"sqlite:///{tmp_path / 'mappings.sqlite3'}")


async def test_sqlite_waits_for_others_and_for_the_disk(sqlite_databases: Databases) -> None:
    async with open_database(await sqlite_databases.migrated(), migrate=False) as database:
        pragmas = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        rows = [await database.connection.execute_query_dict(f"PRAGMA {pragma}") for pragma in pragmas]

    assert [row[0].popitem()[1] for row in rows] == ["wal", 2, 10_000, 1]


async def test_indexes_are_built_where_they_are_missing_or_not_whole(postgres_databases: PostgresDatabases) -> None:
    """As after a command that was killed on its way; servers write meanwhile."""
    url = await postgres_databases.migrated()
    await postgres_databases.execute(url, "DROP INDEX session_mappings_pinned")
    broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'session_mappings_activity'::regclass"
    await postgres_databases.execute(url, broken)
    async with open_database(url, migrate=False) as database:
        await make_ready()
        assert await asyncio.gather(*(migrate(url) for _ in range(3))) == [[], [], []]
        rows = await database.connection.execute_query_dict(
            "SELECT relname AS name FROM pg_class JOIN pg_index ON indexrelid = oid WHERE indisvalid"
            " AND indrelid = 'session_mappings'::regclass AND relname LIKE 'session_mappings_%'"
        )
    assert {row["name"] for row in rows} >= set(indexes.INDEXES)
    await postgres_databases.drop(url)
