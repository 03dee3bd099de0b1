"""Makes forks behind those who ask for them, a few at a time, and decides what becomes of one that fails.

One that cannot be made is forgotten and undone; one that cannot be made now is left, for whoever comes later.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, Correctable, DatabaseFailure, ServerStopping, UpstreamFailure
from gql_api.request_scope import no_request
from gql_api.services import rules
from gql_api.services.creation import UNDOING
from gql_api.services.forking.work import Passed, Tools, Work
from gql_api.store import forks, mappings
from gql_api.store.forks import Fork

_LOG = logging.getLogger(__name__)

MOST = 8
"""How many forks a process makes at once."""
_SESSION: rules.Path = ("input", "sessionId")
_FAREWELL = 2.0
_LATER = timedelta(seconds=30)
_LEAST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
_PART = 10
"""The part of its age that a fork which cannot be made now is left alone for."""


class Running(NamedTuple):
    """A fork that is made by this process."""

    work: Work
    task: "asyncio.Task[model.Session]"


class Making:
    """Makes forks while it is open; what is handed over before begins then. Who begins one has the `turn`."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._running: dict[UUID, Running] = {}
        self._handed_over: list[Fork] = []
        self._context: contextvars.Context | None = None
        self._is_stopping = False
        self.turn = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Make forks in the block; at its end each stops between two calls, and another goes on."""
        self._context = contextvars.copy_context()
        for fork in self._handed_over[:MOST]:  # the others' turn comes when the sweep finds them
            self.start(fork)
        try:
            yield self
        finally:
            self._is_stopping = True
            tasks = [running.task for running in self._running.values()]
            if tasks:
                _, late = await asyncio.wait(tasks, timeout=_FAREWELL)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    def now(self) -> datetime:
        """Tell the time."""
        return self._tools.creation.now()

    def lease_end(self) -> datetime:
        """Tell until when what begins now may be at work."""
        return self._tools.creation.lease_end()

    def running(self, id: UUID) -> Running | None:
        """Give the fork, if it is made here."""
        return self._running.get(id)

    def make_room(self) -> None:
        """Raise `Busy` where this process makes as many as it may."""
        if self._context is None or self._is_stopping:
            raise ServerStopping("This server makes no copies now; ask again.")
        if len(self._running) >= MOST:
            raise Busy("This server copies as many sessions as it may; try again later.", _SESSION)

    def start(self, fork: Fork) -> Running:
        """Begin to make a fork that this process holds."""
        assert self._context is not None  # noqa: S101 - it is open
        work = Work(self._tools, fork, is_stopping=lambda: self._is_stopping)
        task = asyncio.create_task(self._run(work), context=self._context.copy())
        self._running[fork.id] = running = Running(work, task)
        task.add_done_callback(_heard)
        return running

    async def go_on(self, fork: Fork) -> Running | None:
        """Go on with a fork that nobody works on; None where another was quicker."""
        async with self.turn:
            if fork.id in self._running:
                return self._running[fork.id]
            self.make_room()
            lease = self.lease_end()
            settled = max(fork.settled, fork.begun)
            held = await forks.hold(fork, lease_until=lease, settled=settled, done=fork.done)
            return self.start(held) if held else None

    async def take_over(self, id: UUID) -> bool:
        """Go on with what another left open, for who has claimed it; False where it is no fork."""
        fork = await forks.find(id)
        if fork is None:
            return False
        if id not in self._running:
            if self._context is None:
                self._handed_over.append(fork)
            elif len(self._running) < MOST:
                self.start(fork)
            else:
                await forks.hold(fork, lease_until=self.now() + _LATER, settled=fork.settled, done=fork.done)
        return True

    async def _run(self, work: Work) -> model.Session:
        try:
            with no_request():
                return await self._tried(work)
        finally:
            del self._running[work.fork.id]

    async def _tried(self, work: Work) -> model.Session:
        try:
            return await work.run()
        except Passed:
            raise
        except Correctable as problem:
            _LOG.info("a fork is given up: %s", problem.code)
            await self.give_up(work)
            raise
        except (UpstreamFailure, ServerStopping) as failure:
            pause = timedelta()
            if isinstance(failure, UpstreamFailure):
                _LOG.warning("a fork is left for later: %s", failure.code)
                pause = _pause(self.now() - work.fork.begun)
            with suppress(DatabaseFailure, Passed):
                await work.let_go(pause)
            raise

    async def give_up(self, work: Work) -> None:
        """Forget the fork, and undo what there is of it; what cannot be undone now is left to the sweep."""
        try:
            async with asyncio.timeout(UNDOING):
                with no_request():
                    await self._undo(work)
        except (UpstreamFailure, DatabaseFailure, TimeoutError) as failure:
            _LOG.warning("a fork that was given up is left to the sweep: %s", type(failure).__name__)

    async def _undo(self, work: Work) -> None:
        creation, fork = self._tools.creation, work.fork
        if not await forks.forget(fork, lease_until=creation.lease_end()):
            return
        if fork.plan:
            await creation.undo(fork.id, fork.nonce)
        if work.is_settled:
            await mappings.abandon(fork.id, nonce=fork.nonce)


def _pause(age: timedelta) -> timedelta:
    """Give the time to leave Acontext alone: the longer it cannot be made, the longer."""
    return min(max(_LEAST_PAUSE, age / _PART), _LONGEST_PAUSE)


def _heard(task: "asyncio.Task[model.Session]") -> None:
    """Hear of a failure, which nobody may be waiting for; what is no failure of ours is a fault, and logged."""
    failure = None if task.cancelled() else task.exception()
    if failure and not isinstance(failure, Correctable | UpstreamFailure | DatabaseFailure | ServerStopping):
        _LOG.error("a fork failed", exc_info=failure)
