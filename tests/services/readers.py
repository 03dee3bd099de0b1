"""Readers of a conversation who stop and go on from cursors, step by step, and what must have come of it at the end.

What follows is the real thing, over a model of Acontext whose messages are there later than their time. Two feeds
stand for two servers, that start again now and then.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from gql_api import model
from gql_api.events.local import LocalBroker
from gql_api.loaders import conversation
from gql_api.loaders.conversation import Edits
from gql_api.loaders.resuming import read_and_mark, read_edited_and_mark
from gql_api.loaders.view import View, Window
from gql_api.mark import Edge, Mark, Settling
from gql_api.services.following import Following, Limits
from gql_api.services.following.feed import Feed
from gql_api.services.following.reader import Reader
from gql_api.store.place_keeper import PlaceKeeper
from services.late import BEGAN, EDITS, OVERLAP, SESSION, LateAcontext, Place, place

Step = tuple[Any, ...]
ADA = model.Viewer("ada", may_name_others=False)
FEEDS = 2
MOST = 10_000
MARKS = 5
"""So many marks of each subscription are looked at."""


@dataclass
class Given:
    """A cursor that was given out: what its holder has seen is `least` of it, and `most`."""

    since: Mark | Edge
    least: set[UUID]
    most: set[UUID]


@dataclass
class Subscription:
    """What one subscriber was told, and the marks that came along; `since` None: only what comes."""

    since: Mark | Edge | None
    told: list[UUID] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None
    has_stopped: bool = False


class World:
    """Interprets steps, and checks at the end what came of them."""

    def __init__(self, page: int, skew: float) -> None:
        self.acontext = LateAcontext(page)
        self.settling = Settling(timedelta(seconds=OVERLAP), lambda: self.acontext.now() + timedelta(seconds=skew))
        self.gateway = cast("Any", SimpleNamespace(messages=self.acontext))
        self.following = Following(
            self.gateway, LocalBroker(), self.settling, 5.0, Limits(MOST, MOST, MOST), PlaceKeeper()
        )
        self.feeds: list[Feed] = []
        self.given = [Given(Mark(), set(), set())]
        self.subscriptions: list[Subscription] = []

    async def run(self, steps: list[Step]) -> None:
        self.feeds = [await self.new_feed() for _ in range(FEEDS)]
        for name, *arguments in steps:
            await getattr(self, name)(*arguments)
            self.acontext.meanwhile = []
        await self.check()

    async def new_feed(self) -> Feed:
        session = model.Session(SESSION, "ada", None, SESSION, BEGAN, BEGAN, BEGAN)
        reader = Reader(self.gateway, self.settling, PlaceKeeper())
        feed = Feed(session, reader, slowest=5.0, clock=lambda: self.acontext.seconds)
        await feed.begin()
        return feed

    async def write(self, delay: float, count: int) -> None:
        for _ in range(count):
            self.acontext.write(delay)

    async def tick(self, seconds: float) -> None:
        self.acontext.seconds += seconds

    async def poll(self, number: int, meanwhile: list[tuple[float, float]]) -> None:
        self.acontext.meanwhile = list(meanwhile)
        await self.feeds[number % FEEDS].read()
        await self.quiet()

    async def restart(self, number: int, meanwhile: list[tuple[float, float]]) -> None:
        self.feeds[number % FEEDS].end(None)
        await self.quiet()
        for subscription in self.subscriptions:
            subscription.has_stopped |= bool(subscription.task and subscription.task.done())
        self.acontext.meanwhile = list(meanwhile)
        self.feeds[number % FEEDS] = await self.new_feed()

    async def edge(self, number: int) -> None:
        there = self.acontext.there()
        if there:
            message = there[number % len(there)]
            self.given.append(Given(Edge(*place(message)), set(), set()))

    async def pages(self, windows: list[Step], meanwhile: list[tuple[float, float]]) -> None:
        """Read pages in one operation, the first of them also as one that does not ask for a cursor."""
        loaders = self.acontext.loaders()
        asked = [(kind == "edited", self.window(kind, *sizes)) for kind, *sizes in windows]
        self.acontext.meanwhile = list(meanwhile)
        before = self.acontext.there()
        is_edited, window = asked[0]
        plain = conversation.read_edited if is_edited else conversation.read
        edits = [Edits(EDITS)] if is_edited else []
        reads = [self.read(loaders, *one) for one in asked]
        alongside = asyncio.ensure_future(plain(loaders, SESSION, window, *edits))
        found = await asyncio.gather(*reads)
        await alongside
        for (edited, window), (view, mark) in zip(asked, found, strict=True):
            shown = {message.id for message in view.messages}
            if edited:
                self.given.append(Given(mark, {one.id for one in before} | shown, self.acontext.edited | shown))
                continue
            reach, start = self.reach(window, view)
            least = {one.id for one in before if place(one) <= reach}
            most = {one.id for one in self.acontext.there() if place(one) <= reach and place(one) < start}
            self.given.append(Given(mark, least | shown, most | shown))

    def reach(self, window: Window, view: View) -> tuple[Place, Place]:
        """Tell up to where a page's reader knows what there was, and from where just what the page shows."""
        after = (window.after.created_at, window.after.id) if window.after else (BEGAN, UUID(int=0))
        if window.last is None or not view.messages:
            return after, (datetime.max.replace(tzinfo=UTC), UUID(int=0))
        return place(view.messages[-1]), place(view.messages[0])

    def window(self, kind: str, size: int | None, after: int | None, before: int | None) -> Window:
        """Make a window whose bounds are messages that are there, in their order."""
        there = self.acontext.there()
        start, end = ((number * 7 % len(there) if number and there else None) for number in (after, before))
        if start is not None and end is not None and end <= start:
            end = None
        first, last = (size or 1 if kind == name else None for name in ("first", "last"))
        bounds = [None if at is None else conversation.place(there[at]) for at in (start, end)]
        return Window(first, last, bounds[0], bounds[1])

    async def read(self, loaders: Any, edited: bool, window: Window) -> tuple[View, Mark]:
        if edited:
            edits = Edits(EDITS)
            return await read_edited_and_mark(loaders, SESSION, window, edits=edits, settling=self.settling)
        return await read_and_mark(loaders, SESSION, window, self.settling)

    async def follow(self, number: int, cursor: int | None, meanwhile: list[tuple[float, float]]) -> None:
        """Subscribe at a feed, from a cursor of a page or an event, or from now on."""
        marks: list[Mark | Edge] = [mark for one in self.subscriptions for mark in one.marks]
        known = [given.since for given in self.given] + marks
        self.acontext.meanwhile = list(meanwhile)
        self.begin(self.feeds[number % FEEDS], None if cursor is None else known[-1 - cursor % len(known)])
        await self.quiet()

    def begin(self, feed: Feed, since: Mark | Edge | None) -> Subscription:
        subscription = Subscription(since)
        subscription.task = asyncio.create_task(self.take(feed, subscription))
        self.subscriptions.append(subscription)
        return subscription

    async def take(self, feed: Feed, subscription: Subscription) -> None:
        async for followed in self.following.from_feed(feed, subscription.since, by=ADA):
            subscription.told.append(followed.message.id)
            subscription.marks.append(followed.seen.mark())

    async def stop(self, number: int) -> None:
        if self.subscriptions:
            subscription = self.subscriptions[number % len(self.subscriptions)]
            assert subscription.task
            subscription.task.cancel()
            await asyncio.wait([subscription.task])
            subscription.has_stopped = True

    async def quiet(self) -> None:
        """Wait until all subscribers wait: who has more to read does so within a few turns of the loop."""
        reads = -1
        while reads != self.acontext.reads:
            reads = self.acontext.reads
            for _ in range(8):
                await asyncio.sleep(0)

    async def check(self) -> None:
        """Let all be there and be read; then see what each cursor still brings, and that it adds up."""
        self.acontext.seconds += OVERLAP
        for feed in self.feeds:
            await feed.read()
        await self.quiet()
        everything = {message.id for message, _ in self.acontext.written}
        last = await self.new_feed()
        for cursor in self.given:
            seen = await self.seen(last, cursor.since, everything)
            if isinstance(cursor.since, Edge):
                cursor.least = cursor.most = {one.id for one, _ in self.acontext.written if cursor.since.is_after(one)}
            assert cursor.least <= seen <= cursor.most
        for subscription in self.subscriptions:
            await self.check_subscription(last, subscription, everything)
        for subscription in self.subscriptions:
            if subscription.task:
                subscription.task.cancel()

    async def check_subscription(self, last: Feed, subscription: Subscription, everything: set[UUID]) -> None:
        since, told, marks = subscription.since, subscription.told, subscription.marks
        assert len(set(told)) == len(told)
        if isinstance(since, Mark):
            before = await self.seen(last, since, everything)
        elif marks:
            before = await self.seen(last, marks[0], everything) - {told[0]}
        else:
            return
        if isinstance(since, Edge):
            # What was there in its time is known by its place; what was late may come though it is before the edge.
            assert before <= await self.seen(last, since, everything)
            prompt = {
                one.id for one, shown in self.acontext.written if BEGAN + timedelta(seconds=shown) == one.created_at
            }
            earlier = {one.id for one, _ in self.acontext.written if one.created_at < since.created_at}
            assert before >= {since.id, *(prompt & earlier)}
        assert not before & set(told)
        assert subscription.has_stopped or before | set(told) == everything
        for count in range(1, len(marks) + 1, 1 + len(marks) // MARKS):
            assert await self.seen(last, marks[count - 1], everything) == before | set(told[:count])

    async def seen(self, feed: Feed, since: Mark | Edge, everything: set[UUID]) -> set[UUID]:
        """Tell what whoever has a cursor has seen: all but what they are told now, when all is there."""
        subscription = Subscription(since)
        task = asyncio.create_task(self.take(feed, subscription))
        await self.quiet()
        task.cancel()
        await asyncio.wait([task])
        assert len(set(subscription.told)) == len(subscription.told)
        return everything - set(subscription.told)
