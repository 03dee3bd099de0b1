"""Pieces of work that take time, and those who are told when one begins and ends; what they make of it is theirs."""

import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Work:
    """Something under way. `outcome` and the rest are filled in by who does it, before it ends."""

    outcome: str = "ok"
    seconds: float = 0.0
    parent: "Work | None" = field(default=None, repr=False)
    span: Any = field(default=None, repr=False)
    """What a tracing listener keeps here."""


@dataclass(slots=True, eq=False, kw_only=True)
class Operation(Work):
    """A GraphQL request. Its name and type are known once its document was found to be valid."""

    name: str | None = None
    type: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, kw_only=True)
class Stream(Work):
    """A subscription, from its begin to its end; `operation` is filled in when its document was found valid."""

    operation: Operation
    events: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Event(Work):
    """An event that a subscriber is told."""

    stream: Stream


@dataclass(slots=True, eq=False, kw_only=True)
class Batch(Work):
    """What one loader asks for at once."""

    loader: str
    size: int


@dataclass(slots=True, eq=False, kw_only=True)
class Call(Work):
    """One try to call Acontext; without a route it never left."""

    route: str | None = None
    host: str | None = None
    port: int | None = None
    status: int | None = None
    resent: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Wait(Work):
    """Waiting for a session that others write to."""


@dataclass(slots=True, eq=False, kw_only=True)
class Finishing(Work):
    """The sweep at a session that was left half made (`creating`) or half deleted (`deleting`)."""

    state: str


class Listener(Protocol):
    """Is told of all work. It must be quick; what it raises is logged and goes no further."""

    def began(self, work: Work) -> None:
        """Take notice of work that begins; its parent is known."""
        ...

    def ended(self, work: Work) -> None:
        """Take notice of its end."""
        ...

    def retried(self, route: str | None) -> None:
        """Take notice of a call of Acontext that is tried again."""
        ...


@dataclass(slots=True, eq=False)
class Surroundings:
    """What work is done within: who is told of it, and what a request adds."""

    listeners: Sequence[Listener] = ()


W = TypeVar("W", bound=Work)
S = TypeVar("S", bound=Surroundings)

surroundings: ContextVar[Surroundings] = ContextVar("surroundings", default=Surroundings())  # noqa: B039 - never changed
_at: ContextVar[Work | None] = ContextVar("work", default=None)


class Within(Generic[S]):
    """A block that is done within these surroundings, with the tasks that it starts."""

    __slots__ = ("_surroundings", "_token")

    def __init__(self, surroundings: S) -> None:
        self._surroundings = surroundings

    def __enter__(self) -> S:
        self._token = surroundings.set(self._surroundings)
        return self._surroundings

    def __exit__(self, *_: object) -> None:
        surroundings.reset(self._token)


def listening(listeners: Sequence[Listener]) -> AbstractContextManager[object]:
    """Let the block, and the tasks that it starts, tell these listeners; it belongs to no request."""
    return Within(Surroundings(listeners))


def is_watched() -> bool:
    """Tell whether anybody listens."""
    return bool(surroundings.get().listeners)


def at() -> Work | None:
    """Give the work at hand, the innermost."""
    return _at.get()


class Doing(Generic[W]):
    """A block that does a piece of work; an exception that passes ends it with what `outcome` says by then."""

    __slots__ = ("_began", "_listeners", "_token", "work")

    def __init__(self, work: W) -> None:
        self.work = work

    def __enter__(self) -> W:
        work = self.work
        self._listeners = surroundings.get().listeners
        work.parent = _at.get()
        self._token = _at.set(work)
        for listener in self._listeners:
            try:
                listener.began(work)
            except Exception as failure:
                _ignore(failure)
        self._began = time.perf_counter()
        return work

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.work.seconds = time.perf_counter() - self._began
        _at.reset(self._token)
        for listener in self._listeners:
            try:
                listener.ended(self.work)
            except Exception as failure:
                _ignore(failure)


def doing(work: W) -> Doing[W]:
    """Do a piece of work in a block."""
    return Doing(work)


def retried(route: str | None) -> None:
    """Tell that a call is tried again."""
    for listener in surroundings.get().listeners:
        try:
            listener.retried(route)
        except Exception as failure:
            _ignore(failure)


def _ignore(failure: Exception) -> None:
    """Go on: nothing that only watches may stop what it watches."""
    _LOG.warning("a listener failed: %s", type(failure).__name__)
