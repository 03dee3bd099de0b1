"""A light index of conversations: where messages stand that were seen, and how many there are up to a time.

All rows are facts that stay true: messages are never removed one by one, and a count is kept only up to a time by
which everything is there. So it makes no difference who writes them, in which order, or whether some are missing;
Acontext stays the truth, and others may write to it past us. Rows of a session go with the session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading
from gql_api.store.rows import as_uuid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_END = (2**63 - 1, UUID(int=2**128 - 1))
_ANCHOR = """
SELECT micros, message_id FROM message_places
WHERE session_id = {session} AND (micros, message_id) < ({micros}, {id})
ORDER BY micros DESC, message_id DESC LIMIT 1 OFFSET {skip}
"""
_ANCHOR_SQLITE = _ANCHOR.format(session="?1", micros="?2", id="?3", skip="?4")
_ANCHORS_POSTGRES = f"""
SELECT number, found.micros, found.message_id
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::int[]) WITH ORDINALITY
  AS asked (its_session, its_micros, its_id, skip, number),
  LATERAL ({_ANCHOR.format(session="its_session", micros="its_micros", id="its_id", skip="skip")}) AS found
"""  # noqa: S608 - names of our own columns
_READY = "EXISTS (SELECT 1 FROM session_mappings WHERE id = {id} AND state = 'ready')"
_PUT_COUNT = f"""
INSERT INTO message_counts (session_id, micros, count)
SELECT {{session}}, {{micros}}, {{count}} WHERE {_READY.format(id="{session}")}
ON CONFLICT (session_id) DO UPDATE SET micros = excluded.micros, count = excluded.count
WHERE excluded.micros > message_counts.micros
"""
_COUNT = {
    "sqlite": _PUT_COUNT.format(session="?1", micros="?2", count="?3"),
    "postgres": _PUT_COUNT.format(session="$1::uuid", micros="$2::bigint", count="$3::bigint"),
}
_COUNTS = "SELECT session_id, micros, count FROM message_counts WHERE session_id "
_FORGET = (
    "DELETE FROM message_places WHERE session_id = ",
    "DELETE FROM message_counts WHERE session_id = ",
    "DELETE FROM message_texts WHERE session_id = ",
    "DELETE FROM message_texts_read WHERE session_id = ",
    "UPDATE session_mappings SET opening = NULL, opening_micros = NULL WHERE id = ",
)


class Place(NamedTuple):
    """Where a message stands in the conversation of its session."""

    session_id: UUID
    created_at: datetime
    id: UUID


class Wanted(NamedTuple):
    """The known message of a session before which just `newer` known ones come, up to a place or to the end."""

    session_id: UUID
    newer: int
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many messages a conversation has whose time is no later than `until`."""

    until: datetime
    count: int


@rereading
async def anchors(wanted: Sequence[Wanted]) -> list[Place | None]:
    """Find places, all in one query on PostgreSQL; None where fewer messages are known."""
    bounds = [(to_micros(one.before[0]), one.before[1]) if one.before else _END for one in wanted]
    if _is_sqlite():
        found: dict[int, dict[str, Any]] = {}
        for number, (one, (micros, id)) in enumerate(zip(wanted, bounds, strict=True), 1):
            row = await _query(_ANCHOR_SQLITE, str(one.session_id), micros, str(id), one.newer)
            found |= {number: row[0]} if row else {}
    else:
        sessions, skips = [one.session_id for one in wanted], [one.newer for one in wanted]
        times, ids = [micros for micros, _ in bounds], [id for _, id in bounds]
        found = {row["number"]: row for row in await _query(_ANCHORS_POSTGRES, sessions, times, ids, skips)}
    return [
        Place(one.session_id, from_micros(row["micros"]), as_uuid(row["message_id"])) if row else None
        for one, row in ((one, found.get(number)) for number, one in enumerate(wanted, 1))
    ]


@rereading
async def counts(session_ids: Sequence[UUID]) -> dict[UUID, Counted]:
    """Give what was counted of these sessions."""
    if _is_sqlite():
        marks = ", ".join("?" for _ in session_ids)
        rows = await _query(f"{_COUNTS}IN ({marks})", *map(str, session_ids))
    else:
        rows = await _query(f"{_COUNTS}= ANY($1::uuid[])", list(session_ids))
    return {as_uuid(row["session_id"]): Counted(from_micros(row["micros"]), row["count"]) for row in rows}


@translating
async def put_counts(counted: Mapping[UUID, Counted]) -> None:
    """Keep how many messages sessions have that are ready, unless it is known up to a later time."""
    is_sqlite = _is_sqlite()
    values = [[str(id) if is_sqlite else id, to_micros(one.until), one.count] for id, one in sorted(counted.items())]
    await SessionMapping._meta.db.execute_many(_COUNT["sqlite" if is_sqlite else "postgres"], values)


@translating
async def forget(session_id: UUID) -> None:
    """Forget all that is known of a conversation."""
    for statement in _FORGET:
        if _is_sqlite():
            await _query(f"{statement}?1", str(session_id))
        else:
            await _query(f"{statement}$1", session_id)


def _is_sqlite() -> bool:
    return bool(SessionMapping._meta.db.capabilities.dialect == "sqlite")


async def _query(statement: str, *values: Any) -> list[dict[str, Any]]:
    return await SessionMapping._meta.db.execute_query_dict(statement, list(values))


def to_micros(time: datetime) -> int:
    """Give the microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Give the time so many microseconds after 1970 began."""
    return _EPOCH + timedelta(microseconds=micros)
