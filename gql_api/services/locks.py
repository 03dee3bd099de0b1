"""One writer per session within this process; who waits too long is told that the session is busy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from gql_api.errors import Busy


class SessionLocks:
    """Locks that exist only while somebody holds or awaits them; first come, first served.

    Acontext shuffles messages that are stored at once and forks their parent chain, and fails one of two uploads to
    one disk, so the writes of a session go one after the other.
    """

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._users: dict[UUID, int] = {}

    @asynccontextmanager
    async def holding(self, session_id: UUID) -> AsyncIterator[None]:
        """Hold the session's lock; raise `Busy` when it was not free within the seconds of patience."""
        lock = self._locks.setdefault(session_id, asyncio.Lock())
        self._users[session_id] = self._users.get(session_id, 0) + 1
        try:
            await self._acquire(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[session_id] -= 1
            if not self._users[session_id]:
                del self._users[session_id], self._locks[session_id]

    async def _acquire(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError:
            raise Busy("Other writes to this session have not ended yet; try again.", ("input",)) from None
