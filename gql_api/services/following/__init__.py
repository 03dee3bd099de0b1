"""Following sessions and lists of sessions: who follows what, within limits; what was missed is caught up first."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.errors import Failure, Overloaded, RateLimited, ServerStopping, SubscriptionInterrupted
from gql_api.events import Broker, Event, ListChange, ListChanged, MessagesStored, UserErased, owner_key
from gql_api.mark import Edge, Mark, Seen, Settling
from gql_api.services.following.feed import Arrival, Feed
from gql_api.services.following.reader import Batch, Reader
from gql_api.services.following.subscriber import Subscriber
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.gateway import Gateway

__all__ = ["Followed", "Following", "Limits"]

_STOPPING = "The server stops; subscribe again with the last resumeCursor."
_ERASED = "All sessions of this user are being deleted; read the list anew and subscribe again."
_MISSED = "Changes may have been missed; read the list anew and subscribe again."


@dataclass(frozen=True, slots=True)
class Limits:
    """How many subscriptions one user and one process may have, and how many events may wait for one of them."""

    of_user: int
    in_all: int
    waiting: int = 256


@dataclass(frozen=True, slots=True)
class Followed:
    """A message, its session as it is now, and what the subscriber has seen with it, until the next one."""

    message: model.Message
    session: model.Session
    seen: Seen


@dataclass(slots=True)
class Following:
    """All who follow something in this process. `slowest` is the longest time between two polls, in seconds."""

    gateway: Gateway
    broker: Broker
    settling: Settling
    slowest: float
    limits: Limits
    places: PlaceKeeper
    _context: Context = field(default_factory=copy_context)
    """Reads are nobody's request: what is noted of one must not be noted of who came first."""
    _feeds: dict[UUID, Feed] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _lists: defaultdict[str, dict[Subscriber[ListChanged], bool]] = field(default_factory=lambda: defaultdict(dict))
    """Who follows the list of whom, and whether it is to be told of activity too."""
    _users: Counter[str] = field(default_factory=Counter)
    _has_ended: bool = False

    @property
    def subscriptions(self) -> int:
        """How many there are now."""
        return self._users.total()

    @property
    def sessions(self) -> int:
        """How many sessions are read for them."""
        return len(self._feeds)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen to events; at the end nobody follows anything any more."""
        with self.broker.listening(self._hear, missed=self._missed):
            try:
                yield
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def end(self) -> None:
        """End all subscriptions, those too that have only begun and are not to be found yet: the server stops."""
        self._has_ended = True
        for feed in list(self._feeds.values()):
            feed.end(ServerStopping(_STOPPING))
        self._end_lists(ServerStopping(_STOPPING))

    async def messages(
        self, session: model.Session, since: Mark | Edge | None, *, by: model.Viewer
    ) -> AsyncGenerator[Followed, None]:
        """Give the messages that were not seen yet, and then those that come; it ends when the session is deleted.

        Each comes once, in the order of arrival here. Without `since` only those that come from now on. Raises
        `RateLimited`, `Overloaded`, `SlowConsumer`, `Unauthenticated` once the token is not good any more, `NotFound`
        when Acontext has lost the conversation, or an `UpstreamFailure` when it cannot be read to begin with; a later
        failure is waited out.
        """
        with self._counted(by.user), self._feed(session) as feed:
            await feed.ready()
            async with aclosing(self.from_feed(feed, since, by=by)) as found:
                async for followed in found:
                    yield followed

    async def from_feed(
        self, feed: Feed, since: Mark | Edge | None, *, by: model.Viewer
    ) -> AsyncGenerator[Followed, None]:
        """Give what was missed, then what comes."""
        subscriber: Subscriber[Arrival] = self._subscriber(by)
        # Nothing may be awaited between joining and looking at what the feed has by then.
        with feed.joined(subscriber):
            seen = self._seen(feed, since)
            if since is not None:
                edge = since if isinstance(since, Edge) else None
                async for message in self._missed_messages(feed, seen, edge):
                    yield Followed(message, feed.session, seen)
            while arrival := await subscriber.next():
                if seen.is_new(arrival.message):
                    seen.take(arrival.message, ceiling=arrival.ceiling)
                    yield Followed(arrival.message, arrival.session, seen)

    def _subscriber(self, by: model.Viewer) -> Subscriber[Any]:
        subscriber: Subscriber[Any] = Subscriber(self.limits.waiting, by.until)
        if self._has_ended:
            subscriber.end(ServerStopping(_STOPPING))
        return subscriber

    def _seen(self, feed: Feed, since: Mark | Edge | None) -> Seen:
        if isinstance(since, Edge):
            return Seen.of(Mark(since.created_at - self.settling.overlap))
        return Seen.of(since or feed.seen.mark())

    async def changes(
        self, owner: str, *, by: model.Viewer, activity: bool = False
    ) -> AsyncGenerator[ListChanged, None]:
        """Give what changes in a user's list from now on; raises `SubscriptionInterrupted` when some may be missing."""
        subscriber: Subscriber[ListChanged] = self._subscriber(by)
        key = owner_key(owner)
        with self._counted(by.user):
            if not self.broker.is_whole:
                raise SubscriptionInterrupted(_MISSED)
            self._lists[key][subscriber] = activity
            try:
                while change := await subscriber.next():
                    yield change
            finally:
                del self._lists[key][subscriber]
                if not self._lists[key]:
                    del self._lists[key]

    async def _missed_messages(self, feed: Feed, seen: Seen, edge: Edge | None) -> AsyncIterator[model.Message]:
        """Give what was not seen yet, from what the feed has at hand, else from Acontext."""
        recent = feed.recent(seen.settled)
        # Where the feed has not seen the edge yet, it will tell of it and of what is before it.
        if recent is not None and (edge is None or any(message.id_text == str(edge.id) for message in recent.messages)):
            for message in _unseen(recent, seen, edge):
                yield message
            return
        async for batch in self._reader().walk(feed.session.id, seen.settled):
            for message in _unseen(batch, seen, edge):
                yield message

    def _reader(self) -> Reader:
        return Reader(self.gateway, self.settling, self.places)

    @contextmanager
    def _feed(self, session: model.Session) -> Iterator[Feed]:
        """Use the session's feed, which runs as long as anybody does."""
        feed = self._feeds.get(session.id)
        if feed is None or feed.is_over:
            feed = self._feeds[session.id] = Feed(session, self._reader(), slowest=self.slowest)
            feed.task = asyncio.create_task(feed.run(), context=self._context.copy())
            self._tasks.add(feed.task)
            feed.task.add_done_callback(self._tasks.discard)
        feed.users += 1
        try:
            yield feed
        finally:
            feed.users -= 1
            if not feed.users:
                if self._feeds.get(session.id) is feed:
                    del self._feeds[session.id]
                if feed.task:
                    feed.task.cancel()

    @contextmanager
    def _counted(self, user: str) -> Iterator[None]:
        if self._users[user] >= self.limits.of_user:
            raise RateLimited(f"One user has at most {self.limits.of_user} subscriptions here.")
        if self.subscriptions >= self.limits.in_all:
            raise Overloaded("The server has as many subscriptions as it may have.")
        self._users[user] += 1
        try:
            yield
        finally:
            self._users[user] -= 1
            if not self._users[user]:
                del self._users[user]

    def _hear(self, event: Event) -> None:
        if isinstance(event, UserErased):
            self._hear_of_end(event)
            return
        if isinstance(event, ListChanged):
            self._hear_of_list(event)
        # What is active was read already, or is told as MessagesStored.
        if isinstance(event, MessagesStored) or event.change in (ListChange.UPDATED, ListChange.DELETED):
            feed = self._feeds.get(event.session_id)
            if feed:
                feed.hasten()

    def _hear_of_list(self, event: ListChanged) -> None:
        for subscriber, has_activity in list(self._lists.get(event.owner, {}).items()):
            if event.change is not ListChange.ACTIVE:
                subscriber.offer(event)
            elif has_activity:
                subscriber.offer_once(event)

    def _hear_of_end(self, event: UserErased) -> None:
        """Let who follows the list read it anew, and who follows a session of it see that it is gone."""
        for subscriber in list(self._lists.get(event.owner, ())):
            subscriber.end(SubscriptionInterrupted(_ERASED))
        for feed in self._feeds.values():
            if owner_key(feed.session.user) == event.owner:
                feed.hasten()

    def _missed(self) -> None:
        for feed in self._feeds.values():
            feed.hasten()
        self._end_lists(SubscriptionInterrupted(_MISSED))

    def _end_lists(self, failure: Failure) -> None:
        for subscribers in self._lists.values():
            for subscriber in subscribers:
                subscriber.end(failure)


def _unseen(batch: Batch, seen: Seen, edge: Edge | None) -> Iterator[model.Message]:
    """Give of a batch what was not seen yet, and take it as seen."""
    for message in batch.messages:
        is_new = seen.is_new(message) and not (edge and edge.is_after(message))
        if message.created_at > seen.settled:
            seen.take(message, ceiling=batch.ceiling)
        if is_new:
            yield message
