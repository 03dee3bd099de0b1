"""Finishing what was begun: half-made sessions are undone, half-deleted ones removed, by whoever comes next."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from gql_api import model
from gql_api.errors import DatabaseFailure, UpstreamFailure
from gql_api.services.creation import LEASE, UNDOING, Creation
from gql_api.store import idempotency, mappings, places
from gql_api.upstream.gateway import Gateway

_LOG = logging.getLogger(__name__)

TOMBSTONES_KEPT = KEYS_KEPT = timedelta(days=7)
"""How long a deleted session is known, and an idempotency key after it was last used."""
_AT_ONCE = 50


class Reconciler:
    """The sweep over what a failure or a killed process left open."""

    def __init__(self, gateway: Gateway, *, creation: Creation, clock: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._creation = creation
        self._clock = clock

    async def run(self, *, every: float) -> None:
        """Sweep for ever, at intervals of so many seconds."""
        while True:
            try:
                await self.sweep()
            except DatabaseFailure as failure:
                _LOG.warning("the sweep is put off: %s", failure.for_log)
            except Exception:  # the edge of a background task: the next round tries again
                _LOG.exception("the sweep failed")
            await asyncio.sleep(every)

    async def start(self, *, alone: bool, patience: float) -> None:
        """Finish what an earlier process left open, for so many seconds at most; the rest is left to `run`.

        `alone` says that no other process can be at work on any of it, whatever the leases say.
        """
        try:
            async with asyncio.timeout(patience):
                now = self._clock()
                for mapping in await self._claim(now, limit=_AT_ONCE, alone=alone):
                    await self.finish(mapping)
        except TimeoutError:
            _LOG.warning("Acontext is slow: what an earlier process left open is finished later")
        except DatabaseFailure as failure:
            _LOG.warning("what an earlier process left open is finished later: %s", failure.for_log)

    async def sweep(self) -> int:
        """Finish open rows whose lease is over, at most 50; return how many.

        Each is claimed just before it is worked on, so that its lease lasts longer than the work.
        """
        await mappings.purge_tombstones(before=self._clock() - TOMBSTONES_KEPT)
        await idempotency.purge(before=self._clock() - KEYS_KEPT)
        done = 0
        for _ in range(_AT_ONCE):
            claimed = await self._claim(self._clock(), limit=1, alone=False)
            if not claimed:
                break
            done += await self.finish(claimed[0])
        return done

    async def finish(self, mapping: model.Mapping) -> bool:
        """Undo a creation or complete a deletion; False when Acontext or the database does not let us yet."""
        try:
            async with asyncio.timeout(UNDOING):
                await self._finish(mapping)
        except (UpstreamFailure, DatabaseFailure, TimeoutError) as error:
            _LOG.warning("an open %s is left for later: %s", mapping.state.value, type(error).__name__)
            return False
        return True

    async def _claim(self, now: datetime, *, limit: int, alone: bool) -> list[model.Mapping]:
        return await mappings.claim_unfinished(now=now, lease_until=now + LEASE, limit=limit, ignore_leases=alone)

    async def _finish(self, mapping: model.Mapping) -> None:
        if mapping.state is model.MappingState.DELETING:
            await self._remove(mapping)
            await places.forget(mapping.id)
            await mappings.bury(mapping.id, now=self._clock())
            return
        if not mapping.adopted:
            await self._creation.undo(mapping.id, mapping.nonce)
        await mappings.abandon(mapping.id, nonce=mapping.nonce)

    async def _remove(self, mapping: model.Mapping) -> None:
        sessions = self._gateway.sessions
        await sessions.delete(mapping.id)
        if mapping.disk_id:
            await sessions.delete_disk(mapping.disk_id)
        await sessions.delete_owner(self._creation.disk_owner(mapping.id))
