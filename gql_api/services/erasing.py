"""Erasing a user: all that our rows name of theirs, in Acontext and here, as a saga that anybody may go on with.

An erasure is written down first: from then on nothing of the user's is seen and nothing can be made, changed or stored.
Then session after session is deleted as any other is, but no tombstone is left. It ends when no row names the user.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID, uuid4

from gql_api import model, request_scope
from gql_api.errors import Busy, DatabaseFailure
from gql_api.events import Broker, UserErased, owner_key
from gql_api.services import rules
from gql_api.services.creation import KEY_PATH, Creation
from gql_api.services.locks import SessionLocks
from gql_api.services.reconcile import EARLY, LATE, Reconciler, leave
from gql_api.store import erasures, mappings
from gql_api.store.erasures import Open
from gql_api.store.turns import Turn

_LOG = logging.getLogger(__name__)

PATIENCE, _SHARE = 5.0, 0.5
"""Seconds that a request works on what it has begun, and the most of its own time; then it tells how far it came."""
_IDLE, _LOOK_AGAIN = 0.5, 0.05
"""Seconds for which it waits where nothing can be done, since others are at it, and between two looks."""
_AT_ONCE, _TOGETHER = 16, 8
"""Sessions that are chosen in one go, and that are worked on together."""
_TOMBSTONES = 500


class Asked(NamedTuple):
    """What came of asking for an erasure; `other` says that it is one which was begun otherwise."""

    erasure: model.Erasure
    other: Busy | None = None


class _Round(NamedTuple):
    """How far one round came: what was done, whether Acontext was in the way, and whether nothing is left to do."""

    done: int = 0
    is_hindered: bool = False
    is_over: bool = False


class Erasing:
    """Begins erasures, and goes on with all that are open, by turns with other processes."""

    def __init__(
        self,
        *,
        locks: SessionLocks,
        creation: Creation,
        reconciler: Reconciler,
        events: Broker,
        turn: Turn | None = None,
    ) -> None:
        self._locks = locks
        self._creation = creation
        self._reconciler = reconciler
        self._events = events
        self._turn = turn
        self._begun = asyncio.Event()
        self._open: list[Open] = []
        """Those that were found open at the last look, by the process whose turn it is."""

    async def delete_user(self, owner: str, *, key: str | None = None) -> Asked:
        """Begin to erase a user, or go on with it for a while, and tell how far it is.

        Under one idempotency key one erasure is begun. Raises `Invalid` or `TooLarge` for the key alone.
        """
        key = rules.idempotency_key(key, KEY_PATH)
        id = uuid4() if key is None else UUID(rules.fingerprint(["deleteUser", owner, key])[:32])
        if key is not None and (earlier := await erasures.find(id, owner)) and earlier.finished_at:
            return Asked(earlier)
        if await erasures.begin(id, owner, now=self._creation.now()):
            self._events.publish(UserErased(owner_key(owner)))
        current = await erasures.under_way(owner) or id
        await self._work(Open(current, owner))
        other = None if key is None or current == id else Busy("Another erasure of this user is under way.", KEY_PATH)
        found = await erasures.find(current, owner)
        if found is None:  # it was over, and long ago, before it could be looked at
            raise Busy("Another erasure of this user has ended just now; try again.", ("input", "user"))
        return Asked(found, other)

    async def run(self, *, every: float) -> None:
        """Go on with what is open for ever; where there is nothing to do, look again at intervals of about so long."""
        try:
            while True:
                if not await self._try_to_advance():
                    await self._pause(every * random.uniform(EARLY, LATE))  # noqa: S311 - guards nothing
        finally:
            await leave(self._turn)

    @property
    def seen_open(self) -> int:
        """How many were open at the last look of this process; 0 where another looks after them."""
        return len(self._open)

    @property
    def oldest_seconds(self) -> float:
        """For how long the oldest of these has been open."""
        begun = [one.begun_at for one in self._open if one.begun_at]
        return max(0.0, (self._creation.now() - min(begun)).total_seconds()) if begun else 0.0

    async def count(self) -> int:
        """Count those that are open."""
        return len(await erasures.open_ones())

    async def finish_all(self) -> int:
        """Go on with each that is open as far as Acontext lets, and tell how many are over then."""
        over = 0
        for erasure in await erasures.open_ones():
            while (step := await self._advance(erasure)).done and not (step.is_over or step.is_hindered):
                pass
            over += step.is_over
        return over

    async def _work(self, erasure: Open) -> None:
        """Work on it while the request at hand may take its time; what is left by then is left to `run`."""
        loop, request = asyncio.get_running_loop(), request_scope.current()
        began = moved = loop.time()
        until = began + min(PATIENCE, request.seconds_left * _SHARE if request else PATIENCE)
        while loop.time() < until:
            step = await self._advance(erasure)
            if step.is_over:
                return
            if step.done:
                moved = loop.time()
            if step.is_hindered or loop.time() - moved > _IDLE:
                break
            if not step.done:
                await asyncio.sleep(_LOOK_AGAIN)
        self._begun.set()

    async def _try_to_advance(self) -> bool:
        """Let each that is open come one round further, and tell whether any did."""
        try:
            if self._turn and not await self._turn.take():
                self._open = []
                return False
            self._begun.clear()
            self._open = await erasures.open_ones()
            steps = [await self._advance(erasure) for erasure in self._open]
            self._open = [one for one, step in zip(self._open, steps, strict=True) if not step.is_over]
        except DatabaseFailure as failure:
            _LOG.warning("erasures are put off: %s", failure.for_log)
            return False
        except Exception:  # the edge of a background task: the next round tries again
            _LOG.exception("erasures are put off")
            return False
        return any(step.done and not step.is_hindered for step in steps)

    async def _advance(self, erasure: Open) -> _Round:
        owner = erasure.owner
        if ids := await erasures.next_ones(owner, limit=_AT_ONCE):
            return await self._erase_all(owner, ids)
        open_rows = await mappings.claim_unfinished(
            now=self._creation.now(), lease_until=self._creation.lease_end(), limit=_TOGETHER, user_identifier=owner
        )
        finished = await asyncio.gather(*map(self._reconciler.finish, open_rows))
        forgotten = await erasures.forget_tombstones(owner, limit=_TOMBSTONES)
        is_over = await erasures.end(erasure, now=self._creation.now())
        if is_over:
            _LOG.info("an erasure of a user is finished")
        else:
            is_over = await erasures.under_way(owner) != erasure.id  # another was quicker
        return _Round(sum(finished) + forgotten + is_over, not all(finished), is_over)

    async def _erase_all(self, owner: str, ids: Sequence[UUID]) -> _Round:
        """Delete these sessions, until Acontext does not let one be deleted."""
        room, is_hindered = asyncio.Semaphore(_TOGETHER), False

        async def erase(id: UUID) -> bool:
            nonlocal is_hindered
            async with room:
                mapping = None if is_hindered else await self._entombed(owner, id)
                if mapping is None:
                    return False
                is_gone = await self._reconciler.finish(mapping)
                is_hindered = is_hindered or not is_gone
                return is_gone

        return _Round(sum(await asyncio.gather(*map(erase, ids))), is_hindered)

    async def _entombed(self, owner: str, id: UUID) -> model.Mapping | None:
        """Begin to delete a session once those have ended who write to it; None where other processes do."""
        try:
            async with asyncio.timeout(_IDLE):
                await self._locks.enter((owner, id))
        except (Busy, TimeoutError):
            return None
        try:
            now, end = self._creation.now(), self._creation.lease_end()
            return await erasures.entomb(owner, id, now=now, lease_until=end)
        finally:
            self._locks.leave((owner, id))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._begun.wait()
