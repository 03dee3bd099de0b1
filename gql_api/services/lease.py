"""One session held against other processes, by a lease on its row: taken in turn, renewed, and given back at once.

Between two statements nothing is held but the row's own word: while Acontext works, no connection waits. Who may be
next in this process is said in `locks`.
"""

import asyncio
import logging
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, DatabaseFailure, DatabaseUnavailable, UpstreamTimeout
from gql_api.later import Due, Later
from gql_api.services import rules
from gql_api.services.ownership import own_session
from gql_api.services.taking import Taking
from gql_api.store import leases

_LOG = logging.getLogger(__name__)

RENEWAL, SPARE = 1.0, 5.0
"""Seconds between two renewals, and how much longer than a call a lease is that was made longer for it."""
_STEP = 0.05
_LATER = Later(_STEP)
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

    It is taken, watched while work goes on, and released. Afterwards `is_wanted` tells whether another process waits
    for the session.
    """

    def __init__(self, terms: Terms, taking: Taking) -> None:
        self._terms = terms
        self._taking = taking
        self._loop = asyncio.get_running_loop()
        self._seconds = terms.seconds
        self._hold: leases.Hold | None = None
        self._until = 0.0
        self._limit = asyncio.timeout(None)
        self._first_look: Due | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._hindrance: Exception | None = None
        self.is_wanted = False

    async def take(self, owner: str, id: UUID, *, deadline: float, path: rules.Path) -> model.Session:
        """Hold this owner's session; raise `NotFound`, or `Busy` when it was not free before the deadline."""
        # Who has just answered may not have let go yet, and it is too early to wish for what is free in a moment.
        pause, wish_at = _FIRST_PAUSE, self._loop.time() + _FIRST_PAUSE / 2
        while not await self._is_taken(owner, id):
            await own_session(owner, id, path)
            left = deadline - self._loop.time()
            if left <= 0:
                raise Busy("Other writes to this session have not ended yet; try again.", ("input",))
            if self._loop.time() >= wish_at:
                await leases.wish(id, holder=self._terms.holder)
                wish_at = self._loop.time() + WISHING
            # Several servers that wait for one session shall not go on asking at the same time.
            await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.5)))  # noqa: S311 - guards nothing
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        return self._held.session

    async def __aenter__(self) -> None:
        """Renew it during the block, which is cancelled where that fails: it ends before another may begin."""
        await self._limit.__aenter__()
        soon = min(RENEWAL, self._until - self._loop.time() - _STEP)
        self._first_look = _LATER.put(self._loop, max(0.0, soon), self._watch)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._first_look:
            self._first_look.discard(self._watch)
        if self._renewing:
            self._renewing.cancel()
        try:
            await self._limit.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise self._lost() from self._cause()
        if isinstance(error, TimeoutError) and self._limit.expired():
            raise self._lost() from self._cause()

    async def confirm(self, *, transfer: bool = False) -> None:
        """Make sure that one more call ends within the lease; raise `Busy` when another has taken over."""
        call = self._terms.transfer_seconds if transfer else self._terms.call_seconds
        self._seconds = max(self._terms.seconds, call + SPARE if transfer else 0)
        if self._until - self._loop.time() < call and not await self._renew():
            raise Busy("This write took too long, and another has begun; what was left of it is not done.", ("input",))

    async def release(self) -> None:
        """Give it back, if it was taken; a failure is logged, for what was done is done, and a lease ends by itself."""
        if self._hold is None:
            return
        try:
            self.is_wanted = await leases.release(self._hold, wished_within=2 * WISHING)
        except Exception as error:  # the edge of what nobody waits for
            _LOG.warning("a lease could not be released: %s", _named(error))

    @staticmethod
    async def release_all(given_up: Sequence["Lease"]) -> None:
        """Give several back in one statement; those that it leaves out, and one that is alone, each by its own."""
        left = list(given_up)
        if len(left) > 1:
            try:
                free = await leases.release_all([one._held for one in left], wished_within=2 * WISHING)
            except Exception as error:  # as in `release`
                for _ in left:
                    _LOG.warning("a lease could not be released: %s", _named(error))
                return
            for one in left:
                one.is_wanted = free.get(one._held.session.id, False)
            left = [one for one in left if one._held.session.id not in free]
        await asyncio.gather(*(one.release() for one in left))

    @property
    def _held(self) -> leases.Hold:
        assert self._hold is not None  # noqa: S101 - only what was taken is asked for
        return self._hold

    async def _is_taken(self, owner: str, id: UUID) -> bool:
        asked = self._loop.time()
        try:
            self._hold = await self._taking.take(owner, id)
        except asyncio.CancelledError:
            await _to_the_end(self._release_any(id))
            raise
        self._until = asked + self._seconds
        return self._hold is not None

    async def _release_any(self, id: UUID) -> None:
        """Give back what may have been taken: the statement has ended, but nobody knows how."""
        try:
            self.is_wanted = await leases.release_any(id, holder=self._terms.holder, wished_within=2 * WISHING)
        except Exception as error:  # as in `release`
            _LOG.warning("a lease could not be released: %s", _named(error))

    def _watch(self) -> None:
        """Begin to renew, and to end in time: most work is over before this is called."""
        self._limit.reschedule(self._until)
        self._renewing = self._loop.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            try:
                if not await self._renew():
                    return
                self._hindrance = None
            except Exception as error:  # the edge of a background task: the next round tries again
                if self._hindrance is None:
                    _LOG.warning("a lease could not be renewed: %s", _named(error))
                self._hindrance = error
            await asyncio.sleep(RENEWAL)

    async def _renew(self) -> bool:
        """Hold on from now; where another has taken over, what goes on here is over at once."""
        asked = self._loop.time()
        is_ours = await leases.renew(self._held, seconds=self._seconds)
        self._until = asked + self._seconds if is_ours else asked
        if not self._limit.expired():
            self._limit.reschedule(self._until)
        return is_ours

    def _lost(self) -> DatabaseUnavailable | UpstreamTimeout:
        message = "The session could not be held on to; the write may have taken effect."
        return (
            DatabaseUnavailable(message) if isinstance(self._hindrance, DatabaseFailure) else UpstreamTimeout(message)
        )

    def _cause(self) -> BaseException | None:
        return self._hindrance.__cause__ if isinstance(self._hindrance, DatabaseFailure) else None


def _named(error: Exception) -> str:
    return error.for_log if isinstance(error, DatabaseFailure) else type(error).__name__


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Let this end although it is cancelled once more."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
