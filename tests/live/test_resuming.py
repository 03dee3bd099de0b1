"""Subscriptions that go on from cursors and through trouble, and what that costs of Acontext."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from api.upstream import Upstream
from databases import Databases
from gql_api.events import MessagesStored
from live.conftest import Live
from live.test_messages import FOLLOW, follow, page, texts

READ = "GET /session/{id}/messages"
MANY = 100
TWICE = """
query ($session: ID!, $edits: [EditStrategyInput!]) {
  session(id: $session) {
    plain: messages(editStrategy: $edits) { nodes { text } }
    told: messages(editStrategy: $edits) { ...Told }
  }
}
fragment Told on MessageConnection { from: resumeCursor nodes { text } }
"""


async def store_past(upstream: Upstream, session: dict[str, Any], text: str) -> None:
    """Store in Acontext itself, of which nobody is told."""
    body = {"blob": {"role": "user", "content": text}, "format": "openai"}
    await upstream.ask("POST", f"/session/{session['acontextId']}/messages", json=body)


async def test_the_place_of_a_message_that_was_not_read_yet_is_gone_on_from(
    serve: Callable[..., Any], upstream: Upstream
) -> None:
    async with serve(follow_seconds=300) as live, live.socket() as socket:
        session = await live.client.create()
        first = await socket.subscribe(FOLLOW, session=session["id"])
        await socket.settled()
        upstream.fault = reads_fail = Failing()
        await store_past(upstream, session, "theirs")
        await live.client.store(session["id"], "ours")
        await reads_fail.begun.wait()
        upstream.fault = None
        edge = (await page(live, session["id"]))["edges"][-1]["cursor"]
        second = await socket.subscribe(FOLLOW, session=session["id"], after=edge)
        assert await texts(socket, first, 2) == ["theirs", "ours"]
        await live.client.store(session["id"], "next")
        assert await texts(socket, first, 1) == ["next"]
        assert await texts(socket, second, 1) == ["next"]


class Failing:
    """All reads of messages fail; `begun` tells when one did."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def __call__(self, request: httpx.Request) -> str | None:
        if request.method == "GET" and request.url.path.endswith("/messages"):
            self.begun.set()
            return "before"
        return None


@pytest.mark.parametrize("limit", [None, 1000, 1])
async def test_what_comes_between_two_reads_of_one_query_is_told(
    live: Live, upstream: Upstream, limit: int | None
) -> None:
    """On the page, or as news; also where the page's edits take out all, for that it was there was not read by then."""
    session = await live.client.create()
    await live.client.store(session["id"], "before")
    edits = [{"tokenLimit": {"limitTokens": limit}}] if limit else None
    upstream.meanwhile = storing_once(upstream, session)
    found = (await live.client.data(TWICE, session=session["id"], edits=edits))["session"]["told"]
    upstream.meanwhile = None
    await live.client.store(session["id"], "after")
    shown = [node["text"] for node in found["nodes"]]
    rest = [text for text in ("between", "after") if text not in shown]
    assert (await follow(live, session["id"], found["from"], len(rest)))[0] == rest


def storing_once(upstream: Upstream, session: dict[str, Any]) -> Callable[[Any], Awaitable[None]]:
    """Store a message while the first answer with messages is under way: one that edits left none in does not count."""
    is_done = False

    async def store(body: Any) -> None:
        nonlocal is_done
        data = body.get("data")
        if not is_done and isinstance(data, dict) and "this_time_tokens" in data and data["items"]:
            is_done = True
            await store_past(upstream, session, "between")

    return store


async def test_a_page_before_a_message_ends_there(live: Live) -> None:
    session = (await live.client.create())["id"]
    await live.client.store(session, *"abcde")
    edges = (await page(live, session))["edges"]
    query = """
    query ($session: ID!, $before: String) {
      session(id: $session) { messages(last: 2, before: $before) { resumeCursor nodes { text } } }
    }"""
    found = await live.client.data(query, session=session, before=edges[3]["cursor"])
    assert found["session"]["messages"]["nodes"] == [{"text": "b"}, {"text": "c"}]
    assert (await follow(live, session, found["session"]["messages"]["resumeCursor"], 2))[0] == ["d", "e"]


async def test_a_deletion_that_nobody_told_of_ends_it(live: Live, databases: Databases, database_url: str) -> None:
    session = await live.client.create()
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session["id"])
        await socket.settled()
        await databases.execute(database_url, "DELETE FROM session_mappings")
        assert await socket.frame(id) == {"type": "complete", "id": id}


async def test_many_who_come_back_are_told_from_memory(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(follow_seconds=300) as live, AsyncExitStack() as stack:
        session = (await live.client.create())["id"]
        start = (await page(live, session))["resumeCursor"]
        await live.client.store(session, *"abc")
        sockets = [await stack.enter_async_context(live.socket()) for _ in range(4)]
        first = await sockets[0].subscribe(FOLLOW, session=session, after=start)
        events = [await sockets[0].event(first) for _ in range(3)]
        upstream.clear()
        back = [(sockets[number % 4], events[number % 2]["resumeCursor"], number % 2) for number in range(MANY)]
        subscribed = [await socket.subscribe(FOLLOW, session=session, after=after) for socket, after, _ in back]
        for (socket, _, seen), id in zip(back, subscribed, strict=True):
            assert await texts(socket, id, 2 - seen) == [*"abc"][seen + 1 :]
        # The polls of the time that this took.
        assert upstream.calls.count(READ) < MANY / 4


async def test_many_events_at_once_hasten_one_read(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(follow_seconds=300) as live, live.socket() as socket:
        session = await live.client.create()
        id = await socket.subscribe(FOLLOW, session=session["id"])
        await socket.settled()
        following = live.app.state.running.following
        [followed] = following._feeds
        await store_past(upstream, session, "theirs")
        upstream.clear()
        for _ in range(1000):
            following.broker.publish(MessagesStored(followed))
        assert await texts(socket, id, 1) == ["theirs"]
        # While this is answered, more would be read if any event had been kept for later.
        for _ in range(8):
            await socket.settled()
        assert upstream.calls.count(READ) < MANY / 4


async def test_nothing_is_read_for_whom_nobody_follows(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(follow_seconds=0.05) as live:
        sessions = [(await live.client.create())["id"] for _ in range(2)]
        async with live.socket() as socket:
            await socket.subscribe(FOLLOW, session=sessions[0])
            await live.until(lambda: upstream.calls.count(READ) > 3)
        await live.until(lambda: live.app.state.running.following.sessions == 0)
        upstream.clear()
        await live.client.store(sessions[0], "to nobody")
        await live.client.store(sessions[1], "to nobody")
        assert upstream.calls.count(READ) == 0
