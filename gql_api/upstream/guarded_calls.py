"""One guarded call of the SDK: its turn, its time, its failures told apart, and another try where that does no harm."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING, TypeVar

import stamina

from gql_api import request_scope
from gql_api.later import Later, Limit
from gql_api.request_scope import RequestScope, Room, RoomOfOne
from gql_api.upstream.breaker import Breaker
from gql_api.upstream.exchange import Exchange, exchange
from gql_api.upstream.failures import Fate, Late, Unavailable
from gql_api.upstream.fair_limiter import FairLimiter
from gql_api.upstream.kinds import Kind, Size
from gql_api.upstream.measuring import Measured
from gql_api.upstream.translate import translated

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient

A = TypeVar("A")
T = TypeVar("T")

ATTEMPTS = 3
FIRST_SHARE = 0.4
"""How much of a request's time the first try may take where there may be others."""
LARGEST_ANSWER = 32 * 1024 * 1024
_LEAST = 0.05
"""Seconds that a try must have before it is worth while."""
_LONGEST_PAUSE = 30
_STEP = 0.05
"""Seconds that a call may take more than it is given."""
_CROWD = 4
"""How many times as many calls wait as are made at a time, where it is crowded."""
_OVER = "The time that a request may take is over."
_CLOSED = "This server ends, and asks Acontext for nothing more."


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one process: calls at a time, seconds for one call of each size, and bytes of one answer."""

    concurrency: int
    seconds: float
    transfer_seconds: float
    answer: int = LARGEST_ANSWER

    def of(self, size: Size) -> float:
        """Give the seconds that one call may take, waiting for its turn not included."""
        return self.transfer_seconds if size is Size.TRANSFER else self.seconds


class GuardedCalls:
    """Runs SDK calls. Requests share the bound on calls at a time fairly; background work is one more of them.

    An in-process transport knows no timeouts, so they are kept here. A call ends with its request: when the request's
    time is over, and when its task is cancelled.
    """

    def __init__(self, client: "AcontextAsyncClient", limits: Limits, breaker: Breaker) -> None:
        self._client = client
        self._limits = limits
        self._breaker = breaker
        self._turns = FairLimiter(limits.concurrency)
        self._later = Later(_STEP)
        self._is_closed = False

    def close(self) -> None:
        """Call no more: the client is about to be closed, though some may still be tidying up who were cut off."""
        self._is_closed = True

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return self._turns.waiting

    @property
    def is_crowded(self) -> bool:
        """Whether so many calls wait that who has many to make loses nothing by making few at a time."""
        return self._turns.waiting >= _CROWD * self._limits.concurrency

    @property
    def is_open(self) -> bool:
        """Whether the circuit breaker is open: Acontext is left alone for a while."""
        return self._breaker.is_open

    async def ping(self) -> None:
        """Ask whether Acontext is there and takes the key; raise one of our failures. How long is the caller's to say.

        No turn is waited for, and an open breaker is no hindrance: nothing else might ever close it again where those
        who ask for readiness keep the requests away.
        """
        token = exchange.set(Exchange(RoomOfOne(self._limits.answer)))
        try:
            with translated():
                await self._client.ping()
        finally:
            exchange.reset(token)

    async def __call__(self, kind: Kind, ask: "Callable[[AcontextAsyncClient], Awaitable[T]]") -> T:
        """Return what `ask` gets from the SDK's client, or raise one of our failures."""
        return await self.reading(kind, ask, lambda answer: answer)

    async def reading(
        self,
        kind: Kind,
        ask: "Callable[[AcontextAsyncClient], Awaitable[A]]",
        read: Callable[[A], T],
        room: Room | None = None,
    ) -> T:
        """Return what `read` makes of the answer; an answer that it cannot read is Acontext's failure too.

        Raises `CostLimitExceeded` where the answer does not fit into the room; without one, `TooMuch` where it is
        larger than any may be.
        """
        told = Exchange(room, is_alone=room is None)
        attempt = partial(self._ask, ask, read, told)
        token = exchange.set(told)
        try:
            # Not within stamina, which takes a tenth of a millisecond for each call.
            return await self._once(kind, attempt, share=FIRST_SHARE if Fate.LATE in kind.again else 1)
        except (Unavailable, Late) as failure:
            return await self._again(failure, kind, attempt, told)
        finally:
            exchange.reset(token)

    async def _again(
        self, failure: Unavailable | Late, kind: Kind, attempt: Callable[[], Awaitable[T]], told: Exchange
    ) -> T:
        """Try again after a first failure, with pauses that grow and differ; raise the last failure."""
        on = partial(_pause, kind, told)
        async for trial in stamina.retry_context(on, attempts=ATTEMPTS, timeout=None, wait_max=2, wait_jitter=0.2):
            with trial:
                if trial.num == 1:
                    raise failure
                return await self._once(kind, attempt, share=1)
        raise failure

    async def _ask(
        self, ask: "Callable[[AcontextAsyncClient], Awaitable[A]]", read: Callable[[A], T], told: Exchange
    ) -> T:
        if self._is_closed:
            raise Unavailable(_CLOSED, Fate.CLOSED)
        told.retry_after = None
        if told.is_alone:
            told.room = RoomOfOne(self._limits.answer)  # another try has an answer of its own
        return read(await ask(self._client))

    async def _once(self, kind: Kind, ask: Callable[[], Awaitable[T]], *, share: float) -> T:
        request = request_scope.current()
        loop = request.loop if request else asyncio.get_running_loop()
        left = request.seconds_left if request else inf
        if left <= 0:
            raise Late(_OVER)
        if not self._turns.take_at_once():
            await self._wait(request)
            left = request.seconds_left if request else inf
        try:
            longest = self._limits.of(kind.size)
            seconds = min(longest, share * left)
            late_counts = not kind.costly and seconds >= longest
            with Measured(), self._breaker.guarding(late_counts=late_counts), translated():
                async with Limit(self._later, loop, seconds):
                    return await ask()
        finally:
            self._turns.give_back()

    async def _wait(self, request: RequestScope | None) -> None:
        """Wait for a turn, as long as the request may."""
        if request is None:
            await self._turns.take(None)
            return
        try:
            async with Limit(self._later, request.loop, request.seconds_left):
                await self._turns.take(request)
        except TimeoutError:
            raise Late(_OVER) from None


def _pause(kind: Kind, told: Exchange, failure: Exception) -> bool | timedelta:
    """Tell whether to try again, and after which time if Acontext named one."""
    if not isinstance(failure, Unavailable | Late) or failure.fate not in kind.again:
        return False
    pause, request = told.retry_after or 0, request_scope.current()
    if pause > _LONGEST_PAUSE or (request and request.seconds_left < pause + _LEAST):
        return False
    return timedelta(seconds=pause) if pause else True
