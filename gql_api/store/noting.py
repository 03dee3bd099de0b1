"""What was seen of conversations, written down for many sessions at once; in PostgreSQL by one statement.

Places of messages, when a session was last active, and how it opens. All of it only ever comes nearer to the truth: a
later activity stays, and so does an earlier opening, so it makes no difference who writes, and in which order.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from orjson import dumps

from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping
from gql_api.store.places import to_micros
from gql_api.store.retry import rereading
from gql_api.store.rows import as_uuid, utc
from gql_api.store.statements import Statement, array, arrays, numbered

_PLACE = """
INSERT INTO message_places (session_id, micros, message_id)
SELECT {new} WHERE EXISTS (SELECT 1 FROM session_mappings WHERE id = {id} AND state = 'ready') {order}
ON CONFLICT DO NOTHING
"""
_PLACE_SQLITE = _PLACE.format(new="?1, ?2, ?3", id="?1", order="")
_PLACES_POSTGRES = _PLACE.format(
    new="new.* FROM unnest($1::text::uuid[], $2::text::bigint[], $3::text::uuid[]) AS new (its_session, micros, id)",
    id="its_session",
    order="ORDER BY 1, 2, 3",
)
_IS_LATER = "{seen_at} > COALESCE(last_activity_at, created_at)"
_IS_EARLIER = """
({micros} IS NOT NULL AND (opening IS NOT NULL OR {is_start}) AND (opening_micros IS NULL OR {micros} < opening_micros))
"""
_SET = f"""
last_activity_at = CASE WHEN {_IS_LATER} THEN {{seen_at}} ELSE last_activity_at END,
opening = CASE WHEN {_IS_EARLIER} THEN {{text}} ELSE opening END,
opening_micros = CASE WHEN {_IS_EARLIER} THEN {{micros}} ELSE opening_micros END
"""
_VALUES = {"seen_at": "seen_at", "text": "its_text", "micros": "its_micros", "is_start": "is_start"}
_IS_NEWS = f"state = 'ready' AND ({_IS_LATER} OR {_IS_EARLIER})"
_NOTE_POSTGRES = f"""
WITH stood AS ({_PLACES_POSTGRES})
UPDATE session_mappings SET {_SET.format(**_VALUES)} FROM (
  SELECT id AS its_id, seen_at, its_text, its_micros, is_start, {_IS_LATER.format(**_VALUES)} AS is_moved
  FROM session_mappings JOIN unnest(
    $4::text::uuid[], $5::text::timestamptz[], $6::text::bigint[], $7::text::boolean[],
    ARRAY(SELECT json_array_elements_text($8::text::json))
  ) AS seen (seen_id, seen_at, its_micros, is_start, its_text) ON id = seen_id
  WHERE {_IS_NEWS.format(**_VALUES)} ORDER BY id FOR NO KEY UPDATE OF session_mappings
) AS news WHERE id = its_id RETURNING id, user_identifier, is_moved
"""  # noqa: S608 - names of our own columns
"""Rows are taken in the order of their ids, so that no two servers wait for each other."""
_NUMBERED = {"seen_at": "?2", "text": "?3", "micros": "?4", "is_start": "?5"}
_NOTE_SQLITE = f"""
UPDATE session_mappings SET {_SET.format(**_NUMBERED)} WHERE id = ?1 AND {_IS_NEWS.format(**_NUMBERED)}
"""  # noqa: S608 - as above
_KNOWN_SQLITE = Statement("""
SELECT id, user_identifier, created_at, last_activity_at FROM session_mappings
WHERE state = 'ready' AND id IN (SELECT value FROM json_each($1))
""")
_OPENINGS = "SELECT id, opening FROM session_mappings WHERE state = 'ready' AND opening <> '' AND id "
_OPENINGS_POSTGRES = Statement(f"{_OPENINGS}= ANY($1::uuid[])")


class Opening(NamedTuple):
    """How a user opened a conversation, in a message of this time.

    `is_start`: it was read from the start on, so nothing is before it. Else it is kept only of a session that was made
    here, all of whose messages are known to come by.
    """

    text: str
    at: datetime
    is_start: bool


class Seen(NamedTuple):
    """What was seen of a session."""

    active_at: datetime | None = None
    opening: Opening | None = None

    def and_active(self, at: datetime) -> Self:
        """Add that something was said at this time."""
        return self.__class__(max(at, self.active_at or at), self.opening)

    def and_opened(self, opening: Opening) -> Self:
        """Add how it opens, unless an earlier opening is there."""
        there = self.opening
        if there is None or opening.at < there.at or (opening.at == there.at and opening.is_start):
            return self.__class__(self.active_at, opening)
        return self

    def and_later(self, later: Self) -> Self:
        """Add what was seen later."""
        found = self.and_active(later.active_at) if later.active_at else self
        return found.and_opened(later.opening) if later.opening else found

    def values(self) -> tuple[datetime | None, str | None, int | None, bool]:
        """Give what a statement of SQLite takes."""
        opening = self.opening
        at = self.active_at and utc(self.active_at)
        return (at, opening.text, to_micros(opening.at), opening.is_start) if opening else (at, None, None, False)


class Moved(NamedTuple):
    """A session that is active later than was known, and whose it is."""

    user: str
    session_id: UUID


@translating
async def note(places: Sequence[tuple[UUID, datetime, str]], seen: Mapping[UUID, Seen]) -> list[Moved]:
    """Write down the places of messages and what else was seen, of sessions that are ready; give those that moved.

    A place is the session, the time, and the message's id as all ids are written.
    """
    connection = SessionMapping._meta.db
    if connection.capabilities.dialect != "sqlite":
        stood = arrays([(session_id.hex, to_micros(created_at), id) for session_id, created_at, id in places], 3)
        noted = await connection.execute_query_dict(_NOTE_POSTGRES, [*stood, *_columns(seen)])
        return [Moved(row["user_identifier"], row["id"]) for row in noted if row["is_moved"]]
    if places:
        rows = [[str(session_id), to_micros(created_at), id] for session_id, created_at, id in places]
        await connection.execute_many(_PLACE_SQLITE, rows)
    moved = await _moving({id: one.active_at for id, one in seen.items() if one.active_at})
    if seen:
        await connection.execute_many(_NOTE_SQLITE, [[str(id), *one.values()] for id, one in seen.items()])
    return moved


def _columns(seen: Mapping[UUID, Seen]) -> list[str]:
    openings = [one.opening for one in seen.values()]
    return [
        array([id.hex for id in seen]),
        array([utc(one.active_at) if one.active_at else "NULL" for one in seen.values()]),
        array([to_micros(one.at) if one else "NULL" for one in openings]),
        array([one is not None and one.is_start for one in openings]),
        dumps([one and one.text for one in openings]).decode(),
    ]


async def _moving(active: Mapping[UUID, datetime]) -> list[Moved]:
    """Tell beforehand which sessions move when this is noted: on SQLite nobody else notes meanwhile."""
    known = await _KNOWN_SQLITE.rows(json.dumps([*map(str, active)])) if active else []
    return [
        Moved(row["user_identifier"], row["id"])
        for row in known
        if utc(active[row["id"]]) > (row["last_activity_at"] or row["created_at"])
    ]


@rereading
async def openings(session_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Give how conversations open, of those sessions of which it is known."""
    if SessionMapping._meta.db.capabilities.dialect == "sqlite":
        found = await numbered(f"{_OPENINGS}IN ({{marks}})", len(session_ids)).rows(*session_ids)
    else:
        found = await _OPENINGS_POSTGRES.rows(list(session_ids))
    return {as_uuid(row["id"]): row["opening"] for row in found}
