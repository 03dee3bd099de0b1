"""Calls that an operation has only so many of, whatever its document asks for; how each is made is left to others."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from gql_api import request_scope
from gql_api.errors import CostLimitExceeded
from gql_api.upstream.guarded_calls import GuardedCalls
from gql_api.upstream.kinds import Kind

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient

A = TypeVar("A")
T = TypeVar("T")


class CountedCalls:
    """Makes guarded calls on behalf of loaders: `most` for each request, and any number where none is at hand.

    Services call without this, since a write that has begun must come to its end.
    """

    def __init__(self, calls: GuardedCalls, most: int) -> None:
        self._calls = calls
        self._most = most

    def __call__(self, kind: Kind, ask: "Callable[[AcontextAsyncClient], Awaitable[T]]") -> Awaitable[T]:
        """Return what `ask` gets, as `GuardedCalls` does; raise `CostLimitExceeded` at once."""
        self._count()
        return self._calls(kind, ask)

    def reading(
        self, kind: Kind, ask: "Callable[[AcontextAsyncClient], Awaitable[A]]", read: Callable[[A], T]
    ) -> Awaitable[T]:
        """Return what `read` makes of the answer; raise `CostLimitExceeded` at once."""
        self._count()
        return self._calls.reading(kind, ask, read)

    def _count(self) -> None:
        request = request_scope.current()
        if request is None:
            return
        if request.calls >= self._most:
            raise CostLimitExceeded(
                f"One operation reads from Acontext at most {self._most} times: ask for fewer things, or by pages."
            )
        request.calls += 1
