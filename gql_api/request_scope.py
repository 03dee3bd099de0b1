"""What the layers below know of the request they work for: until when, and whose turn it is; the web sets it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class RequestScope:
    """One request. Two scopes are never equal: each is a lane of its own where requests take turns."""

    deadline: float
    """By the event loop's clock."""

    @property
    def seconds_left(self) -> float:
        """How long the request may still take; below 0 when its time is over."""
        return self.deadline - asyncio.get_running_loop().time()


_current: ContextVar[RequestScope | None] = ContextVar("request_scope", default=None)


def current() -> RequestScope | None:
    """Give the request at hand; None in background work, which has no deadline."""
    return _current.get()


@contextmanager
def request_within(seconds: float) -> Iterator[RequestScope]:
    """Let the block, and the tasks that it starts, be one request that may take so long."""
    scope = RequestScope(asyncio.get_running_loop().time() + seconds)
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


@contextmanager
def no_request() -> Iterator[None]:
    """Let the block, and the tasks that it starts, be background work: what tidies up must outlive a deadline."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)
