"""Events between processes, by a real PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from databases import Databases
from gql_api.events import Event, ListChange, ListChanged, MessagesStored, UserErased, owner_key, postgres
from gql_api.events.postgres import CHANNEL, MOST_PENDING, PostgresBroker
from gql_api.store.connection_options import ConnectionOptions, connect_directly

SESSION = UUID("11111111-1111-4111-8111-111111111111")
STORED = MessagesStored(SESSION)
LARGEST_PAYLOAD = 8000
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'gql_api-events'
"""


@dataclass
class Heard:
    """What a listener is told."""

    events: list[Event] = field(default_factory=list)
    missed: int = 0

    def miss(self) -> None:
        self.missed += 1


@pytest.fixture
async def url(postgres_databases: Databases) -> AsyncIterator[str]:
    url = await postgres_databases.empty()
    yield url
    await postgres_databases.drop(url)


@asynccontextmanager
async def server(url: str) -> AsyncIterator[tuple[PostgresBroker, Heard]]:
    """Give the broker of one server, and what is heard there."""
    broker, heard = PostgresBroker(partial(connect_directly, url, ConnectionOptions())), Heard()
    with broker.listening(heard.events.append, missed=heard.miss):
        async with broker.open(patience=10):
            yield broker, heard


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what comes by the database."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - it comes from outside
            await asyncio.sleep(0.01)


async def test_servers_on_one_database_hear_each_other_and_themselves_once(url: str) -> None:
    change, active = [ListChanged(kind, owner_key("ada"), SESSION) for kind in (ListChange.DELETED, ListChange.ACTIVE)]
    erased = UserErased(owner_key("ada"))
    async with server(url) as (one, heard_here), server(url) as (_, heard_there):
        assert one.is_whole
        one.publish(STORED)
        assert heard_here.events == [STORED]
        one.publish(change)
        one.publish(erased)
        one.publish(active)
        await until(lambda: len(heard_there.events) == 4)
        one.publish(MessagesStored(uuid4()))
        await until(lambda: len(heard_there.events) == 5)
    assert heard_there.events[:4] == [STORED, change, erased, active]
    assert heard_here.events == [*heard_there.events]


async def test_what_waits_is_sent_once(url: str) -> None:
    async with server(url) as (one, _), server(url) as (_, heard_there):
        for _ in range(1000):
            one.publish(STORED)
        one.publish(MessagesStored(uuid4()))
        await until(lambda: len(heard_there.events) >= 2)
    assert heard_there.events.count(STORED) == 1


async def test_a_lost_connection_is_made_again_and_listeners_are_told(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with server(url) as (one, _), server(url) as (two, heard_there):
        before = heard_there.missed
        with caplog.at_level(logging.INFO):
            await executed(url, KILL)
            await until(lambda: heard_there.missed > before and one.is_whole and two.is_whole)
        one.publish(STORED)
        await until(lambda: heard_there.events)
    assert heard_there.events == [STORED]
    lines = [record.getMessage() for record in caplog.records if record.name == "gql_api.events.postgres"]
    assert sorted(lines) == sorted(
        ["events of other servers do not arrive: ConnectionResetError", "events of other servers arrive"] * 2
    )


async def test_without_a_database_the_server_goes_on_alone() -> None:
    async def connect() -> asyncpg.Connection:
        raise OSError("nobody there")

    broker, heard = PostgresBroker(connect), Heard()
    with broker.listening(heard.events.append, missed=heard.miss):
        async with broker.open(patience=0.1):
            for _ in range(MOST_PENDING + 5):
                broker.publish(MessagesStored(uuid4()))
            assert not broker.is_whole
            assert len(broker._pending) == MOST_PENDING
    assert len(heard.events) == MOST_PENDING + 5


async def test_what_others_send_in_another_form_is_left_out(url: str) -> None:
    async with server(url) as (_, heard):
        for payload in ("", "1", "1 m x", "2 m " + SESSION.hex, f"1 gone {SESSION.hex} x", "1 created x y", "x" * 7000):
            await executed(url, "SELECT pg_notify($1, $2)", CHANNEL, payload)
        await executed(url, "SELECT pg_notify($1, $2)", CHANNEL, f"1 m {SESSION.hex}")
        await until(lambda: heard.events)
    assert heard.events == [STORED]


async def test_what_is_sent_names_nobody(url: str) -> None:
    async with notifications(url) as payloads, server(url) as (one, _):
        one.publish(ListChanged(ListChange.CREATED, owner_key("ada@example.com"), SESSION))
        await until(lambda: payloads)
    assert payloads == [f"1 created {SESSION.hex} {owner_key('ada@example.com')}"]


@asynccontextmanager
async def notifications(url: str) -> AsyncIterator[list[str]]:
    """Give what is sent between servers, as it comes."""
    payloads: list[str] = []
    listening = await asyncpg.connect(url)
    await listening.add_listener(CHANNEL, lambda *told: payloads.append(told[3]))
    try:
        yield payloads
    finally:
        await listening.close()


async def test_what_happens_just_after_a_statement_is_gathered_and_sent_together(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_TOGETHER", 0.5)
    events = [MessagesStored(uuid4()) for _ in range(5)]
    async with notifications(url) as payloads, server(url) as (one, _), server(url) as (_, heard_there):
        one.publish(events[0])
        await until(lambda: heard_there.events)
        for event in events[1:]:
            one.publish(event)
            await asyncio.sleep(0.01)
        assert len(payloads) == 1
        await until(lambda: len(heard_there.events) == 5)
    assert heard_there.events == events
    assert [payload.count("\n") for payload in payloads] == [0, 3]


async def test_many_events_take_few_notifications_and_come_whole_and_in_order(url: str) -> None:
    events = [ListChanged(ListChange.CREATED, owner_key(str(number)), uuid4()) for number in range(450)]
    async with notifications(url) as payloads, server(url) as (one, _), server(url) as (_, heard_there):
        for event in events:
            one.publish(event)
        await until(lambda: len(heard_there.events) == len(events))
    assert heard_there.events == events
    assert len(payloads) == 7
    assert max(map(len, payloads)) < LARGEST_PAYLOAD


async def test_what_happens_again_while_it_is_sent_is_sent_again(url: str) -> None:
    async with server(url) as (one, _), server(url) as (_, heard_there):
        one.publish(STORED)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert one._pending
        one.publish(STORED)
        await until(lambda: len(heard_there.events) == 2)
    assert heard_there.events == [STORED, STORED]


async def test_one_event_that_cannot_be_read_hides_none_beside_it(url: str) -> None:
    other = MessagesStored(uuid4())
    payload = f"1 m {SESSION.hex}\n9 odd\n\n1 m {other.session_id.hex}"
    async with server(url) as (_, heard):
        await executed(url, "SELECT pg_notify($1, $2)", CHANNEL, payload)
        await until(lambda: len(heard.events) == 2)
    assert heard.events == [STORED, other]


async def executed(url: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.fetch(statement, *values)
    finally:
        await connection.close()
