"""All queries about erasures: of one user's sessions, whole; what is to be done with each, services decide.

An erasure that is under way names its user, of whom nothing is seen then (`rows.not_erased`). One that is finished
keeps numbers, times, and a proof by which who knows the user's name can tell that it was theirs.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from tortoise.transactions import in_transaction

from gql_api import model
from gql_api.store import rows, texts
from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping
from gql_api.store.places import from_micros, to_micros
from gql_api.store.retry import rereading
from gql_api.store.statements import Row, Statement, numbered

_COLUMNS = (
    "id, user_identifier, user_proof, begun_micros, finished_micros, sessions, disks, idempotency_keys, index_entries"
)
_BEGIN = Statement(f"""
INSERT INTO erasures ({_COLUMNS}) VALUES ($1, $2, $3, $4, NULL, 0, 0, 0, 0) ON CONFLICT DO NOTHING RETURNING id
""")  # noqa: S608 - names of our own columns
_OPEN = Statement(
    "SELECT id, user_identifier, begun_micros FROM erasures WHERE user_identifier IS NOT NULL ORDER BY begun_micros, id"
)
_OF_USER = Statement("SELECT id FROM erasures WHERE user_identifier = $1")
_FIND = Statement(f"SELECT {_COLUMNS} FROM erasures WHERE id = $1")  # noqa: S608 - as above
_LEFT = Statement("""
SELECT state, COUNT(*) AS count FROM session_mappings
WHERE user_identifier = $1 AND state IN ('creating', 'ready', 'deleting') GROUP BY state
""")
_FREE = {"sqlite": "TRUE", "postgres": "(write_until IS NULL OR write_until < clock_timestamp())"}
"""Nobody may be writing to it; in SQLite's one process no row says so."""
_NEXT = """
SELECT id FROM session_mappings WHERE user_identifier = $1 AND state = 'ready' AND {} ORDER BY created_at, id LIMIT $2
"""
_ENTOMB = f"""
UPDATE session_mappings SET {", ".join(f"{name} = NULL" for name in rows.PERSONAL)},
  state = 'deleting', updated_at = $3, lease_until = $4
WHERE id = $1 AND user_identifier = $2 AND state = 'ready' AND {{}} RETURNING {", ".join(rows.OF_MAPPING)}
"""  # noqa: S608 - as above
_NEXT_OF = {dialect: Statement(_NEXT.format(free)) for dialect, free in _FREE.items()}
_ENTOMB_IN = {dialect: Statement(_ENTOMB.format(free)) for dialect, free in _FREE.items()}
_OF_SESSIONS = """
SELECT (SELECT COUNT(*) FROM message_keys WHERE session_id IN ({marks})) AS keys,
       (SELECT COUNT(*) FROM message_places WHERE session_id IN ({marks}))
       + (SELECT COUNT(*) FROM message_counts WHERE session_id IN ({marks}))
       + (SELECT COUNT(*) FROM session_tags WHERE session_id IN ({marks})) AS entries
"""
_TEXTS = Statement("""
SELECT (SELECT COUNT(*) FROM message_texts WHERE session_id = $1)
       + (SELECT COUNT(*) FROM message_texts_read WHERE session_id = $1) AS count
""")
_ADD_TEXTS = Statement("UPDATE erasures SET index_entries = index_entries + $2 WHERE user_identifier = $1 RETURNING id")
_DISCARD = Statement("""
DELETE FROM session_mappings WHERE id = $1 AND user_identifier = $2 AND state = 'deleting'
  AND EXISTS (SELECT 1 FROM erasures WHERE user_identifier = $2) RETURNING creation_key
""")
_TOMBSTONES = Statement("SELECT id FROM session_mappings WHERE user_identifier = $1 AND state = 'deleted' LIMIT $2")
_FORGET = "DELETE FROM session_mappings WHERE state = 'deleted' AND id IN ({marks}) RETURNING creation_key"
_ADD = Statement("""
UPDATE erasures SET sessions = sessions + $2, disks = disks + $2, idempotency_keys = idempotency_keys + $3,
                    index_entries = index_entries + $4
WHERE user_identifier = $1 RETURNING id
""")
_END = Statement("""
UPDATE erasures SET user_identifier = NULL, finished_micros = $3
WHERE id = $1 AND user_identifier = $2 AND NOT EXISTS (SELECT 1 FROM session_mappings WHERE user_identifier = $2)
RETURNING id
""")
_PURGE = Statement("DELETE FROM erasures WHERE finished_micros < $1 RETURNING id")
_COUNT = Statement("SELECT COUNT(*) AS count FROM erasures WHERE finished_micros < $1")


class Open(NamedTuple):
    """An erasure that is under way; since when only where it was looked up."""

    id: UUID
    owner: str
    begun_at: datetime | None = None


@rereading
async def begin(id: UUID, owner: str, *, now: datetime) -> bool:
    """Let nothing of this owner's be seen from now on; False where that is so already, or this id was used before."""
    return bool(await _BEGIN.rows(id, owner, _proof(id, owner), to_micros(now)))


@rereading
async def under_way(owner: str) -> UUID | None:
    """Tell which erasure of this owner's sessions is under way."""
    found = await _OF_USER.rows(owner)
    return rows.as_uuid(found[0]["id"]) if found else None


@rereading
async def open_ones() -> list[Open]:
    """Return all that are under way, those first that have been for longest."""
    found = await _OPEN.rows()
    return [Open(rows.as_uuid(row["id"]), row["user_identifier"], from_micros(row["begun_micros"])) for row in found]


@rereading
async def find(id: UUID, owner: str) -> model.Erasure | None:
    """Return an erasure of this owner's sessions, with how many are left; None for another's too."""
    found = await _FIND.rows(id)
    if not found or found[0]["user_proof"] != _proof(id, owner):
        return None
    is_over = found[0]["user_identifier"] is None
    return _erasure(found[0], owner, {} if is_over else await left(owner))


@rereading
async def left(owner: str) -> dict[str, int]:
    """Count this owner's sessions that are there, by their state."""
    return {row["state"]: row["count"] for row in await _LEFT.rows(owner)}


@rereading
async def next_ones(owner: str, *, limit: int) -> list[UUID]:
    """Name some of this owner's sessions that are not being deleted yet, oldest first; none that others write to."""
    return [row["id"] for row in await _NEXT_OF[_dialect()].rows(owner, limit)]


@translating
async def entomb(owner: str, id: UUID, *, now: datetime, lease_until: datetime) -> model.Mapping | None:
    """Begin to delete a session, and forget what was said in it.

    None where it is not there any more, or another process writes to it.
    """
    async with in_transaction():
        found = await _ENTOMB_IN[_dialect()].rows(id, owner, rows.utc(now), rows.utc(lease_until))
        if found:
            [told] = await _TEXTS.rows(id)
            await texts.forget(id)
            if told["count"]:  # at the end: others who count for this user wait for it
                await _ADD_TEXTS.rows(owner, told["count"])
    return rows.mapping(found[0]) if found else None


@translating
async def discard(owner: str, id: UUID) -> bool:
    """Forget a session that is gone from Acontext, with all that hangs on it, and count it; False with no erasure."""
    if not await _OF_USER.rows(owner):
        return False
    async with in_transaction():
        told = await _told([id])
        if gone := await _DISCARD.rows(id, owner):
            await _add(owner, told, gone, sessions=1)
    return True


@translating
async def forget_tombstones(owner: str, *, limit: int) -> int:
    """Forget sessions of this owner's that were deleted before, and return how many."""
    async with in_transaction():
        ids = [row["id"] for row in await _TOMBSTONES.rows(owner, limit)]
        if not ids:
            return 0
        told = await _told(ids)
        gone = await numbered(_FORGET, len(ids)).rows(*ids)
        await _add(owner, told, gone, sessions=0)
    return len(gone)


@rereading
async def end(erasure: Open, *, now: datetime) -> bool:
    """Finish an erasure whose user has nothing left here; False where something is, or another has finished it."""
    return bool(await _END.rows(erasure.id, erasure.owner, to_micros(now)))


@translating
async def purge(*, before: datetime) -> int:
    """Forget those that were finished before this time, and return how many."""
    return len(await _PURGE.rows(to_micros(before)))


@rereading
async def count(*, before: datetime) -> int:
    """Count what `purge` would forget."""
    return int((await _COUNT.rows(to_micros(before)))[0]["count"])


async def _told(ids: Sequence[UUID]) -> Row:
    """Count what hangs on sessions that nobody can write to any more."""
    [row] = await numbered(_OF_SESSIONS, len(ids)).rows(*ids)
    return row


async def _add(owner: str, told: Row, gone: list[Row], *, sessions: int) -> None:
    keys = told["keys"] + sum(row["creation_key"] is not None for row in gone)
    await _ADD.rows(owner, sessions, keys, told["entries"])


def _erasure(row: Row, owner: str, left: dict[str, int]) -> model.Erasure:
    finished = row["finished_micros"]
    return model.Erasure(
        id=rows.as_uuid(row["id"]),
        user=owner,
        begun_at=from_micros(row["begun_micros"]),
        finished_at=None if finished is None else from_micros(finished),
        sessions=row["sessions"],
        disks=row["disks"],
        keys=row["idempotency_keys"],
        entries=row["index_entries"],
        left=sum(left.values()),
        put_off=left.get("deleting", 0),
    )


def _proof(id: UUID, owner: str) -> str:
    """Give what only who knows both can make."""
    return sha256(id.bytes + owner.encode()).hexdigest()


def _dialect() -> str:
    return "sqlite" if SessionMapping._meta.db.capabilities.dialect == "sqlite" else "postgres"
