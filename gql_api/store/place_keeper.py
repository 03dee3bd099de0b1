"""What was learnt about conversations on the way, written down behind the requests: many in one statement."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Self
from uuid import UUID

from gql_api import model
from gql_api.store import places
from gql_api.store.places import Counted

_LOG = logging.getLogger(__name__)
_MOST = 20_000
"""What waits to be written; beyond that new ones are let go, since nothing depends on them but haste."""
_AT_ONCE = 2000
_FAREWELL = 2.0


class PlaceKeeper:
    """Takes what is to be kept at once, and writes it soon; what a failure loses will be learnt again."""

    def __init__(self, *, every: float = 0.5) -> None:
        self._every = every
        self._places: dict[tuple[UUID, datetime, str], None] = {}
        self._counts: dict[UUID, Counted] = {}
        self._forgotten: set[UUID] = set()
        self._active: dict[UUID, datetime] = {}
        self._seen: OrderedDict[UUID, datetime] = OrderedDict()
        """The latest activity of sessions that was told here, also of those that are written down."""
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._has_failed = False

    def keep(self, messages: Iterable[model.Message]) -> None:
        """Keep where messages stand."""
        for message in messages:
            self.note_activity(message.session_id, message.created_at)
            if len(self._places) < _MOST:
                self._places[message.session_id, message.created_at, message.id_text] = None
        self._news.set()

    def note_activity(self, session_id: UUID, at: datetime) -> None:
        """Note that a message was seen of this time; what is known to be later stays."""
        seen = self._seen.get(session_id)
        if (seen and seen >= at) or len(self._active) >= _MOST:
            return
        self._seen[session_id] = self._active[session_id] = at
        self._seen.move_to_end(session_id)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        self._news.set()

    def activity(self, session: model.Session) -> datetime:
        """Tell when a session was last active, as it is written down or was seen here since."""
        seen = self._seen.get(session.id)
        return max(seen, session.active_at) if seen else session.active_at

    async def flush_activity(self) -> None:
        """Write down what was noted of activity, before it is asked for."""
        if self._active or self._writing.locked():
            await self.flush()

    def keep_count(self, session_id: UUID, counted: Counted) -> None:
        """Keep how many messages a session has up to a time."""
        if len(self._counts) < _MOST:
            self._counts[session_id] = max(counted, self._counts.get(session_id, counted), key=lambda one: one.until)
        self._news.set()

    def forget(self, session_id: UUID) -> None:
        """Forget what is known of a session, where it was found not to be so: messages are gone from Acontext."""
        self._forgotten.add(session_id)
        self._news.set()

    async def flush(self) -> None:
        """Write down what waits now; failures are logged, and what they concern is let go, but for activity."""
        async with self._writing:
            try:
                await self._flush()
                self._has_failed = False
            except Exception as error:  # the edge of a background task: nothing is lost but haste
                if not self._has_failed:
                    _LOG.warning("places of messages could not be kept: %s", type(error).__name__)
                self._has_failed = True

    async def _flush(self) -> None:
        learnt, counted, forgotten = [*self._places], self._counts, self._forgotten
        self._places, self._counts, self._forgotten = {}, {}, set()
        for session_id in forgotten:
            await places.forget(session_id)
        for start in range(0, len(learnt), _AT_ONCE) or (0,):
            async with self._telling_activity() as active:
                if learnt or active:
                    await places.put(learnt[start : start + _AT_ONCE], active)
        if counted:
            await places.put_counts(counted)

    @asynccontextmanager
    async def _telling_activity(self) -> AsyncIterator[dict[UUID, datetime]]:
        """Give what is to be written of activity; what is not written then is still to be."""
        active, self._active = self._active, {}
        try:
            yield active
        except BaseException:
            self._active = active | self._active  # which are later
            raise

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Write during the block what is to be kept, and the rest at its end."""
        writing = asyncio.create_task(self._write())
        try:
            yield self
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self.flush()

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(self._every)  # others come meanwhile, and go into the same statement
            self._news.clear()
            await self.flush()
