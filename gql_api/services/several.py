"""Changes of several sessions at once: each session whole or not at all, and what came of each is told by its place."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from gql_api import model
from gql_api.errors import Correctable, DatabaseFailure, Invalid, PartlyStored, UpstreamFailure
from gql_api.services import rules
from gql_api.services.sessions import Sessions
from gql_api.store.changing import Change, Retagging

MOST = 100
_AT_ONCE = 8
"""Sessions that are worked on together: each takes several calls of Acontext, and others want some too."""
_IDS = ("input", "ids")

T = TypeVar("T")


class Outcome(NamedTuple, Generic[T]):
    """What was done, in the order of the ids, and why the rest was not."""

    done: list[T]
    problems: list[Correctable]


class Organising(NamedTuple):
    """How sessions are to be organised; None leaves what is there."""

    pinned: bool | None = None
    archived: bool | None = None
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()

    def checked(self) -> Change:
        """Check it; a tag that is added and removed at once is one too many."""
        added = rules.tags(self.add_tags, ("input", "addTags"))
        removed = rules.tags(self.remove_tags, ("input", "removeTags"))
        both = rules.alike(added, removed)
        if both is not None:
            raise Invalid("This tag is to be removed too.", ("input", "addTags", str(both)))
        retagging = Retagging(added, removed) if added or removed else None
        return Change(pinned=self.pinned, archived=self.archived, retagging=retagging)


class SeveralSessions:
    """The writes to several sessions of one user."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def organise(self, owner: str, ids: Sequence[UUID], wanted: Organising) -> Outcome[model.Session]:
        """Change sessions alike; raise `Invalid` or `TooLarge` where nothing can be done of it."""
        _check(ids)
        change = wanted.checked()
        return await _each(ids, lambda id: self._sessions.organise(owner, id, change))

    async def delete(self, owner: str, ids: Sequence[UUID]) -> Outcome[UUID]:
        """Delete sessions; raise `Invalid` where there are too many."""
        _check(ids)

        async def deleted(id: UUID) -> UUID:
            await self._sessions.delete(owner, id)
            return id

        return await _each(ids, deleted)


def _check(ids: Sequence[UUID]) -> None:
    if not 1 <= len(ids) <= MOST:
        raise Invalid(f"A list has 1 to {MOST} ids.", _IDS)


async def _each(ids: Sequence[UUID], do: Callable[[UUID], Awaitable[T]]) -> Outcome[T]:
    """Do it for each session, one that is named twice once; raise a failure where nothing was done at all."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def tried(id: UUID) -> T:
        async with room:
            return await do(id)

    places = {id: place for place, id in reversed([*enumerate(ids)])}
    named = sorted(places, key=places.__getitem__)
    found = await asyncio.gather(*map(tried, named), return_exceptions=True)
    done: list[T] = []
    failures: list[tuple[int, BaseException]] = []
    for id, one in zip(named, found, strict=True):
        if isinstance(one, BaseException):
            failures.append((places[id], one))
        else:
            done.append(one)
    return Outcome(done, [_told(failure, place, is_alone=not done) for place, failure in failures])


def _told(failure: BaseException, place: int, *, is_alone: bool) -> Correctable:
    path = (*_IDS, str(place))
    if isinstance(failure, Correctable):
        return type(failure)(failure.message, path)
    if is_alone or not isinstance(failure, UpstreamFailure | DatabaseFailure):
        raise failure
    return PartlyStored(f"Only a part of the sessions is known to be changed: {failure.message}", path)
