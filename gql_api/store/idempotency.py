"""What is known of messages that were stored under a key of their caller's: how far it has come, and since when.

The rows of a session are written by who holds it, so nobody else changes one meanwhile; they go with the session.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gql_api.store.failures import translating
from gql_api.store.places import from_micros, to_micros
from gql_api.store.retry import rereading
from gql_api.store.statements import Row, Statement

_BEGIN = Statement("""
INSERT INTO message_keys (session_id, idempotency_key, fingerprint, attempt, after_micros, stored, sent_micros,
                          used_micros)
SELECT $1::uuid, $2::text, $3::text, $4::text,
       (SELECT MAX(micros) FROM message_places WHERE session_id = $1::uuid), '', $5::bigint, $5::bigint
WHERE true ON CONFLICT DO NOTHING RETURNING fingerprint, attempt, after_micros, stored, sent_micros
""")
_FIND = Statement("""
SELECT fingerprint, attempt, after_micros, stored, sent_micros FROM message_keys
WHERE session_id = $1::uuid AND idempotency_key = $2::text
""")
_ADVANCE = Statement("""
UPDATE message_keys SET stored = $3::text, sent_micros = $4::bigint, used_micros = $5::bigint
WHERE session_id = $1::uuid AND idempotency_key = $2::text RETURNING attempt
""")
_FORGET = Statement("""
DELETE FROM message_keys WHERE session_id = $1::uuid AND idempotency_key = $2::text RETURNING attempt
""")
_FORGET_ALL = Statement("DELETE FROM message_keys WHERE session_id = $1::uuid")
_PURGE = Statement("DELETE FROM message_keys WHERE used_micros < $1::bigint RETURNING attempt")

_COUNT = Statement("SELECT count(*) AS number FROM message_keys WHERE used_micros < $1::bigint")


class Stored(NamedTuple):
    """A message that is known to be stored."""

    created_at: datetime
    id: UUID


class KeyRow(NamedTuple):
    """How far the messages under a key have come.

    All that was stored under it is later than `after`, the last message known before; None: none was known. `sent_at`
    is when the next one was sent, if what became of it is not known.
    """

    fingerprint: str
    attempt: str
    after: datetime | None
    stored: tuple[Stored, ...]
    sent_at: datetime | None


@rereading
async def begin(session_id: UUID, key: str, *, fingerprint: str, attempt: str, now: datetime) -> KeyRow:
    """Write down that the first message is about to be sent under this key; where it is known already, tell how far.

    It is new when the `attempt` is the one that is given.
    """
    made = await _BEGIN.rows(session_id, key, fingerprint, attempt, to_micros(now))
    return _row((made or await _FIND.rows(session_id, key))[0])


@rereading
async def advance(
    session_id: UUID, key: str, *, stored: Sequence[Stored], sent_at: datetime | None, now: datetime
) -> None:
    """Write down which messages are stored, and when the next one is sent, if one is."""
    text = ",".join(f"{to_micros(one.created_at)}:{one.id}" for one in stored)
    await _ADVANCE.rows(session_id, key, text, to_micros(sent_at) if sent_at else None, to_micros(now))


@rereading
async def forget(session_id: UUID, key: str) -> None:
    """Forget a key under which certainly nothing was stored."""
    await _FORGET.rows(session_id, key)


@translating
async def forget_all(session_id: UUID) -> None:
    """Forget the keys of a session."""
    await _FORGET_ALL.rows(session_id)


@translating
async def purge(*, before: datetime) -> int:
    """Forget the keys that nobody used since this time, and return how many."""
    return len(await _PURGE.rows(to_micros(before)))


@rereading
async def count(*, before: datetime) -> int:
    """Count what `purge` would forget."""
    return int((await _COUNT.rows(to_micros(before)))[0]["number"])


def _row(row: Row) -> KeyRow:
    after, sent = row["after_micros"], row["sent_micros"]
    pieces = [piece.partition(":") for piece in row["stored"].split(",") if piece]
    return KeyRow(
        fingerprint=row["fingerprint"],
        attempt=row["attempt"],
        after=None if after is None else from_micros(after),
        stored=tuple(Stored(from_micros(int(time)), UUID(id)) for time, _, id in pieces),
        sent_at=None if sent is None else from_micros(sent),
    )
