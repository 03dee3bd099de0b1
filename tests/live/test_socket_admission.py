"""Sockets and what is asked over them, where a server has enough to do, or one of its users has enough of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import httpx
import pytest
import websockets
from pydantic import SecretStr

from api.callers import BY_TOKEN
from api.upstream import Upstream
from databases import Databases
from live.conftest import Live
from live.metrics import TOKEN, counted
from live.socket import Socket, connected
from live.test_lists import FOLLOW as FOLLOW_LIST
from live.test_socket import WHO, token

READ = "query Read { sessions(first: 1) { nodes { configs } } }"
WRITE = "mutation Write { createSession(input: {}) { session { id } } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: who is let in is found out before."""
    return sqlite_databases


@asynccontextmanager
async def held(upstream: Upstream) -> AsyncIterator[asyncio.Semaphore]:
    """Let no call of Acontext be answered until the end; give what tells of those that wait."""
    let, waiting = asyncio.Event(), asyncio.Semaphore(0)

    async def wait(_: Any) -> None:
        waiting.release()
        await let.wait()

    upstream.meanwhile = wait
    try:
        yield waiting
    finally:
        let.set()
        upstream.meanwhile = None


async def code_of(socket: Socket, query: str) -> str:
    """Give the code that an operation is refused with before it begins."""
    frame = await socket.frame(await socket.subscribe(query))
    assert frame["type"] == "error", frame
    [error] = frame["payload"]
    code: str = error["extensions"]["code"]
    return code


@pytest.mark.parametrize(("first", "calls"), [(READ, 1), (WRITE, 2)])
async def test_operations_of_sockets_and_requests_share_the_places(
    serve: Callable[..., Any], upstream: Upstream, first: str, calls: int
) -> None:
    async with serve(max_operations=2, metrics_token=SecretStr(TOKEN)) as live, live.socket() as socket:
        await live.client.create()
        async with held(upstream) as waiting:
            asked = await socket.subscribe(first)
            for _ in range(calls):
                await waiting.acquire()
            other = asyncio.create_task(live.client.answer(READ))
            await waiting.acquire()
            assert await code_of(socket, READ) == "OVERLOADED"
            assert await code_of(socket, "{ not even a document") == "OVERLOADED"
            assert await live.client.code(READ) == "OVERLOADED"
        assert (await socket.frame(asked))["type"] == "next"
        assert "errors" not in await other
        assert (await socket.frame(asked))["type"] == "complete"
        await socket.event(await socket.subscribe(READ))
        refused = (await counted(live, "operations_total"))['{operation="(none)",outcome="overloaded"}']
        assert refused == 3


async def test_subscriptions_take_a_place_only_to_begin(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(max_operations=1) as live, live.socket() as socket:
        followed = []
        for _ in range(3):
            followed.append(await socket.subscribe(FOLLOW_LIST))
            await socket.settled()
        async with held(upstream) as waiting:
            made = await socket.subscribe(WRITE)
            await waiting.acquire()
            assert await code_of(socket, FOLLOW_LIST) == "OVERLOADED"
        assert [(await socket.event(id))["kind"] for id in followed] == ["CREATED"] * 3
        await socket.event(made)


async def test_a_connection_is_of_use_after_a_request_whose_body_nobody_read(
    serve: Callable[..., Any], upstream: Upstream
) -> None:
    large = {"query": WHO, "extensions": {"x": "x" * 2**20}}
    async with serve(max_operations=1) as live, live.socket() as socket:
        await live.client.create()
        one = httpx.AsyncClient(base_url=live.url, limits=httpx.Limits(max_connections=1), timeout=20)
        async with held(upstream) as waiting, one as http:
            await socket.subscribe(READ)
            await waiting.acquire()
            for _ in range(3):
                answer = await http.post("/graphql", json=large)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            upstream.meanwhile = None
            await socket.send(type="complete", id="1")
            await live.until_so(lambda: is_answered(http, large))


async def is_answered(http: httpx.AsyncClient, body: dict[str, Any]) -> bool:
    """Ask, and tell whether it was let in."""
    return (await http.post("/graphql", json=body)).status_code == 200


async def both_taken(socket: Socket, waiting: asyncio.Semaphore) -> list[str]:
    """Begin two reads, which wait for Acontext, and see that there is no third."""
    asked = [await socket.subscribe(READ) for _ in range(2)]
    for _ in asked:
        await asyncio.wait_for(waiting.acquire(), 20)
    assert await code_of(socket, WHO) == "OVERLOADED"
    return asked


async def test_who_leaves_gives_the_places_back(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(max_operations=2, metrics_token=SecretStr(TOKEN)) as live, held(upstream) as waiting:

        async def is_idle() -> bool:
            return await counted(live, "operations_in_flight") == {"": 0}

        upstream.meanwhile, wait = None, upstream.meanwhile
        await live.client.create()
        upstream.meanwhile = wait
        async with live.socket() as socket:
            for id in await both_taken(socket, waiting):
                await socket.send(type="complete", id=id)
            await live.until_so(is_idle)
            await both_taken(socket, waiting)
        await live.until_so(is_idle)
        async with live.socket() as socket:
            await both_taken(socket, waiting)


async def test_one_user_has_so_many_operations_over_sockets_and_requests_together(
    serve: Callable[..., Any], upstream: Upstream
) -> None:
    ada, bob = {"Authorization": token("ada")}, {"Authorization": token("bob")}
    async with (
        serve(max_operations_per_user=1, **BY_TOKEN) as live,
        live.socket(**ada) as one,
        live.socket(**bob) as two,
    ):
        await one.event(await one.subscribe(WRITE))
        async with held(upstream) as waiting:
            await one.subscribe(READ)
            await waiting.acquire()
            assert await code_of(one, WHO) == "RATE_LIMITED"
            answer = await live.client.http.post("/graphql", json={"query": WHO}, headers=ada)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
            assert (await two.event(await two.subscribe(WHO)))["identifier"] == "bob"


async def test_one_user_has_so_many_sockets(serve: Callable[..., Any]) -> None:
    ada, bob = {"Authorization": token("ada")}, {"Authorization": token("bob")}
    told = 1013, "RATE_LIMITED: One user has at most 2 connections here."
    async with serve(max_connections_per_user=2, **BY_TOKEN) as live, live.socket(**ada):
        async with live.socket(**ada), live.socket(**bob) as other:
            assert [await closed(live, ada) for _ in range(2)] == [told] * 2
            assert (await other.event(await other.subscribe(WHO)))["identifier"] == "bob"
        await live.until_so(lambda: is_taken(live, ada))  # the one before may not be gone yet


async def closed(live: Live, payload: dict[str, str]) -> tuple[int, str]:
    """Open a socket that is not let in, and give how it is closed."""
    async with connected(live.url) as socket:
        await socket.send(type="connection_init", payload=payload)
        return await socket.until_closed()


async def is_taken(live: Live, payload: dict[str, str]) -> bool:
    """Open a socket, and tell whether it is let in."""
    async with connected(live.url) as socket:
        await socket.send(type="connection_init", payload=payload)
        await asyncio.wait([socket.reading, asyncio.create_task(socket.frame())], return_when=asyncio.FIRST_COMPLETED)
        return socket.closed is None


async def test_users_who_cannot_be_told_apart_have_any_number_of_sockets(serve: Callable[..., Any]) -> None:
    async with serve(max_connections_per_user=1) as live, live.socket(), live.socket() as two:
        await two.event(await two.subscribe(WHO))
        async with live.socket(**{"X-User": "ada"}):
            assert (await closed(live, {"X-User": "ada"}))[0] == 1013


FOLLOW = """subscription ($id: ID!) {
  messageStored(sessionId: $id) { session { tokenCounts { total } } messageEdge { node { role } } } }"""


async def test_each_event_may_ask_acontext_as_often_as_an_operation(serve: Callable[..., Any]) -> None:
    async with serve(max_calls_per_operation=1) as live, live.socket() as socket:
        session = (await live.client.create())["id"]
        followed = await socket.subscribe(FOLLOW, id=session)
        await live.until(lambda: live.app.state.running.following.sessions == 1)
        await socket.settled()
        await live.client.store(session, "a", "b")
        for _ in range(2):
            assert (await socket.event(followed))["messageEdge"] == {"node": {"role": "USER"}}


async def test_nothing_is_lost_whatever_becomes_of_sockets(serve: Callable[..., Any], upstream: Upstream) -> None:
    random, ada = Random(11), {"Authorization": token("ada")}  # noqa: S311
    limits = {"max_operations": 2, "max_operations_per_user": 2, "max_connections_per_user": 3, **BY_TOKEN}
    async with serve(metrics_token=SecretStr(TOKEN), **limits) as live:
        async with live.socket(**ada) as socket:
            await socket.event(await socket.subscribe(WRITE))
        await asyncio.gather(*(used(live, random, ada) for _ in range(25)))

        async def is_idle() -> bool:
            return await counted(live, "operations_in_flight") == {"": 0} and await is_taken(live, ada)

        await live.until_so(is_idle)
        async with held(upstream) as waiting, live.socket(**ada) as socket:
            asked = [await socket.subscribe(READ) for _ in range(2)]
            for _ in asked:
                await asyncio.wait_for(waiting.acquire(), 20)
            assert await code_of(socket, WHO) == "RATE_LIMITED"


async def asked(socket: Socket, random: Random) -> None:
    """Ask something, and give it up again, by lot."""
    id = await socket.subscribe(random.choice([READ, WRITE, WHO, FOLLOW_LIST, "{", "{ nothing }"]))
    await asyncio.sleep(random.random() * 0.01)
    if random.random() < 0.5:
        await socket.send(type="complete", id=id)


async def used(live: Live, random: Random, payload: dict[str, str]) -> None:
    """Open a socket, ask over it, give some of it up, and leave at any moment."""
    await asyncio.sleep(random.random() * 0.3)
    async with connected(live.url) as socket:
        await socket.send(type="connection_init", payload=payload)
        with suppress(websockets.ConnectionClosed):
            for _ in range(random.randrange(8)):
                await asked(socket, random)
        if random.random() < 0.3:
            socket.connection.transport.abort()
