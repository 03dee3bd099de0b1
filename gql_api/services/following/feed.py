"""One followed session in one process: one reader for all its subscribers, adaptive and hastened by events."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gql_api import model, request_scope
from gql_api.errors import Failure, NotFound, SubscriptionInterrupted
from gql_api.mark import BEGINNING, Seen
from gql_api.services.following.reader import Batch, Elapsed, Reader
from gql_api.services.following.subscriber import Subscriber
from gql_api.store import mappings
from gql_api.upstream.refusal import Refused

_LOG = logging.getLogger(__name__)
_STEP = timedelta(microseconds=1)
_KEPT = 64
"""How many of the messages that came last are at hand for subscribers that come later."""
_LEAST_PAUSE = 0.01
_QUICK = 1.0
"""Seconds between polls of a conversation that others write to just now."""
_SLOWING = 4
"""A conversation that was quiet for this many polls' time is asked for half as often."""
_BROKEN = "The session cannot be followed any more; subscribe again with the last resumeCursor."
_GONE = "The conversation of this session is gone from Acontext."


def seconds_to_pause(quiet: float, *, slowest: float) -> float:
    """Tell how long after a poll the next one is, of a conversation where nothing came for `quiet` seconds."""
    return min(slowest, max(_QUICK, quiet / _SLOWING))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it arrives here, with its session as that is now, and how far the read settled things."""

    message: model.Message
    session: model.Session
    ceiling: datetime


class Feed:
    """Reads as long as `run` runs; subscribers come and go meanwhile."""

    def __init__(
        self, session: model.Session, reader: Reader, *, slowest: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.session = session
        self.seen = Seen()
        self.users = 0
        self.task: asyncio.Task[None] | None = None
        self.is_over = False
        self._failure: Failure | None = None
        self._subscribers: set[Subscriber[Arrival]] = set()
        self._reader = reader
        self._slowest = slowest
        self._clock = clock
        self._recent: deque[model.Message] = deque()
        self._covered = BEGINNING
        self._elapsed = Elapsed(reader.settling.overlap.total_seconds())
        self._wake = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last_news = self._clock()

    def hasten(self) -> None:
        """Read soon: something happened."""
        self._wake.set()

    async def ready(self) -> None:
        """Wait until it is known what there is; raise the failure where it could not be read."""
        await asyncio.shield(self._ready)

    @contextmanager
    def joined(self, subscriber: Subscriber[Arrival]) -> Iterator[None]:
        """Let the subscriber have what arrives from now on."""
        if self.is_over:
            subscriber.end(self._failure)
        self._subscribers.add(subscriber)
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    def end(self, failure: Failure | None) -> None:
        """End all subscribers."""
        for subscriber in list(self._subscribers):
            subscriber.end(failure)

    def recent(self, since: datetime) -> Batch | None:
        """Give all messages later than `since`, if all of them are at hand; in the order of the list."""
        if since < self._covered:
            return None
        later = [message for message in self._recent if message.created_at > since]
        return Batch(sorted(later, key=lambda one: (one.created_at, one.id)), self.seen.settled)

    async def run(self) -> None:
        """Read until there is nothing more to read; then all subscribers have ended."""
        try:
            with request_scope.no_request():
                await self.begin()
                self._failure = await self._follow()
        except Failure as failure:
            self._failure = failure
        except Exception:
            _LOG.exception("a followed session cannot be read any more")
            self._failure = SubscriptionInterrupted(_BROKEN)
        finally:
            self.is_over = True
            if not self._ready.done():
                self._ready.set_exception(self._failure or SubscriptionInterrupted(_BROKEN))
                self._ready.exception()  # nobody may be waiting for it
            self.end(self._failure)

    async def begin(self) -> None:
        """Learn what there is already: nobody is told of it but who asks for it."""
        batch, has_previous = await self._reader.newest(self.session.id)
        if has_previous:
            self._covered = batch.messages[0].created_at - _STEP
        for message in batch.messages:
            self.seen.take(message, ceiling=batch.ceiling)
            self._keep(message)
        self._elapsed.note(self._clock(), self.seen.latest)
        self._ready.set_result(None)

    async def _follow(self) -> Failure | None:
        """Poll; end with a failure that subscribers are told, or None when the session was deleted."""
        failed = 0
        while True:
            await self._pause(failed)
            began = self._clock()
            self._wake.clear()
            try:
                if not await self._poll():
                    return None
            except Refused:
                if not await self._exists():
                    return NotFound(_GONE)
                failed = self._note_failure(failed, "refused")
            except Failure as failure:
                failed = self._note_failure(failed, failure.code)
            else:
                failed = 0
            # Whatever happens meanwhile, no more than half of the time is spent reading.
            await asyncio.sleep(max(_LEAST_PAUSE, self._clock() - began))

    async def _poll(self) -> bool:
        """Look at the session, and read what is new; False when it was deleted."""
        found = (await mappings.ready(self.session.user, [self.session.id])).get(self.session.id)
        if found is None:
            return False
        self.session = found
        await self.read()
        return True

    async def read(self) -> None:
        """Read what is new, and give it to all subscribers."""
        ceiling = BEGINNING
        least = self._elapsed.at(self._clock())
        async for batch in self._reader.walk(self.session.id, self.seen.settled, least=least):
            ceiling = batch.ceiling
            for message in batch.messages:
                if self.seen.is_new(message):
                    self.seen.take(message, ceiling=ceiling)
                    self._give(message, ceiling)
        self.seen.settle(min(self.seen.latest, ceiling))
        self._elapsed.note(self._clock(), self.seen.latest)

    async def _exists(self) -> bool:
        with suppress(Failure):
            return await self._reader.gateway.sessions.exists(self.session.id)
        return True

    def _give(self, message: model.Message, ceiling: datetime) -> None:
        self._last_news = self._clock()
        self._keep(message)
        arrival = Arrival(message, self.session, ceiling)
        for subscriber in self._subscribers:
            subscriber.offer(arrival)

    def _keep(self, message: model.Message) -> None:
        self._recent.append(message)
        if len(self._recent) > _KEPT:
            self._covered = max(self._covered, self._recent.popleft().created_at)

    async def _pause(self, failed: int) -> None:
        """Wait for an event or for the time of the next poll: soon while there are news, later while there are none."""
        seconds = seconds_to_pause(self._clock() - self._last_news, slowest=self._slowest)
        if failed:
            await asyncio.sleep(min(self._slowest * 2, 0.5 * 2 ** min(failed, 10)))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _note_failure(self, failed: int, code: str) -> int:
        if not failed:
            _LOG.warning("a followed session cannot be read just now: %s; it is tried again", code)
        return failed + 1
