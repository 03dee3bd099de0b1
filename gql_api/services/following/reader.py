"""Reads of a conversation from a moment on, each with how far it settles things; what is done with them is the feed's.

A walk takes several pages, and what settles is what its first page settles: a message that appears behind a later page
while that is read lies beyond the reach of the earlier ones.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from gql_api import model
from gql_api.mark import BEGINNING, Settling
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import Reading
from gql_api.upstream.walking import Read, tail, walk

_NEWEST = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order of the list, and how far they settle things."""

    messages: list[model.Message]
    ceiling: datetime


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads from Acontext itself."""

    gateway: Gateway
    settling: Settling
    places: PlaceKeeper

    async def newest(self, session_id: UUID) -> tuple[Batch, bool]:
        """Read some of the newest messages, all that one may still appear among; tell whether there are older ones."""
        began = self.settling.clock()
        found = await tail(self._read(session_id), _NEWEST, reach=self.settling.overlap)
        ceiling = self.settling.ceiling(found.latest, began=began) if found.latest else BEGINNING
        return Batch(found.messages, ceiling), found.has_previous

    async def walk(self, session_id: UUID, since: datetime, *, least: datetime = BEGINNING) -> AsyncIterator[Batch]:
        """Read all messages later than `since`; what is settled already, up to `least`, stays so."""
        began = self.settling.clock()
        ceiling: datetime | None = None
        async for messages in walk(self._read(session_id), None if since <= BEGINNING else cursor.end_of(since)):
            if ceiling is None:
                ceiling = max(self.settling.ceiling(messages[-1].created_at, began=began), least)
            yield Batch(messages, ceiling)

    def _read(self, session_id: UUID) -> Read:
        return partial(self._page, session_id)

    async def _page(self, session_id: UUID, reading: Reading) -> model.MessagePage:
        page = await self.gateway.messages.read(session_id, reading)
        if page.messages:
            self.places.note_activity(session_id, page.messages[-1].created_at)
            self.places.note_read(page.messages)
        return page


@dataclass(slots=True)
class Elapsed:
    """What has settled by waiting: all up to a message that was seen at least an overlap ago, by our own stopwatch."""

    overlap: float
    until: datetime = BEGINNING
    _seen: deque[tuple[float, datetime]] = field(default_factory=deque)

    def note(self, now: float, latest: datetime) -> None:
        """Note at the end of a read what its latest message was."""
        if not self._seen or latest > self._seen[-1][1]:
            self._seen.append((now, latest))

    def at(self, now: float) -> datetime:
        """Tell at the beginning of a read how far it settles things, for all of its pages."""
        while self._seen and self._seen[0][0] + self.overlap <= now:
            self.until = self._seen.popleft()[1]
        return self.until
