"""What loaders ask of our own database, as functions of the keys of one batch."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.loaders.keys import Owned, SessionsKey
from gql_api.store import erasures, mappings, noting, places, tags
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.store.places import Counted, Place, Wanted


def mappings_of(find: Callable[[str, Sequence[UUID]], Awaitable[dict[UUID, model.Session]]]) -> Any:
    return partial(_found, find)


async def _found(
    find: Callable[[str, Sequence[UUID]], Awaitable[dict[UUID, model.Session]]], keys: list[Owned]
) -> list[model.Session | None]:
    """Ask the database once for each owner among the keys: nearly always once."""
    owners: defaultdict[str, list[UUID]] = defaultdict(list)
    for key in keys:
        owners[key.owner].append(key.id)
    found = {owner: await find(owner, ids) for owner, ids in owners.items()}
    return [found[key.owner].get(key.id) for key in keys]


async def anchors_of(wanted: list[Wanted]) -> list[Place | None]:
    return await places.anchors(wanted)


async def counts_of(session_ids: list[UUID]) -> list[Counted | None]:
    found = await places.counts(session_ids)
    return [found.get(id) for id in session_ids]


async def tags_of(session_ids: list[UUID]) -> list[list[str]]:
    found = await tags.of(session_ids)
    return [found.get(id, []) for id in session_ids]


async def openings_of(keeper: PlaceKeeper, session_ids: list[UUID]) -> list[str | None]:
    """Give how conversations open, after all that this process has seen of that."""
    await keeper.flush_seen()
    found = await noting.openings(session_ids)
    return [found.get(id) for id in session_ids]


async def erasure_of(key: Owned) -> model.Erasure | None:
    return await erasures.find(key.id, key.owner)


async def session_count(key: tuple[str, model.SessionFilter]) -> int:
    return await mappings.count(*key)


async def sessions_of(keeper: PlaceKeeper, key: SessionsKey) -> tuple[list[model.Session], bool]:
    """Give a page of the list; one that is ordered by activity after all that this process has seen of that."""
    if key.by_activity:
        await keeper.flush_seen()
    return await mappings.page(
        key.owner,
        where=key.where,
        newest_first=key.newest_first,
        by_activity=key.by_activity,
        after=key.after,
        before=key.before,
        limit=key.limit,
        from_end=key.from_end,
    )
