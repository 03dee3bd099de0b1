"""Queries over the mappings of all users, for taking many in and giving all out; nothing that answers a request."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from gql_api import model
from gql_api.model import MappingState
from gql_api.store import erasures, rows, tags
from gql_api.store.keyset import Beyond, in_time
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading

_NOT_READY = [state.value for state in MappingState if state is not MappingState.READY]
"""Asked for `state = 'ready'`, SQLite takes the index of the sweep and sorts all rows for each page."""


class Organised(NamedTuple):
    """How a user has organised a session."""

    pinned_at: datetime | None = None
    archived_at: datetime | None = None
    last_activity_at: datetime | None = None
    tags: tuple[str, ...] = ()
    forked_from: UUID | None = None


PLAIN = Organised()


@dataclass(frozen=True, slots=True)
class Binding:
    """A session that Acontext had before us, and its disk."""

    id: UUID
    user: str
    title: str | None
    disk: model.Disk
    created_at: datetime
    organised: Organised = PLAIN


@rereading
async def bound(ids: Collection[UUID], disk_ids: Collection[UUID]) -> list[model.Mapping]:
    """Return what is known of these sessions and of these disks, whoever's it is and whatever its state."""
    return await rows.mappings(SessionMapping.filter(Q(id__in=ids) | Q(disk_id__in=disk_ids)))


@rereading
async def adopt(bindings: Sequence[Binding], *, nonce: str, now: datetime) -> set[UUID]:
    """Bind these, ready and adopted, and return which; one whose session or disk is bound by then stays as it is.

    Each has all of its row or none. The nonce, of no other call, tells ours from what others made at the same time.
    """
    async with in_transaction():
        await SessionMapping.bulk_create([_row(binding, nonce, now) for binding in bindings], ignore_conflicts=True)
        ours = SessionMapping.filter(id__in=[binding.id for binding in bindings], nonce=nonce)
        made = {id for (id,) in await ours.values_list("id")}
        await tags.put([(one.id, one.user, one.organised.tags) for one in bindings if one.id in made])
    return made


@rereading
async def page(after: model.Session | None, limit: int) -> list[model.Session]:
    """Return the ready sessions of all users that follow this one: by user as the database sorts text, then as listed.

    That is the order of the index of the lists, with the state in it. Those of users who are being erased are left out.
    """
    query = SessionMapping.filter(state__not_in=_NOT_READY)
    if erased := [erasure.owner for erasure in await erasures.open_ones()]:
        query = query.exclude(user_identifier__in=erased)
    if after:
        query = query.filter(Beyond(_indexed_at(after), backward=False))
    return await rows.sessions(query.order_by("user_identifier", "state", "created_at", "id").limit(limit))


@rereading
async def count() -> int:
    """Count the ready sessions of all users."""
    return await SessionMapping.filter(state=MappingState.READY.value).count()


def _indexed_at(session: model.Session) -> dict[str, Any]:
    return {
        "user_identifier": session.user,
        "state": MappingState.READY.value,
        **in_time(model.SessionPosition(session.created_at, session.id)),
    }


def _row(binding: Binding, nonce: str, now: datetime) -> SessionMapping:
    created_at = rows.utc(binding.created_at)
    times = binding.organised._asdict()
    del times["tags"], times["forked_from"]
    return SessionMapping(
        id=binding.id,
        user_identifier=binding.user,
        **rows.titled(binding.title),
        state=MappingState.READY.value,
        disk_id=binding.disk.id,
        disk_created_at=rows.utc(binding.disk.created_at),
        adopted=True,
        nonce=nonce,
        created_at=created_at,
        updated_at=created_at,
        lease_until=rows.utc(now),
        forked_from=binding.organised.forked_from,
        **{name: moment and rows.utc(moment) for name, moment in times.items()},
    )
