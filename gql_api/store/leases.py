"""Sessions held for writing, on PostgreSQL and by its clock alone; how long and what for is said in the services.

Each is one statement that ends at once: no connection and no transaction waits while Acontext works. Each may be sent
again when its connection was lost: a holder takes once more what it has. SQLite serves one process, which needs none of
this.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from orjson import dumps

from gql_api import model
from gql_api.store import rows
from gql_api.store.engine import Client
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading
from gql_api.store.statements import array

_NEXT = "clock_timestamp() + $4::float8 * interval '1 second'"
_TAKE = f"""
UPDATE session_mappings SET write_holder = $3, write_until = {_NEXT}, write_fence = COALESCE(write_fence, 0) + 1
WHERE id = $1 AND user_identifier = $2 AND state = 'ready' AND {rows.not_erased("$2")}
  AND (write_until IS NULL OR write_until < clock_timestamp() OR write_holder = $3)
RETURNING {", ".join(rows.OF_SESSION)}, write_fence
"""  # noqa: S608 - names of our own columns
_TAKE_ALL = f"""
WITH free AS (
  SELECT id FROM session_mappings JOIN unnest(
    $1::text::uuid[], ARRAY(SELECT json_array_elements_text($2::text::json))
  ) AS wanted (its_id, its_user) ON id = its_id AND user_identifier = its_user
  WHERE state = 'ready' AND {rows.not_erased("its_user")}
    AND (write_until IS NULL OR write_until < clock_timestamp() OR write_holder = $3)
  FOR UPDATE OF session_mappings SKIP LOCKED
)
UPDATE session_mappings SET write_holder = $3, write_until = {_NEXT}, write_fence = COALESCE(write_fence, 0) + 1
FROM free WHERE session_mappings.id = free.id
RETURNING {", ".join(f"session_mappings.{name}" for name in rows.OF_SESSION)}, write_fence
"""  # noqa: S608 - as above
_RENEW = f"""
UPDATE session_mappings SET write_until = {_NEXT}
WHERE id = $1 AND write_fence = $2 AND write_holder = $3 RETURNING id
"""  # noqa: S608 - as above
_WISH = """
UPDATE session_mappings SET write_wanted = clock_timestamp() WHERE id = $1 AND write_holder <> $2
"""
_RELEASE = """
UPDATE session_mappings SET write_holder = NULL, write_until = NULL, write_wanted = NULL
FROM (SELECT id AS its_id, write_wanted AS wanted FROM session_mappings WHERE id = $1 FOR UPDATE) AS before
WHERE id = its_id AND write_fence = COALESCE($2::bigint, write_fence) AND write_holder = $3
RETURNING wanted > clock_timestamp() - $4::float8 * interval '1 second' AS is_wanted
"""
_RELEASE_ALL = """
WITH free AS (
  SELECT id, write_wanted FROM session_mappings
    JOIN unnest($1::text::uuid[], $2::text::bigint[]) AS held (its_id, fence) ON id = its_id AND write_fence = fence
  WHERE write_holder = $3 FOR UPDATE OF session_mappings SKIP LOCKED
)
UPDATE session_mappings AS held SET write_holder = NULL, write_until = NULL, write_wanted = NULL
FROM free WHERE held.id = free.id
RETURNING held.id, free.write_wanted > clock_timestamp() - $4::float8 * interval '1 second' AS is_wanted
"""


class Hold(NamedTuple):
    """A session that is held. `fence` grows with each holder: who had it before changes nothing any more."""

    session: model.Session
    holder: str
    fence: int


@rereading
async def take(owner: str, id: UUID, *, holder: str, seconds: float) -> Hold | None:
    """Hold this owner's session for so many seconds; None when there is none, or another holder has it.

    A holder asks for one session once at a time.
    """
    found = await _rows(_TAKE, id, owner, holder, seconds)
    return Hold(rows.session(found[0]), holder, found[0]["write_fence"]) if found else None


@rereading
async def take_all(wanted: Sequence[tuple[str, UUID]], *, holder: str, seconds: float) -> dict[tuple[str, UUID], Hold]:
    """Hold sessions of these owners at once, as `take` does.

    Those are left out that are not there or not free, and those whose row another is at just now.
    """
    owners = dumps([owner for owner, _ in wanted]).decode()
    found = await _rows(_TAKE_ALL, array([id.hex for _, id in wanted]), owners, holder, seconds)
    holds = [Hold(rows.session(row), holder, row["write_fence"]) for row in found]
    return {(hold.session.user, hold.session.id): hold for hold in holds}


@rereading
async def renew(hold: Hold, *, seconds: float) -> bool:
    """Hold on for so many seconds from now; False when another has taken over."""
    return bool(await _rows(_RENEW, hold.session.id, hold.fence, hold.holder, seconds))


@rereading
async def wish(id: UUID, *, holder: str) -> None:
    """Let the holder of the session know that another waits for it."""
    await _rows(_WISH, id, holder)


@rereading
async def release(hold: Hold, *, wished_within: float = 1.0) -> bool:
    """Let the session go, and tell whether another wished for it of late; False when another has taken over."""
    return await _let_go(hold.session.id, hold.fence, hold.holder, wished_within)


@rereading
async def release_all(holds: Sequence[Hold], *, wished_within: float) -> dict[UUID, bool]:
    """Let sessions of one holder go at once, and tell of each whether another wished for it.

    Those are left out that another has taken over, and those whose row another is at just now: none waits for one
    more than for itself.
    """
    ids, fences = array([hold.session.id.hex for hold in holds]), array([hold.fence for hold in holds])
    found = await _rows(_RELEASE_ALL, ids, fences, holds[0].holder, wished_within)
    return {row["id"]: bool(row["is_wanted"]) for row in found}


@rereading
async def release_any(id: UUID, *, holder: str, wished_within: float) -> bool:
    """Let a session go that this holder may have taken: for one who was cut off before it knew."""
    return await _let_go(id, None, holder, wished_within)


async def _let_go(id: UUID, fence: int | None, holder: str, wished_within: float) -> bool:
    found = await _rows(_RELEASE, id, fence, holder, wished_within)
    return bool(found and found[0]["is_wanted"])


async def _rows(statement: str, *values: Any) -> list[Any]:
    client = SessionMapping._meta.db
    assert isinstance(client, Client)  # noqa: S101 - leases are PostgreSQL's
    return await client.rows(statement, values)
