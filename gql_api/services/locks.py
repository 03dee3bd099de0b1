"""One writer per session: a queue in this process, and in front of other processes a lease on the session's row."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy
from gql_api.services import rules
from gql_api.services.lease import COURTESY, Lease, Terms
from gql_api.services.ownership import own_session
from gql_api.telemetry import Wait, doing


@dataclass(frozen=True, slots=True)
class Held:
    """A session that nobody else writes to now, as it is since then."""

    session: model.Session
    lease: Lease | None = None

    async def confirm(self, *, transfer: bool = False) -> None:
        """Make sure, before each call that writes, that it is so until that call ends; raise `Busy`.

        `transfer` is for a call that moves a whole file.
        """
        if self.lease:
            await self.lease.confirm(transfer=transfer)


class SessionLocks:
    """Locks that exist only while somebody holds or awaits them; in this process first come, first served.

    Acontext shuffles messages that are stored at once and forks their parent chain, and fails one of two uploads to
    one disk, so the writes of a session go one after the other. Without `terms` this process is the only one.
    """

    def __init__(self, *, patience: float, terms: Terms | None = None) -> None:
        self._patience = patience
        self._terms = terms
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._users: dict[Hashable, int] = {}
        self._left_to_others: dict[Hashable, float] = {}

    @asynccontextmanager
    async def holding(self, owner: str, id: UUID, path: rules.Path) -> AsyncIterator[Held]:
        """Hold this owner's session in all processes.

        Raises `NotFound`, also where it was deleted while this waited, and `Busy` when it was not free within the
        seconds of patience.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        async with AsyncExitStack() as stack:
            with doing(Wait()):
                await stack.enter_async_context(self.queued((owner, id)))
                held = await self._hold(stack, owner, id, deadline=deadline, path=path)
            yield held

    async def _hold(self, stack: AsyncExitStack, owner: str, id: UUID, *, deadline: float, path: rules.Path) -> Held:
        if self._terms is None:
            return Held(await own_session(owner, id, path))
        await self._be_courteous((owner, id))
        lease = Lease(self._terms)
        stack.callback(self._note_wish, (owner, id), lease)
        return Held(await stack.enter_async_context(lease.holding(owner, id, deadline=deadline, path=path)), lease)

    async def _be_courteous(self, key: Hashable) -> None:
        """Let another process have its turn: one that comes back at once would be first every time."""
        left = self._left_to_others.pop(key, 0.0) - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    def _note_wish(self, key: Hashable, lease: Lease) -> None:
        now = asyncio.get_running_loop().time()
        if lease.is_wanted:
            self._left_to_others = {other: until for other, until in self._left_to_others.items() if until > now}
            self._left_to_others[key] = now + COURTESY

    @asynccontextmanager
    async def queued(self, key: Hashable) -> AsyncIterator[None]:
        """Be the only one in this process; raise `Busy` after the seconds of patience."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] = self._users.get(key, 0) + 1
        try:
            await self._acquire(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]

    async def _acquire(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError:
            raise Busy("Other writes to this session have not ended yet; try again.", ("input",)) from None
