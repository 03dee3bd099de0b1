"""Finishing what was begun: half-made sessions are undone, half-deleted ones removed, by whoever comes next."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, DatabaseFailure, UpstreamFailure
from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.services.adoption import finish_adoption
from gql_api.services.creation import UNDOING, Creation
from gql_api.services.forking.making import Making
from gql_api.store import erasures, forks, idempotency, mappings, places, tags, transfer
from gql_api.store.turns import Turn
from gql_api.telemetry import Finishing, doing
from gql_api.upstream.gateway import Gateway

_LOG = logging.getLogger(__name__)

TOMBSTONES_KEPT = KEYS_KEPT = timedelta(days=7)
"""How long a deleted session is known, and an idempotency key after it was last used."""
REPORTS_KEPT = timedelta(days=90)
"""How long it is known that a user was erased."""
_AT_ONCE = 50
EARLY, LATE = 0.75, 1.25
"""Of an interval, so that servers that started together do not ask the database together for ever."""
_TURN_SPARE, _LEAVING = 15.0, 2.0
_MOST_KNOWN = 1000

Chore = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


def turn_at(task: str, holder: str, *, every: float) -> Turn:
    """Give a turn that lasts longer than the work on one session, and than the pause between two rounds."""
    return Turn(task, holder, max(UNDOING, every * LATE) + _TURN_SPARE)


async def leave(turn: Turn | None) -> None:
    """Let another process have it, if the database is there."""
    if turn:
        with suppress(DatabaseFailure, TimeoutError):
            async with asyncio.timeout(_LEAVING):
                await turn.leave()


class Reconciler:
    """The sweep over what a failure or a killed process left open.

    Where several processes sweep, each has a `turn`, and only who has it at the time works; of one alone it is None.
    Sessions that are being made of others are handed over to who makes such; where that is nobody, they are left.
    Between the rounds comes a `chore`, which asks by itself whether it has the turn. The first comes after a pause: a
    server that starts has other things to do.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        creation: Creation,
        turn: Turn | None = None,
        making: Making | None = None,
        chore: Chore | None = None,
        events: Broker | None = None,
    ) -> None:
        self._gateway = gateway
        self._creation = creation
        self._turn = turn
        self._making = making
        self._chore = chore
        self._events = events
        self._put_off: set[UUID] = set()

    async def run(self, *, every: float) -> None:
        """Sweep for ever, at intervals of about so many seconds, and leave the turn to another at the end."""
        try:
            while True:
                await self._try(self.sweep)
                await asyncio.sleep(every * random.uniform(EARLY, LATE))  # noqa: S311 - guards nothing
                if self._chore:
                    await self._try(partial(self._chore, self._has_turn))
        finally:
            await leave(self._turn)

    async def start(self, *, alone: bool, patience: float, is_silent: bool = True) -> None:
        """Finish what an earlier process left open, for so many seconds at most; the rest is left to `run`.

        `alone` says that no other process can be at work on any of it, whatever the leases say. Its last calls may
        still take effect unless it `is_silent`: then what was half made is undone now, and looked at again later.
        """
        try:
            async with asyncio.timeout(patience):
                now = self._creation.now()
                for mapping in await self._claim(now, limit=_AT_ONCE, alone=alone):
                    await self.finish(mapping, is_settled=is_silent or not alone)
        except TimeoutError:
            _LOG.warning("Acontext is slow: what an earlier process left open is finished later")
        except DatabaseFailure as failure:
            _LOG.warning("what an earlier process left open is finished later: %s", failure.for_log)

    async def sweep(self) -> int:
        """Finish open rows whose lease is over, at most 50; return how many. Another's turn is left to the other.

        Each is claimed just before it is worked on, so that its lease, and the turn, last longer than the work.
        """
        if not await self._has_turn():
            return 0
        await self.purge()
        done = 0
        for _ in range(_AT_ONCE):
            claimed = await self._claim(self._creation.now(), limit=1, alone=False)
            if not claimed:
                break
            done += await self._swept(claimed[0])
            if not await self._has_turn():
                break
        return done

    async def purge(self) -> None:
        """Forget tombstones, keys of messages and finished erasures that were kept long enough."""
        await mappings.purge_tombstones(before=self._creation.now() - TOMBSTONES_KEPT)
        await idempotency.purge(before=self._creation.now() - KEYS_KEPT)
        await erasures.purge(before=self._creation.now() - REPORTS_KEPT)

    async def expired(self) -> dict[str, int]:
        """Count the tombstones, the keys and the reports of erasures that `purge` would forget."""
        now = self._creation.now()
        return {
            "tombstones": await mappings.count_tombstones(before=now - TOMBSTONES_KEPT),
            "keys": await idempotency.count(before=now - KEYS_KEPT),
            "reports": await erasures.count(before=now - REPORTS_KEPT),
        }

    async def open_rows(self, *, alone: bool) -> dict[model.MappingState, int]:
        """Count what `finish_all` would work on."""
        return await mappings.count_unfinished(before=self._reach(alone=alone))

    async def finish_all(self, *, alone: bool) -> AsyncIterator[bool]:
        """Work on each open row whose lease is over once, and tell of each whether it is finished.

        `alone` says that no other process can be at work on any of it, whatever the leases say.
        """
        reach = self._reach(alone=alone)
        while claimed := await self._claim(reach, limit=1, alone=False):
            yield await self.finish(claimed[0])

    async def remove_disks(self, id: UUID) -> bool:
        """Remove the disks that were made for a session that was deleted here; False where they are not to be removed.

        That is so where no deletion of ours is written down, and where another session has one of them.
        """
        mapping, owner = await mappings.find(id), self._creation.disk_owner(id)
        disks = [disk.id for disk in await self._gateway.sessions.disks_of(owner)]
        others = [row for row in await transfer.bound([], disks) if row.id != id]
        if mapping is None or mapping.state is not model.MappingState.DELETED or others:
            return False
        for disk in disks:
            await self._gateway.sessions.delete_disk(disk)
        await self._gateway.sessions.delete_owner(owner)
        return True

    async def finish(self, mapping: model.Mapping, *, is_settled: bool = True) -> bool:
        """Undo a creation or complete a deletion; False when Acontext or the database does not let us yet.

        Where a call of the creation may still take effect, which is not settled, its intent stays, without its key.
        A session that is being made of another is gone on with, behind the sweep.
        """
        try:
            async with asyncio.timeout(UNDOING):
                if not await self._is_handed_over(mapping):
                    await self._finish(mapping, is_settled=is_settled)
        except (Busy, UpstreamFailure, DatabaseFailure, TimeoutError) as error:
            level = logging.DEBUG if mapping.id in self._put_off else logging.WARNING
            _LOG.log(level, "an open %s is left for later: %s", mapping.state.value, type(error).__name__)
            self._remember(mapping.id)
            return False
        self._put_off.discard(mapping.id)
        return True

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except DatabaseFailure as failure:
            _LOG.warning("the sweep is put off: %s", failure.for_log)
        except Exception:  # the edge of a background task: the next round tries again
            _LOG.exception("the sweep failed")

    async def _has_turn(self) -> bool:
        return self._turn is None or await self._turn.take()

    async def _swept(self, mapping: model.Mapping) -> bool:
        with doing(Finishing(state=mapping.state.value, outcome="put_off")) as work:
            if await self.finish(mapping):
                work.outcome = "ok"
        if work.outcome == "ok":
            _LOG.info("the sweep finished an open %s", mapping.state.value)
        return work.outcome == "ok"

    def _remember(self, id: UUID) -> None:
        """Remember of which rows it was said that they are left; of too many it is said again."""
        if len(self._put_off) >= _MOST_KNOWN:
            self._put_off.clear()
        self._put_off.add(id)

    def _reach(self, *, alone: bool) -> datetime:
        """Tell before which time a lease counts as over: who is alone reckons with none that may still last."""
        return self._creation.now() + (self._creation.lease if alone else timedelta())

    async def _claim(self, now: datetime, *, limit: int, alone: bool) -> list[model.Mapping]:
        until = now + self._creation.lease
        return await mappings.claim_unfinished(now=now, lease_until=until, limit=limit, ignore_leases=alone)

    async def _is_handed_over(self, mapping: model.Mapping) -> bool:
        if mapping.state is not model.MappingState.CREATING:
            return False
        if self._making:
            return await self._making.take_over(mapping.id)
        if await forks.find(mapping.id):
            raise Busy("Servers go on with this one.")
        return False

    async def _finish(self, mapping: model.Mapping, *, is_settled: bool) -> None:
        if mapping.state is model.MappingState.DELETING:
            await self._remove(mapping)
            if not await erasures.discard(mapping.user, mapping.id):
                await self._bury(mapping.id)
            return
        if mapping.adopted:
            if is_settled and await finish_adoption(self._gateway, self._creation, mapping):
                self._tell_made(mapping)
            return
        if not is_settled:
            await mappings.free_key(mapping.id, nonce=mapping.nonce)
        await self._creation.undo(mapping.id, mapping.nonce)
        if is_settled:
            await mappings.abandon(mapping.id, nonce=mapping.nonce)

    def _tell_made(self, mapping: model.Mapping) -> None:
        if self._events:
            self._events.publish(ListChanged(ListChange.CREATED, owner_key(mapping.user), mapping.id))

    async def _bury(self, id: UUID) -> None:
        await places.forget(id)
        await tags.forget(id)
        await idempotency.forget_all(id)
        await mappings.bury(id, now=self._creation.now())

    async def _remove(self, mapping: model.Mapping) -> None:
        sessions = self._gateway.sessions
        await sessions.delete(mapping.id)
        if mapping.disk_id:
            await sessions.delete_disk(mapping.disk_id)
        await sessions.delete_owner(self._creation.disk_owner(mapping.id))
