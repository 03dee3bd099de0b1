"""How far the import of a session has come, and what only our own database has of an imported one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise.transactions import in_transaction

from gql_api.model import MappingState
from gql_api.store import rows, tags
from gql_api.store.models import SessionMapping
from gql_api.store.places import from_micros, to_micros
from gql_api.store.retry import rereading
from gql_api.store.statements import Statement

_BEGIN = Statement("""
INSERT INTO session_imports (session_id, message_lists, files, is_whole, noted_micros)
VALUES ($1::uuid, 0, 0, false, $2::bigint) ON CONFLICT DO NOTHING RETURNING session_id
""")
_FIND = Statement("""
SELECT message_lists, files, is_whole, noted_micros FROM session_imports WHERE session_id = $1::uuid
""")
_ADVANCE = Statement("""
UPDATE session_imports SET message_lists = $2::bigint, files = $3::bigint, noted_micros = $4::bigint
WHERE session_id = $1::uuid AND (message_lists < $2::bigint OR (message_lists = $2::bigint AND files < $3::bigint))
RETURNING session_id
""")
_END = Statement("""
UPDATE session_imports SET is_whole = true WHERE session_id = $1::uuid AND NOT is_whole RETURNING session_id
""")


class Progress(NamedTuple):
    """What of a session is in: so many lists of messages, so many files, or all of it; noted at this time."""

    message_lists: int
    files: int
    is_whole: bool
    noted_at: datetime


class Organised(NamedTuple):
    """How the session was organised where it comes from, and since when it was there."""

    created_at: datetime
    pinned_at: datetime | None
    archived_at: datetime | None
    tags: Sequence[str]
    forked_from: UUID | None


@rereading
async def begin(session_id: UUID, *, now: datetime) -> Progress:
    """Write down that the session is being imported; tell how far it is, where that was begun already."""
    await _BEGIN.rows(session_id, to_micros(now))
    [row] = await _FIND.rows(session_id)
    return Progress(row["message_lists"], row["files"], bool(row["is_whole"]), from_micros(row["noted_micros"]))


@rereading
async def advance(session_id: UUID, *, message_lists: int, files: int, now: datetime) -> None:
    """Write down how far it is now; where another is further by then, it stays so."""
    await _ADVANCE.rows(session_id, message_lists, files, to_micros(now))


@rereading
async def end(session_id: UUID, owner: str, organised: Organised) -> None:
    """Organise the session as it was, and write down that all of it is in: once, and what is deleted stays deleted."""
    times = (organised.pinned_at, organised.archived_at)
    pinned_at, archived_at = (moment and rows.utc(moment) for moment in times)
    async with in_transaction():
        if not await _END.rows(session_id):
            return
        changed = await SessionMapping.filter(id=session_id, state=MappingState.READY.value).update(
            created_at=rows.utc(organised.created_at),
            pinned_at=pinned_at,
            archived_at=archived_at,
            forked_from=organised.forked_from,
        )
        if changed:
            await tags.put([(session_id, owner, tuple(organised.tags))])
