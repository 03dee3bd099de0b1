"""One writer per session: a queue in this process, and in front of other processes a lease on the session's row."""

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy
from gql_api.services import rules
from gql_api.services.lease import COURTESY, Lease, Terms
from gql_api.services.ownership import own_session
from gql_api.services.taking import Taking
from gql_api.telemetry import Wait, doing

_LOG = logging.getLogger(__name__)

_FAREWELL = 2.0
"""Seconds that the last leases may take to be given back."""
_TOGETHER = 0.002
"""Seconds in which leases are gathered that go back in one statement: less than anybody waits before another look."""


class Held(NamedTuple):
    """A session that nobody else writes to now, as it is since then."""

    session: model.Session
    lease: Lease | None = None

    async def confirm(self, *, transfer: bool = False) -> None:
        """Make sure, before each call that writes, that it is so until that call ends; raise `Busy`.

        `transfer` is for a call that moves a whole file.
        """
        if self.lease:
            await self.lease.confirm(transfer=transfer)


class _Queue(asyncio.Lock):
    """Those of this process who want one session."""

    def __init__(self) -> None:
        super().__init__()
        self.users = 0


class SessionLocks:
    """Locks that exist only while somebody holds or awaits them; in this process first come, first served.

    Acontext shuffles messages that are stored at once and forks their parent chain, and fails one of two uploads to
    one disk, so the writes of a session go one after the other. Without `terms` this process is the only one.

    A lease is given back behind who held it, who need not wait for that; who comes next in this process does, and
    has it given back at once.
    """

    def __init__(self, *, patience: float, terms: Terms | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._terms = terms
        self._taking = Taking(terms.holder, terms.seconds) if terms else None
        self._queues: dict[Hashable, _Queue] = {}
        self._left_to_others: dict[Hashable, float] = {}
        self._to_release: dict[Hashable, Lease] = {}
        self._release_soon: asyncio.TimerHandle | None = None
        self._releasing: dict[asyncio.Task[None], int] = {}

    @asynccontextmanager
    async def open(self, *, patience: float = _FAREWELL) -> AsyncIterator[Self]:
        """Let sessions be held in the block; at its end all are given back, or their leases end by themselves."""
        try:
            yield self
        finally:
            self._release()
            if self._releasing:
                _, late = await asyncio.wait(self._releasing, timeout=patience)
                count = sum(self._releasing[task] for task in late)
                for task in late:
                    task.cancel()
                if late:
                    _LOG.warning("%d leases could not be released in time", count)

    def holding(self, owner: str, id: UUID, path: rules.Path) -> "_Holding":
        """Hold this owner's session in all processes, for a block that is given it.

        Raises `NotFound`, also where it was deleted while this waited, and `Busy` when it was not free within the
        seconds of patience.
        """
        return _Holding(self, owner, id, path)

    @asynccontextmanager
    async def queued(self, key: Hashable) -> AsyncIterator[None]:
        """Be the only one in this process; raise `Busy` after the seconds of patience."""
        await self.enter(key)
        try:
            yield
        finally:
            self.leave(key)

    async def enter(self, key: Hashable) -> None:
        """Be the only one in this process until one leaves; raise `Busy` after the seconds of patience."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue()
        queue.users += 1
        try:
            if queue.users == 1:
                await queue.acquire()  # at once
            else:
                if key in self._to_release:
                    self._release()
                await self._wait(queue)
        except BaseException:
            self._forget(key, queue)
            raise

    def leave(self, key: Hashable) -> None:
        """Let the next one come."""
        queue = self._queues[key]
        queue.release()
        self._forget(key, queue)

    def deadline(self) -> float:
        """Tell until when one who begins to wait now has patience."""
        return self._loop.time() + self._patience

    async def take(self, owner: str, id: UUID, path: rules.Path, *, deadline: float) -> Held:
        """Hold a session in front of other processes, for who is the only one in this."""
        if self._terms is None or self._taking is None:
            return Held(await own_session(owner, id, path))
        await self._be_courteous((owner, id))
        lease = Lease(self._terms, self._taking)
        try:
            return Held(await lease.take(owner, id, deadline=deadline, path=path), lease)
        finally:
            self._note_wish((owner, id), lease)

    def give_back(self, key: Hashable, lease: Lease) -> None:
        """Give a session back and leave, behind who held it."""
        self._to_release[key] = lease
        if self._queues[key].users > 1:
            self._release()
        elif self._release_soon is None:
            self._release_soon = self._loop.call_later(_TOGETHER, self._release)

    def _release(self) -> None:
        if self._release_soon:
            self._release_soon.cancel()
            self._release_soon = None
        if self._to_release:
            leases, self._to_release = self._to_release, {}
            task = self._loop.create_task(self._give_back(leases))
            self._releasing[task] = len(leases)
            task.add_done_callback(self._releasing.__delitem__)

    async def _give_back(self, leases: dict[Hashable, Lease]) -> None:
        try:
            await Lease.release_all([*leases.values()])
            for key, lease in leases.items():
                self._note_wish(key, lease)
        finally:
            for key in leases:
                self.leave(key)

    async def _be_courteous(self, key: Hashable) -> None:
        """Let another process have its turn: one that comes back at once would be first every time."""
        left = self._left_to_others.pop(key, 0.0) - self._loop.time()
        if left > 0:
            await asyncio.sleep(left)

    def _note_wish(self, key: Hashable, lease: Lease) -> None:
        if lease.is_wanted:
            now = self._loop.time()
            self._left_to_others = {other: until for other, until in self._left_to_others.items() if until > now}
            self._left_to_others[key] = now + COURTESY

    async def _wait(self, queue: _Queue) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await queue.acquire()
        except TimeoutError:
            raise Busy("Other writes to this session have not ended yet; try again.", ("input",)) from None

    def _forget(self, key: Hashable, queue: _Queue) -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[key]


class _Holding:
    """One session held for a block."""

    __slots__ = ("_held", "_id", "_locks", "_owner", "_path")

    def __init__(self, locks: SessionLocks, owner: str, id: UUID, path: rules.Path) -> None:
        self._locks = locks
        self._owner = owner
        self._id = id
        self._path = path
        self._held: Held | None = None

    async def __aenter__(self) -> Held:
        locks, key = self._locks, (self._owner, self._id)
        deadline = locks.deadline()
        with doing(Wait()):
            await locks.enter(key)
            try:
                held = self._held = await locks.take(self._owner, self._id, self._path, deadline=deadline)
            except BaseException:
                locks.leave(key)
                raise
        if held.lease:
            await held.lease.__aenter__()
        return held

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        lease = self._held.lease if self._held else None
        key = (self._owner, self._id)
        if lease is None:
            self._locks.leave(key)
            return
        try:
            await lease.__aexit__(kind, error, traceback)
        finally:
            self._locks.give_back(key, lease)
