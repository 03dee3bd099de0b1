"""Indexes of sessions that came when there may be millions of them: built while the table is in use, and nobody waits.

They are no migrations, since PostgreSQL builds none within a transaction while others write. Without one a list is slow
and not wrong, so a server does not ask for them; each `migrate` looks whether they are there, and whole.
"""

import asyncio
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from gql_api.store.connection_options import ConnectionOptions, connect_directly

_LISTING = "(user_identifier, state, created_at, id)"
INDEXES = {
    "session_mappings_pinned": f"{_LISTING} WHERE pinned_at IS NOT NULL",
    "session_mappings_archived": f"{_LISTING} WHERE archived_at IS NOT NULL",
    "session_mappings_activity": "(user_identifier, state, (COALESCE(last_activity_at, created_at)), id)",
}
_STATES = """
SELECT relname AS name, indisvalid AS is_whole FROM pg_index JOIN pg_class ON oid = indexrelid
WHERE indrelid = 'session_mappings'::regclass
"""
_TURN = 7164018933
_PAUSE = 0.2


async def build_at_once(connection: BaseDBAsyncClient) -> None:
    """Build what is missing in SQLite, in the open transaction."""
    for name, what in INDEXES.items():
        await connection.execute_query(f"CREATE INDEX IF NOT EXISTS {name} ON session_mappings {what}")


async def build_beside(url: str, options: ConnectionOptions) -> None:
    """Build what is missing in PostgreSQL, and what an earlier call could not finish; raise what the driver does.

    One process builds at a time. The others look again and again, each time in a transaction of its own: in one that
    waited, PostgreSQL would wait for them.
    """
    connection = await connect_directly(url, options, role="migrate")
    try:
        if not await _missing(connection):
            return
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _TURN):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(_PAUSE)
        for name, is_begun in (await _missing(connection)).items():
            if is_begun:
                await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
            await connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON session_mappings {INDEXES[name]}")
    finally:
        await connection.close(timeout=options.connect_seconds)


async def _missing(connection: Any) -> dict[str, bool]:
    """Name the indexes that are not there, or not whole, and tell which of them an earlier build has begun."""
    there = {row["name"]: row["is_whole"] for row in await connection.fetch(_STATES)}
    return {name: name in there for name in INDEXES if not there.get(name)}
