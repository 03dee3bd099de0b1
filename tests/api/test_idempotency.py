"""Writes that are sent again under a key of their caller's, and writes that expect something of a conversation."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import Client
from api.conversation import chat, read, texts
from api.test_message_store_failures import is_store
from api.upstream import Upstream

STORE = """
mutation ($input: StoreMessageInput!) {
  storeMessage(input: $input) {
    message { id idempotencyKey metadata text } messageEdge { cursor } session { id } replayed
    errors { code path message }
  }
}
"""
STORE_ALL = """
mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) {
    messages { id text idempotencyKey } messageEdges { cursor } storedCount session { id } replayed
    errors { code path message }
  }
}
"""


class Writer:
    """Stores in one session, under one key."""

    def __init__(self, client: Client, session: str, key: str | None = "key") -> None:
        self.client, self.session, self.key = client, session, key

    def _input(self, **more: Any) -> dict[str, Any]:
        return {"sessionId": self.session, "idempotencyKey": self.key, **more}

    async def one(self, text: str, **more: Any) -> dict[str, Any]:
        input = self._input(message=chat("USER", text), **more)
        payload: dict[str, Any] = (await self.client.data(STORE, input=input))["storeMessage"]
        return payload

    async def all(self, *said: str, **more: Any) -> dict[str, Any]:
        input = self._input(messages=[{"message": chat("USER", text)} for text in said], **more)
        payload: dict[str, Any] = (await self.client.data(STORE_ALL, input=input))["storeMessages"]
        return payload

    async def failing(self, text: str) -> str:
        return await self.client.code(STORE, input=self._input(message=chat("USER", text)))

    async def texts(self) -> list[str]:
        return await texts(self.client, self.session)


@pytest.fixture
async def writer(client: Client) -> Writer:
    return Writer(client, (await client.create())["id"])


def told(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


MISMATCH = [("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])]


async def test_a_message_that_is_sent_again_is_stored_once(writer: Writer) -> None:
    first = await writer.one("tea", metadata={"mood": 1})
    again = await writer.one("tea", metadata={"mood": 1})
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first | {"replayed": True} == again
    assert first["message"]["metadata"] == {"mood": 1}
    assert first["message"]["idempotencyKey"] == "key"
    assert await writer.texts() == ["tea"]
    page = await read(writer.client, writer.session, "nodes { metadata idempotencyKey }")
    assert page["nodes"] == [{"metadata": {"mood": 1}, "idempotencyKey": "key"}]


async def test_other_input_under_the_same_key_is_refused_and_the_session_told(writer: Writer) -> None:
    await writer.one("tea")
    for payload in (
        await writer.one("coffee"),
        await writer.one("tea", metadata={"a": 1}),
        await writer.all("tea", "cake"),
    ):
        assert told(payload) == MISMATCH
        assert payload["session"] == {"id": writer.session}
    assert await writer.texts() == ["tea"]


async def test_a_key_is_one_sessions_own(writer: Writer) -> None:
    other = Writer(writer.client, (await writer.client.create())["id"])
    await writer.one("tea")
    assert not (await other.one("coffee"))["replayed"]


@pytest.mark.parametrize(("key", "code"), [("", "INVALID_INPUT"), ("a\nb", "INVALID_INPUT"), ("k" * 256, "TOO_LARGE")])
async def test_a_key_has_1_to_255_characters(writer: Writer, key: str, code: str) -> None:
    writer.key = key
    assert told(await writer.one("tea")) == [(code, ["input", "idempotencyKey"])]
    writer.key = "k" * 255
    assert told(await writer.one("tea")) == []


async def test_metadata_leave_room_for_the_key(writer: Writer) -> None:
    payload = await writer.one("tea", metadata={"much": "x" * 65500})
    assert told(payload) == [("TOO_LARGE", ["input", "metadata"])]
    writer.key = None
    assert told(await writer.one("tea", metadata={"much": "x" * 65500})) == []


async def test_a_list_that_is_sent_again_is_stored_once(writer: Writer) -> None:
    first = await writer.all("one", "two", "three")
    await Writer(writer.client, writer.session, "other").one("four")
    again = await writer.all("one", "two", "three")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first | {"replayed": True} == again
    assert await writer.texts() == ["one", "two", "three", "four"]


async def test_a_mistake_does_not_use_the_key_up(writer: Writer) -> None:
    wrong = {"message": {"chat": {"role": "TOOL", "content": "x"}}}
    input = {"sessionId": writer.session, "idempotencyKey": "key", **wrong}
    assert (await writer.client.data(STORE, input=input))["storeMessage"]["errors"]
    assert told(await writer.one("tea", expectEmpty=False)) == []


def failing(*whens: str | None, of: Callable[[httpx.Request], bool] = is_store) -> Callable[[httpx.Request], Any]:
    """Let calls fail in turn; those that come later do not."""
    left = list(whens)
    return lambda request: left.pop(0) if left and of(request) else None


def is_read(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/messages")


async def test_a_message_whose_answer_is_lost_is_found_at_once(writer: Writer, upstream: Upstream) -> None:
    await Writer(writer.client, writer.session, None).one("before")
    upstream.fault = failing("after")
    payload = await writer.one("tea")
    assert (told(payload), payload["replayed"], payload["message"]["text"]) == ([], False, "tea")
    assert (await writer.one("tea"))["replayed"]
    assert await writer.texts() == ["before", "tea"]


async def test_a_message_that_nobody_knows_of_is_found_by_the_next_call(writer: Writer, upstream: Upstream) -> None:
    store, look = failing("after"), failing(*["before"] * 9, of=is_read)
    upstream.fault = lambda request: store(request) or look(request)
    assert await writer.failing("tea") == "UPSTREAM_TIMEOUT"
    upstream.fault = None
    payload = await writer.one("tea")
    assert (payload["replayed"], payload["message"]["text"]) == (True, "tea")
    assert await writer.texts() == ["tea"]


async def test_a_message_that_may_still_come_is_stored_again_only_when_it_cannot_any_more(
    start: Callable[..., Any], upstream: Upstream
) -> None:
    async with start(store_settling=1.0) as client:
        writer = Writer(client, (await client.create())["id"])
        upstream.fault = failing("lost")
        assert await writer.failing("tea") == "UPSTREAM_TIMEOUT"
        assert await writer.failing("tea") == "UPSTREAM_TIMEOUT"
        input = {"sessionId": writer.session, "idempotencyKey": "key", "message": chat("USER", "tea")}
        async with asyncio.timeout(10):
            while "errors" in (answer := await client.answer(STORE, input=input)):  # noqa: ASYNC110 - of time
                await asyncio.sleep(0.05)
        assert not answer["data"]["storeMessage"]["replayed"]
        assert await writer.texts() == ["tea"]


async def test_a_call_that_certainly_failed_leaves_the_key_free(writer: Writer, upstream: Upstream) -> None:
    upstream.fault = lambda request: "before" if is_store(request) else None
    assert await writer.failing("tea") == "UPSTREAM_UNAVAILABLE"
    upstream.fault = None
    assert not (await writer.one("coffee"))["replayed"]
    assert await writer.texts() == ["coffee"]


@pytest.mark.parametrize("when", ["before", "after", "lost"])
async def test_a_list_that_was_cut_goes_on_where_it_was(
    start: Callable[..., Any], upstream: Upstream, when: str
) -> None:
    async with start(store_settling=1.0) as client:
        writer = Writer(client, (await client.create())["id"])
        look = failing(*["before"] * 9, of=is_read)
        store = failing(None, *[when] * 9)
        upstream.fault = lambda request: store(request) or look(request)
        cut = await writer.all("one", "two", "three")
        assert (cut["storedCount"], told(cut)) == (1, [("UPSTREAM_FAILED", ["input", "messages", "1"])])
        upstream.fault = None
        async with asyncio.timeout(10):
            while (payload := await writer.all("one", "two", "three"))["errors"]:  # noqa: ASYNC110 - of time
                await asyncio.sleep(0.05)
        assert (payload["storedCount"], payload["replayed"]) == (3, False)
        assert [message["text"] for message in payload["messages"]] == ["one", "two", "three"]
        assert await writer.texts() == ["one", "two", "three"]
        assert (await writer.all("one", "two", "three"))["replayed"]


async def test_calls_under_one_key_at_once_store_it_once(writer: Writer) -> None:
    payloads = await asyncio.gather(*(writer.all("one", "two") for _ in range(8)))
    assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 7
    assert len({str(payload["messages"]) for payload in payloads}) == 1
    assert await writer.texts() == ["one", "two"]
