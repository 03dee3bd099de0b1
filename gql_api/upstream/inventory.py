"""Walks through all sessions, disks and users of the project, for whoever has to look at very many of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from uuid import UUID

from gql_api.upstream import cursor
from gql_api.upstream.kinds import READ

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient

    from gql_api.upstream.counted_calls import CountedCalls
    from gql_api.upstream.guarded_calls import GuardedCalls

T = TypeVar("T")
Things = Literal["sessions", "disks"]
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A session or a disk as it stands in a list; `owner` is Acontext's own id of its user, None without one."""

    id: UUID
    created_at: datetime
    owner: UUID | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, oldest first. `place` is where the next one begins, should there be more by then."""

    items: list[T]
    place: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class User:
    """An Acontext user: its id there, by which lists name it, and what it is called."""

    id: UUID
    identifier: str


class InventoryCalls:
    """One method a call."""

    def __init__(self, call: "GuardedCalls") -> None:
        self._call = call

    async def page(self, things: Things, place: str | None) -> Page[Listed]:
        """Read the next 200 from this place on; None is the beginning."""
        return await self._call.reading(
            READ, lambda sdk: _of(sdk, things).list(limit=_PAGE, cursor=place), lambda answer: _page(answer, place)
        )

    async def users(self, place: str | None) -> Page[User]:
        """Read the next 200 users from this place on; None is the beginning."""
        return await self._call.reading(
            READ, lambda sdk: sdk.users.list(limit=_PAGE, cursor=place), lambda answer: _users(answer, place)
        )

    async def is_of(self, user: str, things: Things, listed: Listed) -> bool:
        """Tell whether it belongs to this Acontext user."""
        return await is_of(self._call, user, things, id=listed.id, created_at=listed.created_at)


async def is_of(
    call: "GuardedCalls | CountedCalls", user: str, things: Things, *, id: UUID, created_at: datetime
) -> bool:
    """Tell whether a session or a disk is this Acontext user's: the first of theirs from its place on is itself."""
    place = cursor.just_before(created_at, id)
    return await call.reading(
        READ,
        lambda sdk: _of(sdk, things).list(user=user, limit=1, cursor=place),
        lambda page: bool(page.items) and UUID(page.items[0].id) == id,
    )


def _of(sdk: "AcontextAsyncClient", things: Things) -> Any:
    return sdk.sessions if things == "sessions" else sdk.disks


def _page(answer: Any, place: str | None) -> Page[Listed]:
    items = [
        Listed(UUID(item.id), cursor.moment(item.created_at), UUID(item.user_id) if item.user_id else None)
        for item in answer.items
    ]
    if items:
        place = cursor.after(items[-1].created_at, items[-1].id)
    return Page(items, place, bool(answer.has_more and items))


def _users(answer: Any, place: str | None) -> Page[User]:
    items = [User(UUID(item.id), item.identifier) for item in answer.items]
    if items:
        place = cursor.after(cursor.moment(answer.items[-1].created_at), items[-1].id)
    return Page(items, place, bool(answer.has_more and items))
