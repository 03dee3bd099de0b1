"""One session held against other processes, by a lease on its row: taken in turn, renewed, and given back at once.

Between two statements nothing is held but the row's own word: while Acontext works, no connection waits. Who may be
next in this process is said in `locks`.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, DatabaseFailure, DatabaseUnavailable, UpstreamTimeout
from gql_api.services import rules
from gql_api.services.ownership import own_session
from gql_api.store import leases

_LOG = logging.getLogger(__name__)

RENEWAL, SPARE = 1.0, 5.0
"""Seconds between two renewals, and how much longer than a call a lease is that was made longer for it."""
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.005, 0.05, 1.5
"""Seconds that one waits before it looks again whether the session is free."""
WISHING = 0.5
"""Seconds after which one who still waits says so again."""
COURTESY = 0.1
"""Seconds that a process leaves a session to another one that wishes for it: longer than any pause of that one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Who holds, for how long at a time, and how long one call that writes may take, and one that moves a file."""

    holder: str
    seconds: float
    call_seconds: float
    transfer_seconds: float


class Lease:
    """A session's lease as this process knows it: by a clock of its own, begun before the database's was asked.

    Afterwards `is_wanted` tells whether another process waits for the session.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._seconds = terms.seconds
        self._hold: leases.Hold | None = None
        self._until = 0.0
        self._limit: asyncio.Timeout | None = None
        self._hindrance: Exception | None = None
        self.is_wanted = False

    @asynccontextmanager
    async def holding(self, owner: str, id: UUID, *, deadline: float, path: rules.Path) -> AsyncIterator[model.Session]:
        """Hold this owner's session; raise `NotFound`, or `Busy` when it was not free before the deadline.

        What is done meanwhile is cancelled where the lease could not be renewed: it ends before another may begin.
        """
        try:
            session = await self._wait(owner, id, deadline=deadline, path=path)
            async with self._limited():
                yield session
        finally:
            await _to_the_end(self._release())

    async def confirm(self, *, transfer: bool = False) -> None:
        """Make sure that one more call ends within the lease; raise `Busy` when another has taken over."""
        call = self._terms.transfer_seconds if transfer else self._terms.call_seconds
        self._seconds = max(self._terms.seconds, call + SPARE if transfer else 0)
        if self._until - _now() < call and not await self._renew():
            raise Busy("This write took too long, and another has begun; what was left of it is not done.", ("input",))

    async def _wait(self, owner: str, id: UUID, *, deadline: float, path: rules.Path) -> model.Session:
        pause, wish_at = _FIRST_PAUSE, 0.0
        while True:
            await _to_the_end(self._take(owner, id))
            if self._hold:
                return self._hold.session
            await own_session(owner, id, path)
            left = deadline - _now()
            if left <= 0:
                raise Busy("Other writes to this session have not ended yet; try again.", ("input",))
            if _now() >= wish_at:
                await leases.wish(id, holder=self._terms.holder)
                wish_at = _now() + WISHING
            # Several servers that wait for one session shall not go on asking at the same time.
            await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.5)))  # noqa: S311 - guards nothing
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(self._until) as self._limit:
                renewing = loop.create_task(self._keep())
                try:
                    yield
                finally:
                    renewing.cancel()
        except TimeoutError:
            if self._limit is None or not self._limit.expired():
                raise
            message = "The session could not be held on to; the write may have taken effect."
            if isinstance(self._hindrance, DatabaseFailure):
                raise DatabaseUnavailable(message) from self._hindrance.__cause__
            raise UpstreamTimeout(message) from None

    async def _take(self, owner: str, id: UUID) -> None:
        asked = _now()
        self._hold = await leases.take(owner, id, holder=self._terms.holder, seconds=self._seconds)
        self._until = asked + self._seconds

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            try:
                if not await self._renew():
                    return
                self._hindrance = None
            except Exception as error:  # the edge of a background task: the next round tries again
                if self._hindrance is None:
                    _LOG.warning("a lease could not be renewed: %s", _named(error))
                self._hindrance = error

    async def _renew(self) -> bool:
        """Hold on from now; where another has taken over, what goes on here is over at once."""
        assert self._hold is not None  # noqa: S101 - only what was taken is renewed
        asked = _now()
        is_ours = await leases.renew(self._hold, seconds=self._seconds)
        self._until = asked + self._seconds if is_ours else asked
        if self._limit and not self._limit.expired():
            self._limit.reschedule(self._until)
        return is_ours

    async def _release(self) -> None:
        if self._hold is None:
            return
        try:
            self.is_wanted = await leases.release(self._hold, wished_within=2 * WISHING)
        except Exception as error:  # what was done is done; the lease ends by itself
            _LOG.warning("a lease could not be released: %s", _named(error))


def _named(error: Exception) -> str:
    return error.for_log if isinstance(error, DatabaseFailure) else type(error).__name__


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _to_the_end(statement: Coroutine[Any, Any, None]) -> None:
    """Let a statement end although its request is cancelled: else nobody would know whether the session is held."""
    task = asyncio.ensure_future(statement)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
