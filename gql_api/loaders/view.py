"""Which part of a conversation is wanted, and what comes of it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from gql_api import model
from gql_api.errors import Failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The place of a message in its conversation: Acontext orders by time, then id."""

    created_at: datetime
    id: UUID


class Window(NamedTuple):
    """Which messages to read, as in the Relay specification; bounds are exclusive. Neither first nor last: all."""

    first: int | None = None
    last: int | None = None
    after: Place | None = None
    before: Place | None = None

    @property
    def is_bounded(self) -> bool:
        return bool(self.after or self.before)


class View(NamedTuple):
    """The messages of a window, oldest first. `total` and `tokens` are of the whole view, None when not yet known.

    `edit_at` is the last message that edits were applied to; `edited_to` is its place, None when they took it out.
    `whole` has all messages of the view where they were read, those of the window among them.
    """

    messages: list[model.Message]
    has_previous: bool
    has_next: bool
    total: int | None = None
    tokens: int | None = None
    edit_at: UUID | None = None
    edited_to: Place | None = None
    whole: list[model.Message] | None = None


Views = dict[UUID, asyncio.Future[View]]
"""Ends of conversations that are being read, or were, by session."""


def place(message: model.Message) -> Place:
    """Tell where a message stands."""
    return Place(message.created_at, message.id)


def bound(place: Place | None) -> tuple[datetime, UUID] | None:
    """Give a place as what knows Acontext's list alone takes it."""
    return (place.created_at, place.id) if place else None


def behind(after: Place | None, messages: Sequence[model.Message]) -> list[model.Message]:
    """Give the messages that come after a place; without one, all."""
    return [message for message in messages if after is None or place(message) > after]


async def shared(views: Views, session_id: UUID, reading: Coroutine[Any, Any, T], view_of: Callable[[T], View]) -> T:
    """Read an end of a conversation, and let whoever asks meanwhile have it too."""
    future = views[session_id] = asyncio.get_running_loop().create_future()
    try:
        found = await reading
    except BaseException as failure:
        future.set_exception(failure if isinstance(failure, Exception) else Failure("The read was given up."))
        future.exception()  # nobody may be waiting for it
        raise
    future.set_result(view_of(found))
    return found
