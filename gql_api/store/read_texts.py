"""How far the texts of sessions were read and kept, and when somebody last looked; for who goes through them all."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gql_api.store.failures import translating
from gql_api.store.places import from_micros, to_micros
from gql_api.store.retry import rereading
from gql_api.store.rows import as_uuid
from gql_api.store.statements import Statement, numbered

_SESSIONS = """
SELECT id, micros, looked_micros FROM session_mappings LEFT JOIN message_texts_read ON session_id = id
WHERE state = 'ready' AND id {} ORDER BY id LIMIT $2
"""
_BEHIND = Statement(_SESSIONS.format("> $1"))
_ONE = Statement(_SESSIONS.format("= $1"))
_NOTE = Statement("""
INSERT INTO message_texts_read (session_id, micros, looked_micros)
SELECT id, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM session_mappings WHERE id = $1 AND state = 'ready'
ON CONFLICT (session_id) DO UPDATE SET micros = excluded.micros, looked_micros = excluded.looked_micros
""")
_NOTE_EMPTY = """
INSERT INTO message_texts_read (session_id, micros, looked_micros)
SELECT id, 0, CAST($1 AS BIGINT) FROM session_mappings WHERE id IN ({marks}) AND state = 'ready'
ON CONFLICT (session_id) DO NOTHING
"""


class ReadTo(NamedTuple):
    """A session, all of whose messages up to `until` are kept; None: never read, or not looked at to the end."""

    session_id: UUID
    until: datetime | None
    looked_at: datetime | None


@rereading
async def some(after: UUID, *, limit: int) -> list[ReadTo]:
    """Give ready sessions in the order of their ids."""
    return await _ask(_BEHIND, after, limit)


@rereading
async def of(session_id: UUID) -> ReadTo | None:
    """Give one session, where it is ready."""
    found = await _ask(_ONE, session_id, 1)
    return found[0] if found else None


@translating
async def note(session_id: UUID, *, until: datetime, looked_at: datetime | None) -> None:
    """Note how far a session was read."""
    await _NOTE.rows(session_id, to_micros(until), to_micros(looked_at) if looked_at else None)


@translating
async def note_empty(session_ids: Sequence[UUID], *, at: datetime) -> None:
    """Note of sessions, a few, that nothing was said in them at this time."""
    await numbered(_NOTE_EMPTY, len(session_ids), before=1).rows(to_micros(at), *session_ids)


async def _ask(statement: Statement, id: UUID, limit: int) -> list[ReadTo]:
    return [
        ReadTo(as_uuid(row["id"]), _moment(row["micros"]), _moment(row["looked_micros"]))
        for row in await statement.rows(id, limit)
    ]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
