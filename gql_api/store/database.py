"""Opening and closing the database, and bringing its tables up to date; what is asked of them is in `mappings`."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import tortoise.context
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException, OperationalError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.transactions import in_transaction

from gql_api.errors import DatabaseFailure
from gql_api.store import indexes
from gql_api.store.connection_options import ConnectionOptions, credentials
from gql_api.store.engine import AtHand, Client
from gql_api.store.failures import translated
from gql_api.store.url import InvalidDatabaseUrl, Target, parse

__all__ = [
    "UNREADY",
    "ConnectionOptions",
    "Database",
    "DatabaseUnreachable",
    "InvalidDatabaseUrl",
    "SchemaOutdated",
    "migrate",
    "open_database",
]

_EDITORS: dict[str, type[BaseSchemaEditor]] = {"sqlite": SqliteSchemaEditor, "postgres": AsyncpgSchemaEditor}
_TURN = {
    # Any write takes SQLite's one lock, and waits for it only as the first statement of a transaction.
    "sqlite": "PRAGMA user_version = 0",
    "postgres": "SELECT pg_advisory_xact_lock(7164018932)",
}
"""What a migration does first, so that of several that start at once the others wait for it to end."""
_PLAINLY = ConnectionOptions()
_PAUSES = (0.02, 0.05, 0.2, 0.5)


class SchemaOutdated(Exception):
    """The tables are older than this program."""


class DatabaseUnreachable(Exception):
    """The database cannot be opened; the message is one line and never holds the password."""


UNREADY = (InvalidDatabaseUrl, SchemaOutdated, DatabaseUnreachable, DatabaseFailure)
"""Why a database cannot be opened, or not be used as it is."""


@dataclass(frozen=True, slots=True)
class Database:
    """The open database."""

    connection: BaseDBAsyncClient

    async def ping(self) -> None:
        """Ask for nothing; raise whatever the driver does when there is no answer."""
        await self.connection.execute_query("SELECT 1")

    async def ready(self) -> None:
        """Ask whether it is there and takes writes; raise when not, as at a standby."""
        if isinstance(self.connection, Client):
            await self.connection.refuse_standby()
        else:
            await self.ping()

    def connections(self) -> AtHand | None:
        """Give the connections to PostgreSQL, to be looked at only."""
        return self.connection.at_hand if isinstance(self.connection, Client) else None


@asynccontextmanager
async def open_database(url: str, *, migrate: bool, options: ConnectionOptions = _PLAINLY) -> AsyncIterator[Database]:
    """Open the database for all tasks of this process; one at a time.

    Applies missing migrations when asked to, else raises `SchemaOutdated` for them. Migrations that this program does
    not know are no hindrance: they only ever add. Raises `InvalidDatabaseUrl` and `DatabaseUnreachable`; nothing stays
    open then.
    """
    target = parse(url)
    if migrate:
        await _migrate(target, options)
    context = TortoiseContext()
    try:
        # Only to begin with: requests run in other tasks than the one that opens, and find the global fallback.
        with context:
            await context.init(config=_config(target, options), _enable_global_fallback=True)
        database = Database(context.db())
        with _reaching():
            await database.ping()
            await _refuse_outdated(database.connection, target)
        yield database
    finally:
        # First, so that nobody finds it any more: a question that comes meanwhile would open it again.
        if tortoise.context._global_context is context:
            tortoise.context._global_context = None
        await context.close_connections()


async def migrate(url: str, options: ConnectionOptions = _PLAINLY) -> list[str]:
    """Bring the tables up to date, all or nothing, and name the migrations that were applied; build missing indexes.

    Of several processes that start at once one does it while the others wait; they then have nothing to do. Raises
    `InvalidDatabaseUrl`, `DatabaseUnreachable`, and a `DatabaseFailure` where it is lost on the way.
    """
    target = parse(url)
    names = await _migrate(target, options)
    if target.dialect == "postgres":
        with translated():
            await indexes.build_beside(url, options)
    return names


def _begin_file(file: str) -> None:
    """Switch a new SQLite file to its way of working: of several that open it at once SQLite lets all but one fail.

    It does not even let them wait, as it does later. What else is wrong with the file is told when it is opened.
    """
    for pause in _PAUSES:
        with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        time.sleep(pause)


async def _migrate(target: Target, options: ConnectionOptions) -> list[str]:
    if target.dialect == "sqlite":
        await asyncio.to_thread(_begin_file, target.credentials["file_path"])
    async with TortoiseContext() as context:
        await context.init(config=_config(target, options, patient=True))
        with _reaching():
            await Database(context.db()).ping()
        with translated(), _searchable():
            return await _apply_missing(target)


async def _apply_missing(target: Target) -> list[str]:
    async with in_transaction() as connection:
        await connection.execute_query(_TURN[target.dialect])
        executor = MigrationExecutor(connection, _apps(target))
        executor.recorder = executor.loader.recorder = _Recorder(connection)
        await executor.recorder.ensure_schema(_EDITORS[target.dialect](connection, atomic=False))
        names = [step.migration.name for step in await executor.plan()]
        await executor.migrate(direction="forward")
        if target.dialect == "sqlite":
            await indexes.build_at_once(connection)
    return names


@contextmanager
def _searchable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "no such module" in str(error):
            raise DatabaseUnreachable(
                "The SQLite of this Python has no FTS5, by which messages are searched."
            ) from error
        raise


class _Recorder(MigrationRecorder):
    async def ensure_schema(self, schema_editor: BaseSchemaEditor) -> None:
        """Make the table of applied migrations in the open transaction, which SQLite would end before a script."""
        statement = schema_editor._get_model_sql_data(self.model).table_sql
        await self.connection.execute_query(statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))


async def _refuse_outdated(connection: BaseDBAsyncClient, target: Target) -> None:
    missing = len(await MigrationExecutor(connection, _apps(target)).plan())
    if missing:
        raise SchemaOutdated(f"The database lacks {missing} migration(s) of this version; run: gql-api migrate")


def _config(target: Target, options: ConnectionOptions, *, patient: bool = False) -> dict[str, Any]:
    """Describe the database to Tortoise; `patient` where another process may be at a long migration, or this one."""
    found = target.credentials
    connection = {
        "engine": target.engine,
        "credentials": found if target.dialect == "sqlite" else credentials(found, options, patient=patient),
    }
    return {"connections": {target.dialect: connection}, "apps": _apps(target)}


def _apps(target: Target) -> dict[str, dict[str, Any]]:
    # Tortoise keeps the text of statements by the connection's name: one name for both dialects would mix them up.
    tables = {"models": ["gql_api.store.models"], "migrations": "gql_api.store.migrations"}
    return {"gql_api": {**tables, "default_connection": target.dialect}}


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.Error, BaseORMException) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DatabaseUnreachable(f"The database cannot be opened: {reason}") from error
