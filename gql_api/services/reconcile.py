"""Finishing what was begun: half-made sessions are undone, half-deleted ones removed, by whoever comes next."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from gql_api import model
from gql_api.errors import UpstreamFailure
from gql_api.services.creation import LEASE, Creation
from gql_api.store import mappings
from gql_api.upstream.gateway import Gateway

_LOG = logging.getLogger(__name__)

TOMBSTONES_KEPT = timedelta(days=7)
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
            except Exception:  # the edge of a background task: the next round tries again
                _LOG.exception("the sweep failed")
            await asyncio.sleep(every)

    async def sweep(self, *, alone: bool = False) -> int:
        """Finish open rows, return how many; `alone` says that no other process can be at work on any of them."""
        now = self._clock()
        await mappings.purge_tombstones(before=now - TOMBSTONES_KEPT)
        claimed = await mappings.claim_unfinished(now=now, lease_until=now + LEASE, limit=_AT_ONCE, ignore_leases=alone)
        return sum([await self.finish(mapping) for mapping in claimed])

    async def finish(self, mapping: model.Mapping) -> bool:
        """Undo a creation or complete a deletion; False when Acontext does not let us yet."""
        try:
            if mapping.state is model.MappingState.DELETING:
                await self._remove(mapping)
                await mappings.bury(mapping.id, now=self._clock())
            else:
                if not mapping.adopted:
                    await self._creation.undo(mapping.id, mapping.nonce)
                await mappings.abandon(mapping.id, nonce=mapping.nonce)
        except UpstreamFailure as error:
            _LOG.warning("an open %s is left for later: %s", mapping.state.value, error.code)
            return False
        return True

    async def _remove(self, mapping: model.Mapping) -> None:
        sessions = self._gateway.sessions
        await sessions.delete(mapping.id)
        if mapping.disk_id:
            await sessions.delete_disk(mapping.disk_id)
        await sessions.delete_owner(self._creation.disk_owner(mapping.id))
