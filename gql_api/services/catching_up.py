"""Goes through conversations for what search does not know yet: what was there before it, and what others stored."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from gql_api.errors import UpstreamFailure
from gql_api.mark import BEGINNING
from gql_api.services.following.reader import Reader
from gql_api.store import read_texts, texts
from gql_api.store.read_texts import ReadTo
from gql_api.store.text_keeper import TextKeeper
from gql_api.upstream.refusal import Refused

LOOKED_AGAIN = timedelta(days=1)
"""After how long a session is looked through again: others may store messages past this server."""
_SECONDS = 20.0
"""How long one round may go on; what is left is left to the next. Half of it is left to requests."""
_WINDOW, _WINDOWS = 500, 20
_FEW = 50
_EMPTIED = 5000
_FIRST = UUID(int=0)
_STEP = timedelta(microseconds=1)
_LOG = logging.getLogger(__name__)

HasTurn = Callable[[], Awaitable[bool]]


class CatchUp:
    """Reads one session after another, with a pause after each, so that it is no burden to Acontext.

    What grew under the eyes of this process it looks through itself; all others are gone through by who has the turn.
    """

    def __init__(self, reader: Reader, keeper: TextKeeper, *, pages: int = 5) -> None:
        self._reader = reader
        self._keeper = keeper
        self._pages = pages
        """How many are read of one session before others have their turn."""
        self._reached = _FIRST

    async def __call__(self, has_turn: HasTurn) -> None:
        """Do one round; where Acontext is not to be had, the next one goes on there."""
        try:
            await self._round(time.monotonic() + _SECONDS, has_turn)
        except UpstreamFailure as failure:
            _LOG.debug("what is missing from the search is looked for later: %s", type(failure).__name__)

    async def _round(self, end: float, has_turn: HasTurn) -> None:
        for session_id in self._keeper.grown(_FEW):
            found = await read_texts.of(session_id)
            if found is None:
                self._keeper.forget(session_id)
            else:
                await self._look_through(found)
        for _ in range(_WINDOWS):
            if time.monotonic() > end or not await has_turn():
                return
            if not await self._go_on(end, has_turn):
                return

    async def _go_on(self, end: float, has_turn: HasTurn) -> bool:
        """Go through the next sessions, as far as there is time; False at the end of them all, and then begin anew."""
        sessions = await read_texts.some(self._reached, limit=_WINDOW)
        long_ago = self._reader.settling.clock() - LOOKED_AGAIN
        for one in sessions:
            if one.looked_at is None or one.looked_at < long_ago:
                if time.monotonic() > end or not await has_turn():
                    return True
                began = time.monotonic()
                await self._look_through(one)
                await asyncio.sleep(time.monotonic() - began)
            self._reached = one.session_id
        if len(sessions) < _WINDOW:
            self._reached = _FIRST
            return False
        return True

    async def _look_through(self, one: ReadTo) -> None:
        """Keep what is said in a session since it was last looked through; of a long one the rest comes later."""
        until, pages, now = one.until or BEGINNING, 0, self._reader.settling.clock()
        try:
            async for batch in self._reader.walk(one.session_id, until, least=until):
                await self._keeper.keep_at_once(batch.messages)
                until = max(until, min(batch.ceiling, batch.messages[-1].created_at - _STEP))
                pages += 1
                if pages == self._pages:
                    await read_texts.note(one.session_id, until=until, looked_at=None)
                    return
        except Refused as refusal:
            if not (refusal.is_absence or refusal.is_mistake or refusal.is_anothers):
                raise
            # The conversation is gone from Acontext.
        await read_texts.note(one.session_id, until=until, looked_at=now)
        self._keeper.note_read_to(one.session_id, until)


async def emptying(has_turn: HasTurn) -> None:
    """Forget all that was kept to be searched, where it is to be kept no longer."""
    is_more = True
    while is_more and await has_turn():
        is_more = await texts.empty(_EMPTIED)
