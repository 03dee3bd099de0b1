"""What the server tells of sockets and subscriptions: metrics, lines in the log, and traces."""

import contextlib
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
import websockets
from pydantic import SecretStr

from api.callers import BY_TOKEN, proven
from api.test_traces import CALLER, SENT, SERVER, TRACE
from databases import Databases
from gql_api.observing import observers
from gql_api.settings import Settings
from gql_api.stopping import Stop
from gql_api.telemetry.logs import pseudonyms
from live.conftest import Live
from live.metrics import TOKEN, counted, until_open
from live.socket import connected
from live.test_lists import FOLLOW as FOLLOW_LIST
from live.test_messages import DELETE, page
from live.test_server_sent_events import streamed
from live.test_socket import RANDOM, WHO, closed_after, token
from receiving import receiver

START = "query Start($session: ID!) { session(id: $session) { messages { resumeCursor } } }"
KEY = "the-key-that-users-are-hashed-with"
FOLLOW = """
subscription Follow($session: ID!, $after: String) {
  messageStored(sessionId: $session, after: $after) { messageEdge { node { text } } }
}
"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: what is told has nothing to do with it."""
    return sqlite_databases


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As elsewhere, and with metrics."""
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN), "log_user_key": SecretStr(KEY)})


async def test_subscriptions_and_their_events_are_counted(live: Live) -> None:
    session = (await live.client.create())["id"]
    start = (await page(live, session))["resumeCursor"]
    await live.client.store(session, "a", "b")
    async with live.socket() as socket, streamed(live, FOLLOW, session=session, after=start):
        followed, left = [await socket.subscribe(FOLLOW, session=session, after=start) for _ in range(2)]
        for id in (followed, left):
            await socket.event(id)
            await socket.event(id)
        listed = await socket.subscribe(FOLLOW_LIST)
        await socket.frame(await socket.subscribe(FOLLOW, session=RANDOM))
        await socket.frame(await socket.subscribe("subscription Bad { nothing }"))
        await until_open(live, 4, sessions=1)
        await socket.send(type="complete", id=left)
        await until_open(live, 3, sessions=1)
        await live.client.data(DELETE, id=session)
        assert (await socket.event(listed))["kind"] == "DELETED"
        await until_open(live, 1, sessions=0)
    await until_open(live, 0, sessions=0)
    assert await counted(live, "subscription_events_total") == {
        '{operation="Follow"}': 6,
        '{operation="(anonymous)"}': 1,
    }
    assert await counted(live, "subscriptions_total") == {
        '{operation="Follow",outcome="gone"}': 1,
        '{operation="Follow",outcome="ok"}': 2,
        '{operation="Follow",outcome="failed"}': 1,
        '{operation="(none)",outcome="failed"}': 1,
        '{operation="(anonymous)",outcome="gone"}': 1,
    }
    # The four requests to make, read, fill and delete it; the stream was a request too, and is not counted twice.
    assert await counted(live, "operations_total") == {'{operation="(anonymous)",outcome="ok"}': 4}
    assert await counted(live, "operations_in_flight") == {"": 0}


async def test_those_whose_token_ended_are_counted_so(serve: Callable[..., Any]) -> None:
    async with serve(**BY_TOKEN, jwt_leeway=0) as live:
        session = (await proven(live.client, "anna").create())["id"]
        soon = token("anna", exp=int(time.time()) + 3)
        body = {"query": FOLLOW, "variables": {"session": session}}
        headers = {"Authorization": soon, "Accept": "text/event-stream"}
        async with (
            live.socket(Authorization=soon) as socket,
            live.client.http.stream("POST", "/graphql", json=body, headers=headers) as stream,
        ):
            for _ in range(2):
                await socket.subscribe(FOLLOW, session=session)
            await until_open(live, 3, sessions=1)
            assert (await socket.until_closed())[0] == 4403
            await stream.aread()
        await until_open(live, 0, sessions=0)
        assert await counted(live, "subscriptions_total") == {'{operation="Follow",outcome="expired"}': 3}


async def test_those_that_the_server_ended_are_counted_so(serve: Callable[..., Any], settings: Settings) -> None:
    stop = Stop()
    async with serve(watched_by=observers(settings, stop)) as live:
        session = (await live.client.create())["id"]
        async with live.socket() as socket, streamed(live, FOLLOW, session=session) as stream:
            for _ in range(3):
                await socket.subscribe(FOLLOW, session=session)
            await until_open(live, 4, sessions=1)
            stop.close()
            assert await socket.until_closed() == (1012, "The server stops; come back")
            assert [line async for line in stream.aiter_lines()] == []
        await until_open(live, 0, sessions=0)
        assert await counted(live, "subscriptions_total") == {'{operation="Follow",outcome="stopped"}': 4}


@pytest.mark.parametrize("query", [FOLLOW, FOLLOW_LIST])
async def test_one_that_begins_while_the_server_stops_is_ended_too(
    serve: Callable[..., Any], settings: Settings, query: str
) -> None:
    stop = Stop()
    async with serve(watched_by=observers(settings, stop)) as live:
        session = (await live.client.create())["id"]
        async with live.socket() as socket:
            stop.close()
            await socket.subscribe(query, **({"session": session} if query is FOLLOW else {}))
            assert await socket.until_closed() == (1012, "The server stops; come back")


async def lines(caplog: pytest.LogCaptureFixture, live: Live, count: int) -> list[dict[str, Any]]:
    """Wait for so many lines of sockets and their operations; give them in the order of their ids."""

    def records() -> list[logging.LogRecord]:
        ours = [record for record in caplog.records if record.name == "gql_api.web.recording"]
        return [record for record in ours if vars(record)["method"] in ("SOCKET", "WS")]

    await live.until(lambda: len(records()) >= count)
    fields = ("method", "path", "status", "operation", "user", "codes", "events", "request_id")
    found = [{name: vars(record).get(name) for name in fields} for record in records()]
    return sorted(found, key=lambda line: str(line["request_id"]))


@pytest.mark.usefixtures("ids_on_records")
async def test_each_socket_and_each_operation_has_a_line(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gql_api")
    anna = token("anna")
    async with serve(**BY_TOKEN) as live:
        caller = proven(live.client, "anna")
        session = (await caller.create(title="mark-title"))["id"]
        await caller.store(session, "mark-text")
        caplog.clear()
        async with connected(live.url, additional_headers={"X-Request-Id": "mine"}) as socket:
            await socket.begin(Authorization=anna)
            await socket.frame(await socket.subscribe(WHO))
            start = (await socket.event(await socket.subscribe(START, session=session)))["messages"]["resumeCursor"]
            id = await socket.subscribe(FOLLOW, session=session, after=start)
            await live.until(lambda: live.app.state.running.following.subscriptions == 1)
            await caller.store(session, "mark-text")
            await socket.event(id)
            await socket.send(type="complete", id=id)
            await socket.frame(await socket.subscribe("subscription Bad { messageStored(sessionId: 1) { x } }"))
        found = await lines(caplog, live, 5)
    told = {"path": "/graphql", "status": "-", "user": pseudonyms(KEY.encode())("anna"), "codes": [], "events": None}
    assert found == [
        {**told, "request_id": "mine", "method": "SOCKET", "operation": "-"},
        {**told, "request_id": "mine-1", "method": "WS", "operation": "Who"},
        {**told, "request_id": "mine-2", "method": "WS", "operation": "Start"},
        {**told, "request_id": "mine-3", "method": "WS", "operation": "Follow", "events": 1},
        {
            **told,
            "request_id": "mine-4",
            "method": "WS",
            "operation": "-",
            "codes": ["GRAPHQL_VALIDATION_FAILED"],
            "events": 0,
        },
    ]
    written = json.dumps([vars(record) for record in caplog.records], default=str)
    for secret in ("mark", anna.removeprefix("Bearer "), '"anna"', session):
        assert secret not in written


async def knock(live: Live, origin: str | None) -> None:
    """Open a socket and close it, if it is let in."""
    with contextlib.suppress(websockets.InvalidStatus):
        async with connected(live.url, origin=origin):
            pass


async def test_a_socket_that_is_refused_has_its_line_too(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gql_api")
    async with serve(max_subscriptions=1) as live:
        for origin, status in (("https://evil.example", 403), (None, "-")):
            caplog.clear()
            await knock(live, origin)
            assert [line["status"] for line in await lines(caplog, live, 1)] == [status]
        caplog.clear()
        assert await closed_after(live, "{") == (4400, "WebSocket message must be valid JSON")
        assert [line["status"] for line in await lines(caplog, live, 1)] == [4400]
        async with live.socket():
            caplog.clear()
            async with connected(live.url) as second:
                await second.until_closed()
            assert [line["status"] for line in await lines(caplog, live, 1)] == [1013]


async def follow_two(live: Live, session: str, start: str) -> None:
    """Follow a session for two events, as a part of the client's trace."""
    async with connected(live.url, additional_headers=SENT) as socket:
        await socket.begin()
        id = await socket.subscribe(FOLLOW, session=session, after=start)
        for _ in range(2):
            await socket.event(id)
        await socket.send(type="complete", id=id)
        await live.until(lambda: live.app.state.running.following.subscriptions == 0)


async def test_a_subscription_is_one_span_in_the_trace_of_its_client(serve: Callable[..., Any]) -> None:
    with receiver() as received:
        async with serve(otlp_endpoint=received.url) as live:
            session = (await live.client.create())["id"]
            start = (await page(live, session))["resumeCursor"]
            await live.client.store(session, "a", "b")
            await follow_two(live, session, start)
        [span] = [span for span in received.spans if span.trace == TRACE and span.parent == CALLER]
    assert (span.name, span.kind) == ("subscription Follow", SERVER)
    assert span.attributes == {
        "gql_api.outcome": "gone",
        "graphql.operation.type": "subscription",
        "graphql.operation.name": "Follow",
        "gql_api.events": 2,
    }
