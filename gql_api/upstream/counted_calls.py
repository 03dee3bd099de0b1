"""Calls that an operation has only so many of, whatever its document asks for; how each is made is left to others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gql_api import request_scope
from gql_api.errors import CostLimitExceeded
from gql_api.request_scope import Room
from gql_api.upstream.guarded_calls import GuardedCalls
from gql_api.upstream.kinds import Kind, Size

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one operation may have of Acontext: so many calls, bytes of answers, and bytes of files and media."""

    calls: int
    answers: int
    files: int


class CountedCalls:
    """Makes guarded calls on behalf of loaders: within bounds for each request, and any where none is at hand.

    Services call without this, since a write that has begun must come to its end.
    """

    def __init__(self, calls: GuardedCalls, bounds: Bounds) -> None:
        self._calls = calls
        self._bounds = bounds

    def __call__(self, kind: Kind, ask: "Callable[[AcontextAsyncClient], Awaitable[T]]") -> Awaitable[T]:
        """Return what `ask` gets, as `GuardedCalls` does; raise `CostLimitExceeded` at once."""
        return self._calls.reading(kind, ask, _as_it_is, self._counted(kind))

    def reading(
        self, kind: Kind, ask: "Callable[[AcontextAsyncClient], Awaitable[A]]", read: Callable[[A], T]
    ) -> Awaitable[T]:
        """Return what `read` makes of the answer; raise `CostLimitExceeded` at once."""
        return self._calls.reading(kind, ask, read, self._counted(kind))

    def _counted(self, kind: Kind) -> Room | None:
        """Count a call, and give the room for its answer."""
        request = request_scope.current()
        if request is None:
            return None
        if request.calls >= self._bounds.calls:
            raise CostLimitExceeded(
                f"One operation reads from Acontext at most {self._bounds.calls} times: ask for fewer things, or by "
                "pages."
            )
        request.calls += 1
        rooms = request.rooms
        room = rooms.get(kind.size)
        if room is None:
            room = rooms[kind.size] = Room(self._bounds.files if kind.size is Size.TRANSFER else self._bounds.answers)
        return room


def _as_it_is(answer: T) -> T:
    return answer
