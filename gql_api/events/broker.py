"""The seam that events pass: what they are, and what is promised of those who carry them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessagesStored:
    """Messages were stored in a session: a reason to read it now. Which ones, only Acontext says."""

    session_id: UUID


class ListChange(Enum):
    """What happened to a session of a user's list."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    ACTIVE = "active"
    """Something was said in it, and it is written down when; told of each session now and then, not of each message."""


@dataclass(frozen=True, slots=True)
class ListChanged:
    """A user's list of sessions changed; the user is named by `owner_key`."""

    change: ListChange
    owner: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class UserErased:
    """All sessions of a user are gone at once; the user is named by `owner_key`."""

    owner: str


Event = MessagesStored | ListChanged | UserErased


def owner_key(owner: str) -> str:
    """Name a user in events: of fixed length, whatever the identifier, and not readable as it."""
    return blake2b(owner.encode(), digest_size=16).hexdigest()


class Broker(Protocol):
    """Carries events. They may be lost, and come twice: who needs every change reads again in time, or when told."""

    @property
    def is_whole(self) -> bool:
        """Whether the events of all processes arrive now."""
        ...

    def publish(self, event: Event) -> None:
        """Tell this process at once, and others soon; never waits and never raises."""
        ...

    def listening(self, hear: Callable[[Event], None], *, missed: Callable[[], None]) -> AbstractContextManager[None]:
        """Let the block be told of events; `missed` is called when some of other processes may have been lost."""
        ...
