"""GraphQL over WebSocket: the protocol, its limits, and who may open one."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import websockets

from api.callers import BY_TOKEN, proven
from api.upstream import Upstream
from databases import Databases
from identity.issuing import secret_token
from live.conftest import Live
from live.socket import Socket, connected
from live.test_lists import FOLLOW as FOLLOW_LIST
from live.test_messages import FOLLOW

WHO = "query Who { viewer { identifier } }"
CREATE = 'mutation { createSession(input: {title: "By socket"}) { session { title } errors { code } } }'
RANDOM = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: the protocol knows of none."""
    return sqlite_databases


async def closed_after(live: Live, *frames: str | bytes, begin: bool = True) -> tuple[int, str]:
    """Send frames over a new socket, and tell how it is closed."""
    async with connected(live.url) as socket:
        if begin:
            await socket.begin()
        for frame in frames:
            await socket.connection.send(frame)
        return await socket.until_closed()


async def test_queries_and_mutations_are_answered_and_ids_are_free_again(live: Live) -> None:
    async with live.socket() as socket:
        for query, data in (
            (WHO, {"viewer": {"identifier": "anonymous@example.com"}}),
            (CREATE, {"createSession": {"session": {"title": "By socket"}, "errors": []}}),
        ):
            for _ in range(2):
                await socket.send(id="a", type="subscribe", payload={"query": query})
                next = await socket.frame("a")
                assert (next["type"], next["payload"]["data"]) == ("next", data)
                assert next["payload"]["extensions"]["cost"]["estimated"] > 0
                assert await socket.frame("a") == {"id": "a", "type": "complete"}
        await socket.send(type="ping")
        assert await socket.frame() == {"type": "pong"}


async def test_what_cannot_run_is_an_error_of_its_own_and_closes_nothing(live: Live) -> None:
    async with live.socket() as socket:
        for query, code in (
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
            ("subscription { messageStored(sessionId: 1) { resumeCursor } }", "BAD_USER_INPUT"),
            (f'subscription {{ messageStored(sessionId: "{RANDOM}") {{ resumeCursor }} }}', "NOT_FOUND"),
        ):
            id = await socket.subscribe(query)
            frame = await socket.frame(id)
            assert (frame["type"], [error["extensions"]["code"] for error in frame["payload"]]) == ("error", [code]), (
                query
            )
        id = await socket.subscribe(WHO)
        assert (await socket.frame(id))["type"] == "next"


async def test_another_protocol_is_not_spoken(live: Live) -> None:
    async with websockets.connect(live.url.replace("http", "ws") + "/graphql", subprotocols=["graphql-ws"]) as old:  # type: ignore[list-item]
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(old.recv(), 20)
        assert old.close_code == 4406


async def test_a_mutation_goes_on_to_its_end_though_its_client_left(live: Live, upstream: Upstream) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(body: Any) -> None:
        begun.set()
        await go_on.wait()

    upstream.meanwhile = wait
    async with live.socket() as socket:
        id = await socket.subscribe(CREATE)
        await begun.wait()
        await socket.send(id=id, type="complete")
    upstream.meanwhile = None
    go_on.set()
    async with asyncio.timeout(10):
        while not await is_listed(live):  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)


async def is_listed(live: Live) -> bool:
    """Tell whether there is any session."""
    return bool((await live.client.data("{ sessions { nodes { title } } }"))["sessions"]["nodes"])


async def test_limits_are_told_by_their_codes(serve: Callable[..., Any]) -> None:
    limits = {"max_subscriptions": 3, "max_subscriptions_per_user": 2, "max_subscriptions_per_connection": 2}
    ada, bob = {"X-User": "ada"}, {"X-User": "bob"}
    async with serve(**limits) as live, live.socket(**ada) as one, live.socket(**bob) as two:
        for _ in range(2):
            await one.subscribe(FOLLOW_LIST)
        frame = await one.frame(await one.subscribe(FOLLOW_LIST))
        assert [error["extensions"] for error in frame["payload"]] == [{"code": "RATE_LIMITED"}]
        async with live.socket(**ada) as third:
            assert await refused(third) == "RATE_LIMITED"
        await two.subscribe(FOLLOW_LIST)
        await live.until(lambda: live.app.state.running.following.subscriptions == limits["max_subscriptions"])
        assert await refused(two) == "OVERLOADED"
        async with live.socket(), connected(live.url) as fourth:
            assert await fourth.until_closed() == (1013, "Too many connections")


async def refused(socket: Socket) -> str:
    """Subscribe, and give the code of the refusal."""
    id = await socket.subscribe(FOLLOW_LIST)
    payload = (await socket.frame(id))["payload"]
    assert (await socket.frame(id))["type"] == "complete"
    [error] = payload["errors"]
    code: str = error["extensions"]["code"]
    return code


async def answered(live: Live, origin: str, headers: dict[str, str]) -> int:
    """Give the status that a page's handshake is answered with."""
    try:
        async with connected(live.url, origin=origin, additional_headers=headers) as socket:
            await socket.begin()
            return 101
    except websockets.InvalidStatus as refusal:
        return refusal.response.status_code


async def test_pages_of_other_origins_are_refused(serve: Callable[..., Any]) -> None:
    async with serve(cors_origins=("https://app.example",)) as live:
        for origin, host, status in (
            ("https://evil.example", None, 403),
            ("null", None, 403),
            (live.url, None, 101),
            ("https://app.example", None, 101),
            ("http://evil.example", "evil.example", 403),
        ):
            found = await answered(live, origin, {"Host": host} if host else {})
            assert found == status, origin


async def test_who_asks_is_told_when_the_connection_is_begun(live: Live) -> None:
    for payload, headers, user in (
        ({}, {}, "anonymous@example.com"),
        ({"X-User": "ada"}, {}, "ada"),
        ({"x-user": "ädä"}, {"X-User": "bob"}, "ädä"),
        ({}, {"X-User": "bob"}, "bob"),
    ):
        async with connected(live.url, additional_headers=headers) as socket:
            await socket.begin(**payload)
            assert (await socket.event(await socket.subscribe(WHO)))["identifier"] == user
    closed = await closed_after(live, json.dumps({"type": "connection_init", "payload": {"X-User": ""}}), begin=False)
    assert closed[0] == 4403
    assert closed[1].startswith("BAD_USER_INPUT: X-User: ")


async def test_with_tokens_the_socket_is_that_of_the_token(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(**BY_TOKEN) as live:
        annas = await proven(live.client, "anna").create()
        for payload, reason in (
            ({}, "UNAUTHENTICATED: A bearer token is needed"),
            ({"Authorization": "Bearer no"}, "UNAUTHENTICATED: The token is not valid"),
            ({"Authorization": token("bob"), "X-User": "anna"}, "FORBIDDEN: X-User: "),
        ):
            init = json.dumps({"type": "connection_init", "payload": payload})
            code, told = await closed_after(live, init, begin=False)
            assert (code, told[: len(reason)]) == (4403, reason)
        async with live.socket(authorization=token("bob")) as bob:
            assert (await bob.event(await bob.subscribe(WHO)))["identifier"] == "bob"
            upstream.clear()
            frames = [await bob.frame(await bob.subscribe(FOLLOW, session=id)) for id in (annas["id"], RANDOM)]
            assert [frame["payload"][0]["extensions"]["code"] for frame in frames] == ["NOT_FOUND"] * 2
            assert frames[0]["payload"] == frames[1]["payload"]
            assert upstream.calls == []
        service = {"Authorization": token("service", scope="sessions:act-as"), "X-User": "anna"}
        async with live.socket(**service) as socket:
            assert (await socket.event(await socket.subscribe(WHO)))["identifier"] == "anna"


async def test_a_token_that_ends_ends_what_it_opened(serve: Callable[..., Any]) -> None:
    async with serve(**BY_TOKEN, jwt_leeway=0) as live:
        session = (await proven(live.client, "anna").create())["id"]
        soon = {"Authorization": token("anna", exp=int(time.time()) + 3)}
        async with (
            live.socket(**soon) as socket,
            live.client.http.stream(
                "POST",
                "/graphql",
                json={"query": FOLLOW, "variables": {"session": session}},
                headers={**soon, "Accept": "text/event-stream"},
            ) as stream,
        ):
            await socket.subscribe(FOLLOW, session=session)
            assert await socket.until_closed() == (4403, "UNAUTHENTICATED: The token is not valid any more")
            events = [line async for line in stream.aiter_lines() if line.startswith(("data: {", "event"))]
        assert events[0::2] == ["event: next", "event: complete"]
        [error] = json.loads(events[1].removeprefix("data: "))["errors"]
        assert error["extensions"] == {"code": "UNAUTHENTICATED"}


def token(user: str, **claims: Any) -> str:
    return f"Bearer {secret_token(sub=user, **claims)}"


async def test_requests_go_on_as_they_did(live: Live) -> None:
    answer = await live.client.http.post("/graphql", json={"query": WHO})
    assert answer.json()["data"] == {"viewer": {"identifier": "anonymous@example.com"}}
    upgrade = {"connection": "upgrade", "upgrade": "websocket"}
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{live.url}/graphql", headers=upgrade)).status_code in {400, 426}


@pytest.mark.parametrize("follow", ["", "subscription { sessionListChanged { __typename } }"])
async def test_a_document_beyond_a_limit_is_refused_and_closes_nothing(serve: Callable[..., Any], follow: str) -> None:
    beyond = follow.replace("__typename", "a: __typename b: __typename") or "{ a: viewer { id } b: viewer { id } }"
    async with serve(max_aliases=1) as live, live.socket() as socket:
        await socket.send(id="a", type="subscribe", payload={"query": beyond})
        refused = await socket.frame("a")
        await socket.send(id="b", type="subscribe", payload={"query": WHO})
        answered = await socket.frame("b")

    [error] = refused["payload"]
    assert (refused["type"], error["extensions"]["code"]) == ("error", "COST_LIMIT_EXCEEDED")
    assert error["message"] == "The operation comes to 2 aliases; at most 1 are taken."
    assert answered["type"] == "next"
