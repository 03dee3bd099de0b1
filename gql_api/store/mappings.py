"""All queries about which session has which disk, and how far its life has come; services decide what is to be done.

What readers call takes the owner first and sees ready sessions only. Each change is one statement that names the state
it starts from, so of several that race one wins, on both databases and over several processes. Each question raises
`DatabaseUnavailable` or `DatabaseTimeout` where the database does not answer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypedDict, Unpack
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from gql_api import model
from gql_api.model import MappingState
from gql_api.store import rows, texts
from gql_api.store.failures import translating
from gql_api.store.listing import Cut, Listed
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading
from gql_api.store.statements import Statement

_BEGIN = Statement(f"""
INSERT INTO session_mappings (id, user_identifier, title, title_folded, state, adopted, nonce, created_at, updated_at,
                              lease_until, creation_key, creation_fingerprint, opening)
SELECT $1::uuid, $2::text, $3::text, $4::text, 'creating', $5::boolean, $6::text, $7::timestamptz, $7::timestamptz,
       $8::timestamptz, $9::text, $10::text, CASE WHEN $5::boolean THEN NULL ELSE '' END
WHERE {rows.not_erased("$2::text")} ON CONFLICT DO NOTHING RETURNING id
""")
_BIND = Statement(f"""
UPDATE session_mappings SET state = 'ready', disk_id = $3, disk_created_at = $4, updated_at = $5
WHERE id = $1 AND state = 'creating' AND lease_until = $2 AND {rows.not_erased("session_mappings.user_identifier")}
RETURNING {", ".join(rows.OF_SESSION)}
""")  # noqa: S608 - names of our own columns
_HOLD = Statement("""
UPDATE session_mappings SET lease_until = $3 WHERE id = $1 AND state = 'creating' AND lease_until = $2 RETURNING id
""")
_UNFINISHED = (MappingState.CREATING.value, MappingState.DELETING.value)


class DiskTaken(Exception):
    """The disk belongs to another session, or did to one that was deleted of late."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A session that is about to be made. Until `lease_until` nobody but its maker works on it."""

    id: UUID
    owner: str
    title: str | None
    adopted: bool
    nonce: str
    now: datetime
    lease_until: datetime
    key: "Key | None" = None


class Key(NamedTuple):
    """The idempotency key that a session is made under, one for its user, and what stands for the input."""

    text: str
    fingerprint: str


class Only(TypedDict, total=False):
    """Which rows are meant among others."""

    user_identifier: str
    id: UUID


@rereading
async def ready(owner: str, ids: Sequence[UUID]) -> dict[UUID, model.Session]:
    """Return this owner's sessions among these ids, in one query."""
    return {session.id: session for session in await rows.ready(owner, "id", ids)}


@rereading
async def ready_by_disk(owner: str, disk_ids: Sequence[UUID]) -> dict[UUID, model.Session]:
    """Return this owner's sessions that have these disks, by the disk's id, in one query."""
    return {session.disk_id: session for session in await rows.ready(owner, "disk_id", disk_ids)}


@rereading
async def page(
    owner: str, *, where: model.SessionFilter, newest_first: bool, by_activity: bool = False, **cut: Unpack[Cut]
) -> tuple[list[model.Session], bool]:
    """Return a page in the list's order, and whether more lies beyond where `limit` cut it.

    The list is ordered by creation time, or by the time of the last activity, then by id, all to the last digit.
    `after` and `before` are places in that order and are left out themselves, whether a session still stands there or
    not. `where` is read as by `count`.
    """
    listed = Listed(owner, where)
    found = [rows.session(row) for row in await listed.page(cut, newest_first=newest_first, by_activity=by_activity)]
    kept = found[: cut["limit"]]
    more = len(found) > cut["limit"]
    return (kept[::-1] if cut["from_end"] else kept), more


@rereading
async def count(owner: str, where: model.SessionFilter) -> int:
    """Count this owner's sessions that match.

    The title is searched without regard to case in all alphabets, the same on both databases; no character of the
    searched text has a meaning of its own. So are tags compared, which are whole ones. Times are exclusive.
    """
    return await Listed(owner, where).count()


@rereading
async def find(id: UUID) -> model.Mapping | None:
    """Return the mapping whoever it belongs to and whatever its state: for services only."""
    found = await rows.mappings(SessionMapping.filter(id=id))
    return found[0] if found else None


@rereading
async def find_by_key(owner: str, key: str) -> tuple[model.Mapping, str] | None:
    """Return the mapping that was begun under this owner's key, in any state, and what stands for its input."""
    found = await SessionMapping.filter(user_identifier=owner, creation_key=key).values(
        *rows.OF_MAPPING, "creation_fingerprint"
    )
    return (rows.mapping(found[0]), found[0]["creation_fingerprint"]) if found else None


@rereading
async def disk_is_bound(disk_id: UUID) -> bool:
    """Tell whether any session has this disk, or had it and its tombstone is still there."""
    return await SessionMapping.filter(disk_id=disk_id).exists()


@translating
async def begin(intent: Intent) -> bool:
    """Write the intent down; False when the id is taken, in any state and by anyone, or the key by this owner.

    False too while all of this owner's is being erased.
    """
    title = rows.titled(intent.title).values()
    now, lease_until = rows.utc(intent.now), rows.utc(intent.lease_until)
    made = await _BEGIN.rows(
        intent.id, intent.owner, *title, intent.adopted, intent.nonce, now, lease_until, *(intent.key or (None, None))
    )
    return bool(made)


@translating
async def bind(id: UUID, *, disk: model.Disk, lease_until: datetime, now: datetime) -> model.Session | None:
    """Give the session its disk and make it ready, if it is still being made under this lease; None when it is not.

    Raises `DiskTaken` when another row has that disk. The lease is the fence: a maker that was thought dead, and whose
    intent was taken over, changes nothing any more. Nor does one whose user is being erased.
    """
    try:
        bound = await _BIND.rows(id, rows.utc(lease_until), disk.id, rows.utc(disk.created_at), rows.utc(now))
    except IntegrityError as error:
        raise DiskTaken("the disk has a session already") from error
    return rows.session(bound[0]) if bound else None


@translating
async def hold(id: UUID, *, lease_until: datetime, until: datetime) -> bool:
    """Let nobody else work on what is being made under this lease before another time; False where one does already."""
    return bool(await _HOLD.rows(id, rows.utc(lease_until), rows.utc(until)))


@translating
async def abandon(id: UUID, *, nonce: str) -> None:
    """Forget the session that was never made of this intent; one in any other state stays."""
    await SessionMapping.filter(id=id, state=MappingState.CREATING.value, nonce=nonce).delete()


@translating
async def free_key(id: UUID, *, nonce: str) -> None:
    """Let another session be made under the key of this intent, which its maker has given up and may not forget yet."""
    given_up = SessionMapping.filter(id=id, state=MappingState.CREATING.value, nonce=nonce)
    await given_up.update(creation_key=None, creation_fingerprint=None)


@translating
async def entomb(owner: str, id: UUID, *, now: datetime, lease_until: datetime) -> model.Mapping | None:
    """Hide the session from all readers, for deletion; None when this owner has no such session, or no more.

    What it was called, and the like, is forgotten at once, and so is what was said in it.
    """
    async with in_transaction():
        changed = await rows.update(
            _ready(owner).filter(id=id),
            state=MappingState.DELETING.value,
            updated_at=rows.utc(now),
            lease_until=rows.utc(lease_until),
            **dict.fromkeys(rows.PERSONAL),
        )
        if changed:
            await texts.forget(id)
    return rows.mapping(changed) if changed else None


@translating
async def bury(id: UUID, *, now: datetime) -> None:
    """Note that a session is deleted upstream too. Its row stays, so that neither id is bound again."""
    deleting = SessionMapping.filter(id=id, state=MappingState.DELETING.value)
    await deleting.update(state=MappingState.DELETED.value, updated_at=rows.utc(now))


@translating
async def claim_unfinished(
    *, now: datetime, lease_until: datetime, limit: int, ignore_leases: bool = False, **only: Unpack[Only]
) -> list[model.Mapping]:
    """Take over what was begun and not finished, oldest first; what another process takes at the same time is its own.

    `only` names whose alone is taken over, or which one.
    `ignore_leases` takes over what may still be worked on: only for a process that knows that it is alone.
    """
    query = SessionMapping.filter(state__in=_UNFINISHED, **only)
    if not ignore_leases:
        query = query.filter(lease_until__lt=rows.utc(now))
    seen = await query.order_by("created_at", "id").limit(limit).values("id", "state", "lease_until")
    claims = [await _claim(row, lease_until=rows.utc(lease_until)) for row in seen]
    return [claimed for claimed in claims if claimed]


@translating
async def purge_tombstones(*, before: datetime) -> int:
    """Forget sessions that were deleted before this time, and return how many."""
    return await _tombstones(before).delete()


@rereading
async def count_unfinished(*, before: datetime) -> dict[MappingState, int]:
    """Count by their state what was begun and not finished, and whose lease is over before this time."""
    over = SessionMapping.filter(lease_until__lt=rows.utc(before))
    return {state: await over.filter(state=state.value).count() for state in (MappingState(one) for one in _UNFINISHED)}


@rereading
async def count_tombstones(*, before: datetime) -> int:
    """Count what `purge_tombstones` would forget."""
    return await _tombstones(before).count()


def _tombstones(before: datetime) -> QuerySet[SessionMapping]:
    return SessionMapping.filter(state=MappingState.DELETED.value, updated_at__lt=rows.utc(before))


async def _claim(seen: dict[str, Any], *, lease_until: datetime) -> model.Mapping | None:
    changed = await rows.update(SessionMapping.filter(**seen), lease_until=lease_until)
    return rows.mapping(changed) if changed else None


def _ready(owner: str) -> QuerySet[SessionMapping]:
    return SessionMapping.filter(user_identifier=owner, state=MappingState.READY.value)
