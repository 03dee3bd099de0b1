"""Forks beside each other: how many there may be, who joins whom, and who goes on when another ends or is passed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gql_api.errors import Busy, ServerStopping
from gql_api.services.creation import NewSession
from gql_api.services.forking import MOST_OF_USER
from gql_api.store.database import open_database
from services.forks import Server, content, killed, new, server, source, stores, stuck_at
from services.parts import Parts, opened

LATER, SOON = timedelta(minutes=5), timedelta(seconds=1)


@pytest.fixture
async def parts(database_url: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_database(database_url, migrate=False), opened(tmp_path) as parts:
        yield parts


async def test_only_a_few_are_made_at_once(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        first = await stuck_at(parts, one, made, stores, key="0")
        asked = [first]
        for number in range(1, MOST_OF_USER):
            asked.append(await stuck_at(parts, one, made, stores, key=str(number)))
        with pytest.raises(Busy, match="A user"):
            await one.forking.fork("ada", new(made, key="one more"))
        async with server(parts) as another:  # which counts what is written down
            with pytest.raises(Busy, match="A user"):
                await another.forking.fork("ada", new(made, key="one more"))
        await killed(one, *asked)


async def test_a_process_makes_no_more_than_it_may(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gql_api.services.forking.making.MOST", 1)
    made = await source(parts)
    other = await parts.creation().make("bob", NewSession(title=None, configs=None))
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, stores)
        with pytest.raises(Busy, match="This server"):
            await one.forking.fork("bob", new(other))
        await killed(one, asking)
        assert (await one.forking.fork("bob", new(other))).session


async def test_who_is_passed_changes_nothing_any_more(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        slow = asyncio.Event()
        sent = asyncio.Event()

        async def wait(request: httpx.Request) -> httpx.Response:
            behind = parts.upstream._behind
            assert behind
            parts.upstream.instead = None
            sent.set()
            await slow.wait()
            return await behind.handle_async_request(request)

        parts.upstream.is_odd, parts.upstream.instead = _reads_configs, wait
        asking = asyncio.create_task(one.forking.fork("ada", new(made)))
        await sent.wait()
        parts.now += LATER  # it was thought dead
        async with server(parts) as another:
            forked = await another.forking.fork("ada", new(made))
            assert forked.session
            slow.set()
            with pytest.raises(Busy):
                await asking
    assert await content(parts, forked.session) == await content(parts, made)
    assert await parts.left_upstream() == (2, 2, 2)


def _reads_configs(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/configs")


async def test_a_server_that_ends_lets_go_and_another_goes_on_at_once(parts: Parts) -> None:
    made = await source(parts)
    one = parts.making()
    server_of = Server.of(one)
    async with one.open():
        may, sent = asyncio.Event(), asyncio.Event()

        async def wait(request: httpx.Request) -> httpx.Response:
            behind = parts.upstream._behind
            assert behind
            sent.set()
            await may.wait()
            return await behind.handle_async_request(request)

        parts.upstream.is_odd, parts.upstream.instead = stores, wait
        asking = asyncio.create_task(server_of.forking.fork("ada", new(made)))
        await sent.wait()
        asyncio.get_running_loop().call_soon(may.set)
    with pytest.raises(ServerStopping):
        await asking
    parts.upstream.instead = None
    async with server(parts) as another:
        assert (await another.forking.fork("ada", new(made))).session
    with pytest.raises(ServerStopping):
        await server_of.forking.fork("ada", new(made, key="late"))


async def test_two_that_ask_at_once_under_one_key_get_one_session(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one, server(parts) as other:
        asked = [one.forking.fork("ada", new(made)) for _ in range(3)] + [other.forking.fork("ada", new(made))]
        found = await asyncio.gather(*asked)
    assert len({forked.session and forked.session.id for forked in found}) == 1
    assert await parts.left_upstream() == (2, 2, 2)
