"""Which part of a conversation is wanted, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gql_api import model


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


def place(message: model.Message) -> Place:
    """Tell where a message stands."""
    return Place(message.created_at, message.id)


def bound(place: Place | None) -> tuple[datetime, UUID] | None:
    """Give a place as what knows Acontext's list alone takes it."""
    return (place.created_at, place.id) if place else None


def behind(after: Place | None, messages: Sequence[model.Message]) -> list[model.Message]:
    """Give the messages that come after a place; without one, all."""
    return [message for message in messages if after is None or place(message) > after]
