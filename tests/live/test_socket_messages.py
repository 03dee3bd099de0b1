"""Messages over a socket that are none, or come at the wrong time; and clients that leave or do not listen."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import WebSocketRoute

from api.upstream import Upstream
from databases import Databases
from gql_api.web.socket import SocketView
from live.conftest import Live
from live.socket import connected
from live.test_lists import FOLLOW as FOLLOW_LIST
from live.test_messages import FOLLOW
from live.test_socket import CREATE, WHO, closed_after, is_listed

INIT = '{"type": "connection_init"}'
SUBSCRIBE = json.dumps({"type": "subscribe", "id": "1", "payload": {"query": WHO}})


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: the protocol knows of none."""
    return sqlite_databases


def sockets_of(live: Live) -> SocketView:
    """Give the endpoint for sockets."""
    [route] = [route for route in live.app.routes if isinstance(route, WebSocketRoute)]
    assert isinstance(route.app, SocketView)
    return route.app


NO_MESSAGES: list[tuple[str | bytes, int, str]] = [
    ("[]", 4400, "A message is a JSON object"),
    ("1", 4400, "A message is a JSON object"),
    ('"x"', 4400, "A message is a JSON object"),
    ("null", 4400, "A message is a JSON object"),
    ("{", 4400, "WebSocket message must be valid JSON"),
    ("[" * 100_000, 4400, "WebSocket message must be valid JSON"),
    ('{"type": "ping", "payload": {"a": NaN}}', 4400, "WebSocket message must be valid JSON"),
    ('{"type": "ping", "payload": {"a": ' + "9" * 5000 + "}}", 4400, "WebSocket message must be valid JSON"),
    ('{"type": "ping", "payload": {"a": "\\ud800"}}', 4400, "WebSocket message must be valid JSON"),
    (b"{}", 4400, "WebSocket message type must be text"),
    ('{"id": "1"}', 4400, "Failed to parse message"),
    ('{"type": ["subscribe"]}', 4400, "Unknown message type: ['subscribe']"),
    (json.dumps({"type": "ü" * 300}), 4400, f"Unknown message type: {'ü' * 49}"),
    ('{"type": "ping", "payload": 1}', 4400, "payload must be a JSON object"),
    ('{"type": "pong", "payload": []}', 4400, "payload must be a JSON object"),
    ('{"type": "complete"}', 4400, "Failed to parse message"),
    ('{"type": "complete", "id": []}', 4400, "id must be text"),
    ('{"type": "subscribe", "id": [], "payload": {}}', 4400, "id must be text that is not empty"),
    ('{"type": "subscribe", "id": "1"}', 4400, "Failed to parse message"),
    ('{"type": "subscribe", "id": "1", "payload": []}', 4400, "payload must be a JSON object"),
    ('{"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}}', 4400, "id must be text that is not empty"),
    ('{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}', 4400, "id must be text that is not empty"),
    ('{"type": "subscribe", "id": "1", "payload": null}', 4400, "payload must be a JSON object"),
    (
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        4400,
        "payload: query must be a string with the GraphQL document in it.",
    ),
    (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        4400,
        "payload: variables must be a JSON object or null.",
    ),
    ('{"type": "start"}', 4400, "Unknown message type: start"),
    (INIT, 4429, "Too many initialisation requests"),
]


async def test_what_is_no_message_closes_the_socket_with_the_reason_and_no_other(live: Live) -> None:
    async with live.socket() as other:
        for frame, code, reason in NO_MESSAGES:
            assert await closed_after(live, frame) == (code, reason), frame
        await other.settled()


async def test_nothing_is_asked_before_the_connection_is_begun(live: Live) -> None:
    for frame, code, reason in (
        (SUBSCRIBE, 4401, "Unauthorized"),
        ('{"type": "connection_init", "payload": []}', 4400, "payload must be a JSON object"),
        ('{"type": "connection_init", "payload": "x"}', 4400, "payload must be a JSON object"),
    ):
        assert await closed_after(live, frame, begin=False) == (code, reason), frame


async def test_a_message_beyond_the_limit_closes_the_socket(live: Live) -> None:
    fits = json.dumps({"type": "ping", "payload": {"x": "x" * (2**20 - 40)}})
    async with live.socket() as socket:
        await socket.connection.send(fits)
        assert await socket.frame() == {"type": "pong"}
        await socket.connection.send(fits + " " * (2**20 - len(fits) + 1))
        assert (await socket.until_closed())[0] == 1009


async def test_an_id_in_use_closes_the_socket_however_long_it_is(live: Live) -> None:
    frame = json.dumps({"type": "subscribe", "id": "x" * 1000, "payload": {"query": FOLLOW_LIST}})
    assert await closed_after(live, frame, frame) == (4409, f"Subscriber for {'x' * 105}")


async def test_what_may_be_null_may_be_null(live: Live) -> None:
    async with connected(live.url) as socket:
        await socket.send(type="connection_init", payload=None)
        assert await socket.frame() == {"type": "connection_ack"}
        await socket.send(type="ping", payload=None)
        assert await socket.frame() == {"type": "pong"}
        await socket.send(type="pong", payload={"unasked": True})
        nulls = dict.fromkeys(("operationName", "variables", "extensions"))
        await socket.send(type="subscribe", id="1", payload={"query": WHO, **nulls})
        assert (await socket.frame("1"))["type"] == "next"
        assert await socket.frame("1") == {"id": "1", "type": "complete"}
        await socket.send(type="complete", id="1")
        await socket.settled()


async def test_who_does_not_begin_in_time_is_closed(live: Live) -> None:
    sockets = sockets_of(live)
    assert sockets.connection_init_wait_timeout == timedelta(seconds=10)
    sockets.connection_init_wait_timeout = timedelta(seconds=0.1)
    async with connected(live.url) as socket:
        await socket.send(type="ping")
        assert await socket.until_closed() == (4408, "Connection initialisation timeout")


async def test_complete_ends_a_subscription_and_frees_its_id(live: Live) -> None:
    following = live.app.state.running.following
    async with live.socket() as socket:
        for _ in range(3):
            await socket.send(type="subscribe", id="a", payload={"query": FOLLOW_LIST})
            await socket.settled()
            assert following.subscriptions == 1
            await socket.send(type="complete", id="a")
        await live.until(lambda: following.subscriptions == 0)
        await live.client.create()
        await socket.settled()
        assert socket.unread("a") == 0


@pytest.fixture
async def held(upstream: Upstream) -> AsyncIterator[tuple[asyncio.Event, asyncio.Event]]:
    """Hold calls of Acontext: one event tells that one is under way, the other lets it go on."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(body: Any) -> None:
        begun.set()
        await go_on.wait()

    upstream.meanwhile = wait
    yield begun, go_on
    go_on.set()


Held = tuple[asyncio.Event, asyncio.Event]


async def test_a_mutation_goes_on_to_its_end_though_its_socket_is_closed(live: Live, held: Held) -> None:
    begun, go_on = held
    async with live.socket() as socket:
        await socket.subscribe(CREATE)
        await begun.wait()
    go_on.set()
    await live.until_so(lambda: is_listed(live))


async def test_a_mutation_that_was_given_up_counts_until_it_ends(serve: Callable[..., Any], held: Held) -> None:
    begun, go_on = held
    async with serve(max_subscriptions_per_connection=1) as live, live.socket() as socket:
        id = await socket.subscribe(CREATE)
        await begun.wait()
        await socket.send(type="complete", id=id)
        frame = await socket.frame(await socket.subscribe(WHO))
        assert [error["extensions"] for error in frame["payload"]] == [{"code": "RATE_LIMITED"}]
        go_on.set()
        await live.until_so(lambda: is_listed(live))
        await live.until_so(lambda: answered(socket.subscribe(WHO), socket.frame))


async def answered(subscribing: Awaitable[str], frame: Callable[[str], Awaitable[dict[str, Any]]]) -> bool:
    """Tell whether an operation is answered with a result."""
    return (await frame(await subscribing))["type"] == "next"


async def test_a_client_that_reads_nothing_is_let_go(live: Live) -> None:
    sockets = sockets_of(live)
    sockets.limits = replace(sockets.limits, patience=0.2)
    session = (await live.client.create())["id"]
    async with connected(live.url, max_queue=1, close_timeout=0.1) as socket:
        await socket.begin()
        await socket.subscribe(FOLLOW_LIST)  # nothing is sent to this one: it ends with the socket
        for _ in range(40):
            await socket.subscribe(FOLLOW, session=session)
        await socket.settled()
        socket.reading.cancel()
        await live.until_nobody_follows(session)
    async with live.socket() as other:
        await other.settled()
