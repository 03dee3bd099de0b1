"""Messages as they are stored: what a subscriber is told, from where on, and that it is told each once."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from api.upstream import Upstream
from live.conftest import Live
from live.socket import Socket, connected

FOLLOW = """
subscription ($session: ID!, $after: String) {
  messageStored(sessionId: $session, after: $after) {
    messageEdge { cursor node { id text } }
    session { id title }
    resumeCursor
  }
}
"""
PAGE = """
query ($session: ID!, $first: Int, $last: Int, $after: String, $edits: [EditStrategyInput!]) {
  session(id: $session) {
    messages(first: $first, last: $last, after: $after, editStrategy: $edits) {
      resumeCursor edges { cursor node { id text } }
    }
  }
}
"""


DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }"


async def texts(socket: Socket, id: str, count: int) -> list[str]:
    """Take so many events, and give the texts of their messages."""
    return [(await socket.event(id))["messageEdge"]["node"]["text"] for _ in range(count)]


async def page(live: Live, session: str, **arguments: object) -> dict[str, Any]:
    """Read a page of messages."""
    found = (await live.client.data(PAGE, session=session, **arguments))["session"]["messages"]
    assert isinstance(found, dict)
    return found


async def test_a_message_is_told_as_the_list_shows_it_whoever_stored_it(live: Live, upstream: Upstream) -> None:
    session = await live.client.create(title="Tea")
    start = (await page(live, session["id"]))["resumeCursor"]
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session["id"], after=start)
        await live.client.store(session["id"], "ours")
        first = await socket.event(id)
        blob = {"role": "user", "content": "theirs"}
        body = {"blob": blob, "format": "openai"}
        await upstream.ask("POST", f"/session/{session['acontextId']}/messages", json=body)
        second = await socket.event(id)
    listed = (await page(live, session["id"]))["edges"]
    assert [first["messageEdge"], second["messageEdge"]] == listed
    assert [edge["node"]["text"] for edge in listed] == ["ours", "theirs"]
    assert first["session"] == {"id": session["id"], "title": "Tea"}


async def follow(live: Live, session: str, after: str | None, count: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Subscribe, and give the texts of the next messages, and the events."""
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session, after=after)
        events = [await socket.event(id) for _ in range(count)]
    return [event["messageEdge"]["node"]["text"] for event in events], events


async def test_from_any_cursor_exactly_the_rest_is_told(live: Live) -> None:
    session = (await live.client.create())["id"]
    start = (await page(live, session))["resumeCursor"]
    await live.client.store(session, *"abcd")
    told, events = await follow(live, session, start, 4)
    assert told == [*"abcd"]
    listed = (await page(live, session))["edges"]
    for place in range(3):
        rest = [*"abcd"][place + 1 :]
        for cursor in (
            events[place]["resumeCursor"],
            events[place]["messageEdge"]["cursor"],
            listed[place]["cursor"],
            (await page(live, session, first=place + 1))["resumeCursor"],
        ):
            assert (await follow(live, session, cursor, len(rest)))[0] == rest


async def test_what_a_page_left_out_is_not_news(live: Live) -> None:
    session = (await live.client.create())["id"]
    await live.client.store(session, *"abcdefghij")
    edges = (await page(live, session))["edges"]
    edits = [{"tokenLimit": {"limitTokens": 3}}]
    for arguments in (
        {"last": 2},
        {"after": edges[7]["cursor"]},
        {"last": 1, "after": edges[4]["cursor"]},
        {"edits": edits},
    ):
        cursor = (await page(live, session, **arguments))["resumeCursor"]
        async with live.socket() as socket:
            id = await socket.subscribe(FOLLOW, session=session, after=cursor)
            await socket.settled()
            await live.client.store(session, "new")
            assert await texts(socket, id, 1) == ["new"], arguments


async def test_more_than_a_page_of_acontext_is_caught_up(live: Live, upstream: Upstream) -> None:
    session = (await live.client.create())["id"]
    start = (await page(live, session))["resumeCursor"]
    written = [f"{number}" for number in range(230)]
    for begin in range(0, 230, 100):
        await live.client.store(session, *written[begin : begin + 100])
    told, events = await follow(live, session, start, 230)
    assert told == written
    assert (await follow(live, session, events[100]["resumeCursor"], 129))[0] == written[101:]


async def test_without_a_cursor_only_what_comes_is_told(live: Live) -> None:
    session = (await live.client.create())["id"]
    await live.client.store(session, "before")
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session)
        await socket.settled()
        await live.client.store(session, "after")
        assert await texts(socket, id, 1) == ["after"]


async def test_a_message_that_appears_behind_the_reader_comes_once(live: Live, upstream: Upstream) -> None:
    session = await live.client.create()
    start = (await page(live, session["id"]))["resumeCursor"]
    hidden: set[str] = set()
    hide = hiding(hidden)
    path = f"/session/{session['acontextId']}/messages"
    body = {"blob": {"role": "user", "content": "late"}, "format": "openai"}
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session["id"], after=start)
        await live.client.store(session["id"], "first")
        assert await texts(socket, id, 1) == ["first"]
        hidden.add((await upstream.ask("POST", path, json=body))["id"])
        upstream.meanwhile = hide
        await live.client.store(session["id"], "second")
        second = await socket.event(id)
        assert second["messageEdge"]["node"]["text"] == "second"
        seen = (await page(live, session["id"], last=1))["resumeCursor"]
        hidden.clear()
        assert await texts(socket, id, 1) == ["late"]
        await live.client.store(session["id"], "third")
        assert await texts(socket, id, 1) == ["third"]
    for cursor in (second["resumeCursor"], seen):
        assert (await follow(live, session["id"], cursor, 2))[0] == ["late", "third"]
    assert [edge["node"]["text"] for edge in (await page(live, session["id"]))["edges"]] == [
        "first",
        "late",
        "second",
        "third",
    ]


def hiding(hidden: set[str]) -> Callable[[Any], Awaitable[None]]:
    """Keep these messages out of all that Acontext shows, as those are whose writers have not committed yet."""

    async def hide(body: Any) -> None:
        data = body.get("data")
        if isinstance(data, dict) and "this_time_tokens" in data:
            data["items"] = [item for item in data["items"] if item["id"] not in hidden]

    return hide


async def test_it_ends_with_its_session(live: Live, upstream: Upstream) -> None:
    session, lost = await live.client.create(), await live.client.create()
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session["id"])
        other = await socket.subscribe(FOLLOW, session=lost["id"])
        await socket.settled()
        await live.client.data(DELETE, id=session["id"])
        assert await socket.frame(id) == {"type": "complete", "id": id}
        await upstream.ask("DELETE", f"/session/{lost['acontextId']}")
        frame = await socket.frame(other)
        [error] = frame["payload"]["errors"]
        assert (frame["payload"]["data"], error["extensions"]["code"]) == (None, "NOT_FOUND")
        assert await socket.frame(other) == {"type": "complete", "id": other}


async def test_an_acontext_that_is_away_is_waited_for(live: Live, upstream: Upstream) -> None:
    session = (await live.client.create())["id"]
    away = asyncio.Event()

    def refuse(request: Any) -> str | None:
        if request.method == "GET":
            away.set()
            return "before"
        return None

    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session)
        await socket.settled()
        upstream.fault = refuse
        await live.client.store(session, "meanwhile")
        await away.wait()
        other = await socket.subscribe(FOLLOW, session=(await live.client.create())["id"])
        [error] = (await socket.frame(other))["payload"]["errors"]
        assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
        upstream.fault = None
        assert await texts(socket, id, 1) == ["meanwhile"]


async def test_a_cursor_of_something_else_is_refused(live: Live) -> None:
    session, other = await live.client.create(), await live.client.create()
    await live.client.store(other["id"], "a")
    others = await page(live, other["id"])
    listed = (await live.client.data("{ sessions(first: 1) { edges { cursor } } }"))["sessions"]["edges"]
    start = (await page(live, session["id"]))["resumeCursor"]
    bad = ["", "x", "ä", others["resumeCursor"], others["edges"][0]["cursor"], listed[0]["cursor"], start[:-3]]
    async with live.socket() as socket:
        for cursor in bad:
            frame = await socket.frame(await socket.subscribe(FOLLOW, session=session["id"], after=cursor))
            [error] = frame["payload"]
            assert (frame["type"], error["extensions"]["code"]) == ("error", "BAD_USER_INPUT"), cursor
        frame = await socket.frame(await socket.subscribe(FOLLOW, session=other["id"].swapcase()))
        assert frame["type"] == "error"


async def test_many_subscribers_of_a_session_cost_one_read(live: Live, upstream: Upstream) -> None:
    session = (await live.client.create())["id"]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(live.socket()) for _ in range(5)]
        subscribed = [
            (socket, await socket.subscribe(FOLLOW, session=session)) for socket in sockets for _ in range(20)
        ]
        for socket in sockets:
            await socket.settled()
        upstream.clear()
        [first] = await live.client.store(session, "to all")
        for socket, id in subscribed:
            assert (await socket.event(id))["messageEdge"]["node"]["id"] == first
    reads = upstream.calls.count("GET /session/{id}/messages")
    # One for the message, and the polls of the time that this took.
    assert reads < 20
    assert upstream.calls.count("POST /session/{id}/messages") == 1


async def test_a_page_without_its_resume_cursor_costs_what_it_did(live: Live, upstream: Upstream) -> None:
    session = (await live.client.create())["id"]
    await live.client.store(session, *"abc")
    plain = "query ($id: ID!) { session(id: $id) { messages(last: 2) { nodes { text } } } }"
    told = plain.replace("nodes", "...told nodes") + " fragment told on MessageConnection { mine: resumeCursor }"
    upstream.clear()
    await live.client.data(plain, id=session)
    without = len(upstream.calls)
    found = await live.client.data(told, id=session)
    assert without == 2
    assert len(upstream.calls) - without == 2
    assert found["session"]["messages"]["mine"]


async def test_a_slow_consumer_is_told_and_others_are_not_disturbed(serve: Callable[..., Any]) -> None:
    async with serve(buffer=8192) as live:
        session = (await live.client.create())["id"]
        with socket.socket() as small:
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            small.connect(("127.0.0.1", int(live.url.rpartition(":")[2])))
            async with connected(live.url, sock=small, max_queue=1, ping_interval=None) as slow, live.socket() as quick:
                await overtake(live, session, slow, quick)
                assert await codes_to_come(slow) == ["SLOW_CONSUMER"]
                assert json.loads(await slow.connection.recv()) == {"type": "complete", "id": "1"}


async def overtake(live: Live, session: str, slow: Socket, quick: Socket) -> None:
    """Let more messages come than are kept for who does not take them; the other takes all."""
    await slow.begin()
    slow.reading.cancel()
    await slow.send(id="1", type="subscribe", payload={"query": FOLLOW, "variables": {"session": session}})
    id = await quick.subscribe(FOLLOW, session=session)
    await live.until(lambda: live.app.state.running.following.subscriptions == 2)
    for _ in range(4):
        await live.client.store(session, *["x" * 2000] * 100)
        for _ in range(100):
            await quick.event(id)


async def codes_to_come(slow: Socket) -> list[str]:
    """Read on to the first errors."""
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await slow.connection.recv())
            if "errors" in frame["payload"]:
                return [error["extensions"]["code"] for error in frame["payload"]["errors"]]
