"""What the layers below know of the request they work for: until when, and whose turn it is; the web sets it."""

import asyncio
from collections.abc import Hashable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import ClassVar, Generic, TypeVar

_SHARE, _LONGEST_WAIT = 0.7, 20.0
"""How much of a request's time one waits, and for how many seconds where it has no end."""
S = TypeVar("S", bound="RequestScope | None")


class Exceeded(Exception):
    """More came than there was room for; `most` is how many bytes that were."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} bytes")
        self.most = most


class OneTooLarge(Exceeded):
    """More came in one answer than any may have."""


class Room:
    """How many bytes may still be received, by whatever calls share it."""

    __slots__ = ("_left", "_most")
    exceeded: ClassVar[type[Exceeded]] = Exceeded

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def take(self, size: int) -> None:
        """Count what has come; raise `Exceeded` as soon as it is too much."""
        self._left -= size
        if self._left < 0:
            raise self.exceeded(self._most)

    def expect(self, size: int) -> None:
        """Raise what `take` would, for what is announced and has not come yet."""
        if size > self._left:
            raise self.exceeded(self._most)


class RoomOfOne(Room):
    """How many bytes one answer may have, whoever asks."""

    __slots__ = ()
    exceeded = OneTooLarge


class RequestScope:
    """One request. Two scopes are never equal: each is a lane of its own where requests take turns."""

    __slots__ = ("calls", "deadline", "loop", "rooms")

    def __init__(self, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        self.loop = loop
        """The one it runs on: Python asks the kernel for the process each time that it is asked for the loop."""
        self.deadline = deadline
        """By the event loop's clock."""
        self.calls = 0
        """How often its loaders have called Acontext."""
        self.rooms: dict[Hashable, Room] = {}
        """What its loaders may still receive, by kinds of answers."""

    @property
    def seconds_left(self) -> float:
        """How long the request may still take; below 0 when its time is over."""
        return self.deadline - self.loop.time()


_current: ContextVar[RequestScope | None] = ContextVar("request_scope", default=None)


def current() -> RequestScope | None:
    """Give the request at hand; None in background work, which has no deadline."""
    return _current.get()


class _Current(Generic[S]):
    __slots__ = ("_scope", "_token")

    def __init__(self, scope: S) -> None:
        self._scope = scope

    def __enter__(self) -> S:
        self._token = _current.set(self._scope)
        return self._scope

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def patience() -> float:
    """Tell how many seconds one may wait for what goes on by itself, or is gone on with: the rest is for the answer."""
    request = current()
    return max(0.0, _SHARE * request.seconds_left) if request else _LONGEST_WAIT


def request_within(seconds: float) -> AbstractContextManager[RequestScope]:
    """Let the block, and the tasks that it starts, be one request that may take so long from now."""
    loop = asyncio.get_running_loop()
    return _Current(RequestScope(loop, loop.time() + seconds))


def no_request() -> AbstractContextManager[None]:
    """Let the block, and the tasks that it starts, be background work: what tidies up must outlive a deadline."""
    return _Current(None)
