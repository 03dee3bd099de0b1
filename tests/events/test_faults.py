"""Events where the database, the network or other programs are not as they should be."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from databases import PostgresDatabases
from events.silent_relay import SilentRelay
from events.test_postgres import STORED, Heard, executed, server, until
from gql_api.events import MessagesStored
from gql_api.events.postgres import CHANNEL, PostgresBroker
from gql_api.store.connection_options import ConnectionOptions, connect_directly
from gql_api.store.url import CertificatesUnusable

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SOON = 0.3
"""Seconds after which these brokers ask whether a silent connection is still there."""


@pytest.fixture
async def url(postgres_databases: PostgresDatabases) -> AsyncIterator[str]:
    url = await postgres_databases.empty()
    yield url
    await postgres_databases.drop(url)


@pytest.fixture
async def relay(postgres_databases: PostgresDatabases) -> AsyncIterator[SilentRelay]:
    async with SilentRelay(postgres_databases.server.socket).open() as relay:
        yield relay


def through(relay: SilentRelay, url: str) -> str:
    database = url.partition("@/")[2].partition("?")[0]
    return f"postgresql://postgres@127.0.0.1:{relay.port}/{database}"


class Unhurried(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose first answer to a NOTIFY is under way until it is let through."""

    is_sent = asyncio.Event()
    goes_on = asyncio.Event()

    async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
        found = await super().fetch(query, *values, **options)
        if "pg_notify" in query:
            self.is_sent.set()
            await self.goes_on.wait()
        return found


async def test_what_happens_again_while_it_is_told_is_told_again(url: str) -> None:
    Unhurried.is_sent, Unhurried.goes_on = asyncio.Event(), asyncio.Event()
    one, last = PostgresBroker(partial(asyncpg.connect, url, connection_class=Unhurried)), MessagesStored(uuid4())
    async with server(url) as (_, heard_there), one.open(patience=10):
        one.publish(STORED)
        await Unhurried.is_sent.wait()
        await until(lambda: heard_there.events == [STORED])
        one.publish(STORED)
        one.publish(last)
        Unhurried.goes_on.set()
        await until(lambda: last in heard_there.events)
    assert heard_there.events == [STORED, STORED, last]


async def test_whatever_is_wrong_with_a_connection_another_is_tried(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """As where the file of certificates is replaced just now."""
    failures: list[Exception] = [
        CertificatesUnusable("The file cannot be used.", in_url=False),
        asyncpg.InternalClientError("a defect of the driver"),
        UnicodeError("the name of the host"),
    ]

    async def connect() -> asyncpg.Connection:
        if failures:
            raise failures.pop(0)
        return await connect_directly(url, ConnectionOptions())

    broker, heard = PostgresBroker(connect), Heard()
    with caplog.at_level(logging.INFO), broker.listening(heard.events.append, missed=heard.miss):
        async with server(url) as (other, _), broker.open(patience=10):
            assert broker.is_whole
            other.publish(STORED)
            await until(lambda: heard.events)
    assert heard.events == [STORED]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "events of other servers do not arrive: CertificatesUnusable"
    ]


@pytest.mark.parametrize(("last_words", "connections"), [(b"LISTEN", 1), (b"SELECT 1", 2), (b"pg_notify", 2)])
async def test_a_connection_that_falls_silent_is_given_up(
    url: str, relay: SilentRelay, last_words: bytes, connections: int
) -> None:
    relay.last_words = last_words
    broker = PostgresBroker(partial(connect_directly, through(relay, url), ConnectionOptions()), alive=SOON)
    heard = Heard()
    with broker.listening(heard.events.append, missed=heard.miss):
        async with server(url) as (other, heard_there), broker.open(patience=10):
            broker.publish(STORED)
            await until(lambda: relay.silenced and heard.missed == connections and heard_there.events)
            other.publish(event := MessagesStored(uuid4()))
            await until(lambda: event in heard.events)
    assert set(heard_there.events) == {STORED, event}


async def test_events_do_not_count_as_whole_while_a_lost_connection_is_closed(url: str) -> None:
    whole_at_close: list[bool] = []

    class Closing(asyncpg.Connection):  # type: ignore[misc]
        async def close(self, **options: Any) -> None:
            whole_at_close.append(broker.is_whole)
            await super().close(**options)

    broker = PostgresBroker(partial(asyncpg.connect, url, connection_class=Closing))
    async with broker.open(patience=10):
        assert broker.is_whole
        await executed(url, TERMINATE)
        await until(lambda: whole_at_close and broker.is_whole)
    assert whole_at_close == [False, False]


async def test_what_waits_while_nobody_is_there_is_told_when_somebody_is(url: str) -> None:
    events = [MessagesStored(UUID(int=number)) for number in range(1, 451)]
    is_there = asyncio.Event()

    async def connect() -> asyncpg.Connection:
        await is_there.wait()
        return await connect_directly(url, ConnectionOptions())

    one = PostgresBroker(connect)
    async with server(url) as (_, heard_there), one.open(patience=0.01):
        for event in events:
            one.publish(event)
        assert not one.is_whole
        is_there.set()
        await until(lambda: len(heard_there.events) == len(events))
    assert heard_there.events == events


async def test_what_could_not_be_sent_is_sent_at_once_on_the_next_connection(url: str) -> None:
    failures = [ConnectionResetError()]

    class Breaking(asyncpg.Connection):  # type: ignore[misc]
        async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
            if "pg_notify" in query and failures:
                raise failures.pop()
            return await super().fetch(query, *values, **options)

    # A sign of life would be asked for long after this test has failed.
    one = PostgresBroker(partial(asyncpg.connect, url, connection_class=Breaking), alive=600)
    async with server(url) as (_, heard_there), one.open(patience=10):
        one.publish(STORED)
        await until(lambda: heard_there.events)
    assert (heard_there.events, failures) == ([STORED], [])


async def test_what_was_told_last_is_told_before_a_server_ends(url: str) -> None:
    events = [MessagesStored(UUID(int=number)) for number in range(1, 1001)]
    async with server(url) as (_, heard_there):
        async with server(url) as (one, _):
            for event in events:
                one.publish(event)
        await until(lambda: len(heard_there.events) == len(events))
    assert heard_there.events == events


async def test_what_cannot_be_read_is_logged_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with server(url) as (_, heard):
        with caplog.at_level(logging.INFO):
            await executed(url, "SELECT pg_notify($1, 'odd ' || n) FROM generate_series(1, 100) n", CHANNEL)
            await executed(url, "SELECT pg_notify($1, $2)", CHANNEL, f"1 m {STORED.session_id.hex}")
            await until(lambda: heard.events)
    lines = [record.getMessage() for record in caplog.records if record.name == "gql_api.events.postgres"]
    assert lines == ["an event that cannot be read was left out; others like it are left out without a word"]
