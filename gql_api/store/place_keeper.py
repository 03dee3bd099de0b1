"""What was learnt about conversations on the way, written down behind the requests: many in one statement."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Self
from uuid import UUID

from gql_api import model
from gql_api.opening import opening_of
from gql_api.store import noting, places
from gql_api.store.noting import Opening, Seen
from gql_api.store.places import Counted
from gql_api.store.text_keeper import TextKeeper

_LOG = logging.getLogger(__name__)
_MOST = 20_000
"""What waits to be written; beyond that new ones are let go, since nothing depends on them but haste."""
_AT_ONCE = 2000
_FAREWELL = 2.0
_LOOKED_THROUGH = 100
"""Messages among which the first of the user's is looked for."""
_NOTHING = Seen()


class PlaceKeeper:
    """Takes what is to be kept at once, and writes it soon; what a failure loses will be learnt again."""

    def __init__(
        self,
        *,
        every: float = 0.5,
        texts: TextKeeper | None = None,
        tell_active: Callable[[str, UUID], None] | None = None,
    ) -> None:
        """`tell_active` is called of whose session it is written down that it was active, once others can read it."""
        self._every = every
        self._tell_active = tell_active
        self.texts = texts
        """What is said; None where it is not to be kept, as nobody searches it."""
        self._places: dict[tuple[UUID, datetime, str], None] = {}
        self._counts: dict[UUID, Counted] = {}
        self._forgotten: set[UUID] = set()
        self._seen: dict[UUID, Seen] = {}
        self._told: OrderedDict[UUID, Seen] = OrderedDict()
        """What was told of sessions here, also what is written down: none of it is written again."""
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

    def keep_stored(self, message: model.Message, owner: str) -> None:
        """Keep where a message of this owner stands that was stored just now; the conversation may open with it."""
        self.keep([message])
        self._note_opening(message.session_id, [message], is_start=False)
        if self.texts:
            self.texts.keep_stored(message, owner)

    def note_made(self, session: model.Session) -> None:
        """Note that a session was made here, with nothing in it."""
        if self.texts:
            self.texts.note_made(session)
            self._news.set()

    def note_read(self, messages: Sequence[model.Message]) -> None:
        """Note messages of one session, oldest first, that were read as they are stored."""
        if self.texts:
            self.texts.keep_read(messages)
            self._news.set()

    def note_start(self, session_id: UUID, messages: Sequence[model.Message]) -> None:
        """Note how a conversation opens that was read from its start on."""
        self._note_opening(session_id, messages, is_start=True)

    def note_activity(self, session_id: UUID, at: datetime) -> None:
        """Note that a message was seen of this time; what is known to be later stays."""
        known = self._told.get(session_id, _NOTHING)
        if known.active_at is None or known.active_at < at:
            self._note(session_id, known.and_active(at))

    def activity(self, session: model.Session) -> datetime:
        """Tell when a session was last active, as it is written down or was seen here since."""
        seen = self._told.get(session.id, _NOTHING).active_at
        return max(seen, session.active_at) if seen else session.active_at

    async def flush_seen(self) -> None:
        """Write down what was noted of sessions, before it is asked for."""
        if self._seen or self._writing.locked():
            await self.flush()

    async def flush_texts(self) -> None:
        """Write down what was said, before it is searched."""
        if (self.texts and self.texts.has_news) or self._writing.locked():
            await self.flush()

    def _note_opening(self, session_id: UUID, messages: Sequence[model.Message], *, is_start: bool) -> None:
        known = self._told.get(session_id, _NOTHING)
        told = known.opening
        if told and (told.is_start or (not is_start and told.at <= messages[0].created_at)):
            return
        found = opening_of(messages[:_LOOKED_THROUGH])
        if found:
            text, message = found
            self._note(session_id, known.and_opened(Opening(text, message.created_at, is_start)))

    def _note(self, session_id: UUID, seen: Seen) -> None:
        if len(self._seen) >= _MOST:
            return
        self._told[session_id] = self._seen[session_id] = seen
        self._told.move_to_end(session_id)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)
        self._news.set()

    def keep_count(self, session_id: UUID, counted: Counted) -> None:
        """Keep how many messages a session has up to a time."""
        if len(self._counts) < _MOST:
            self._counts[session_id] = max(counted, self._counts.get(session_id, counted), key=lambda one: one.until)
        self._news.set()

    def forget(self, session_id: UUID) -> None:
        """Forget what is known of a session, where it was found not to be so: messages are gone from Acontext."""
        self._forgotten.add(session_id)
        self._told.pop(session_id, None)
        if self.texts:
            self.texts.forget(session_id)
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
            async with self._telling() as seen:
                moved = await noting.note(learnt[start : start + _AT_ONCE], seen) if learnt or seen else []
            if self._tell_active:
                for user, session_id in moved:
                    self._tell_active(user, session_id)
        if counted:
            await places.put_counts(counted)
        if self.texts:
            await self.texts.flush()

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[dict[UUID, Seen]]:
        """Give what is to be written of sessions; what is not written then is still to be."""
        seen, self._seen = self._seen, {}
        try:
            yield seen
        except BaseException:
            later = self._seen
            self._seen = seen | {id: seen[id].and_later(one) if id in seen else one for id, one in later.items()}
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
