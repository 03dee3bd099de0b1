"""That something was said is told at once, and then in moderation, however much is said."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from gql_api.errors import SlowConsumer
from gql_api.events import Event, ListChange, ListChanged, owner_key
from gql_api.events.local import LocalBroker
from gql_api.services.activity import Activity
from gql_api.services.following.subscriber import Subscriber

ONE, TWO = uuid4(), uuid4()
LONG, SHORT = 10_000.0, 0.01


def active(id: UUID, user: str = "ada") -> Event:
    return ListChanged(ListChange.ACTIVE, owner_key(user), id)


@pytest.fixture
def events() -> LocalBroker:
    return LocalBroker()


@pytest.fixture
def told(events: LocalBroker) -> Iterator[list[Event]]:
    """What was told."""
    told: list[Event] = []
    with events.listening(told.append, missed=lambda: None):
        yield told


async def test_each_session_is_told_at_once_and_what_follows_once_in_the_end(
    events: LocalBroker, told: list[Event]
) -> None:
    with Activity(events, rest=LONG).open() as activity:
        for _ in range(100):
            activity.tell("ada", ONE)
            activity.tell("bob", TWO)
        assert told == [active(ONE), active(TWO, "bob")]
        activity.tell("ada", uuid4())
    assert told[3:] == [active(ONE), active(TWO, "bob")]


async def test_after_its_rest_what_followed_is_told_and_a_session_that_was_quiet_is_told_at_once(
    events: LocalBroker, told: list[Event]
) -> None:
    with Activity(events, rest=SHORT).open() as activity:
        for _ in range(100):
            activity.tell("ada", ONE)
        activity.tell("ada", TWO)
        await until(lambda: len(told) == 3)
        assert told == [active(ONE), active(TWO), active(ONE)]
        await until(lambda: not activity._resting)
        activity.tell("ada", TWO)
        assert told[3:] == [active(TWO)]
    assert len(told) == 4


async def until(is_so: object) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # type: ignore[operator] # noqa: ASYNC110 - timers end it
            await asyncio.sleep(0.001)


async def test_many_active_sessions_at_a_stroke_end_no_subscriber_and_wait_once_each() -> None:
    subscriber: Subscriber[Event] = Subscriber(3, None)
    changes = [ListChanged(ListChange.UPDATED, owner_key("ada"), uuid4()) for _ in range(3)]
    sessions = [active(uuid4()) for _ in range(1000)]
    for one in [*sessions, *sessions]:
        subscriber.offer_once(one)
    for change in changes:
        subscriber.offer(change)
    subscriber.offer_once(sessions[-1])
    assert [await subscriber.next() for _ in range(1003)] == [*sessions, *changes]
    subscriber.offer_once(sessions[0])
    assert await subscriber.next() == sessions[0]


async def test_a_subscriber_that_takes_nothing_is_ended_all_the_same() -> None:
    subscriber: Subscriber[Event] = Subscriber(3, None)
    for _ in range(10_000):
        subscriber.offer_once(active(uuid4()))
    assert not subscriber._items
    with pytest.raises(SlowConsumer):
        await subscriber.next()
