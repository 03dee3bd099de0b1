"""Forks that take longer than a request: what is told of them meanwhile; nothing is seen before it is whole."""

import asyncio
from typing import Any

import httpx
import pytest

from api.client import Client
from api.conversation import texts
from api.forking import FORK, fork, told, whole
from api.odd_upstream import OddUpstream, answering
from api.test_idempotency import MISMATCH
from gql_api.settings import Settings

DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId } }"
COUNT = "{ sessions { totalCount } }"
MESSAGES, FILES = 3, 2


class Gate:
    """Holds back the calls that it picks, until it is opened."""

    def __init__(self, upstream: OddUpstream, end: str) -> None:
        self._upstream = upstream
        self._opened = asyncio.Event()
        self.reached = asyncio.Event()
        upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith(end)
        upstream.instead = self._wait

    async def _wait(self, request: httpx.Request) -> httpx.Response:
        self.reached.set()
        await self._opened.wait()
        behind = self._upstream._behind
        assert behind
        return await behind.handle_async_request(request)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A request has one second."""
    return settings.model_copy(update={"request_timeout": 1.0})


@pytest.fixture
async def session(client: Client, upstream: OddUpstream) -> str:
    made = await client.create(title="Tea")
    for text in "abc":  # the first count of tokens in a process may take longer than a request here
        body = {"blob": {"role": "user", "content": text}, "format": "openai"}
        await upstream.ask("POST", f"/session/{made['acontextId']}/messages", json=body)
    for name in ("a", "b"):
        await client.upload(made["id"], f"/{name}.txt", name)
    return str(made["id"])


async def until_there(client: Client, **input: Any) -> dict[str, Any]:
    """Ask again and again under the same key, as a client does."""
    async with asyncio.timeout(30):
        while True:
            payload = await fork(client, **input)
            assert payload["errors"] == []
            if payload["session"]:
                return payload


async def test_a_long_one_is_told_of_before_the_deadline_and_asked_for_under_its_key(
    client: Client, upstream: OddUpstream, session: str
) -> None:
    gate = Gate(upstream, "/artifact")
    asked = {"sessionId": session, "idempotencyKey": "key"}
    for _ in range(2):
        payload = await fork(client, **asked)
        assert told(payload) == []
        assert payload["progress"] == {"done": MESSAGES, "total": MESSAGES + FILES}
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 1
    assert told(await fork(client, **asked, title="Cake")) == MISMATCH
    gate.open()
    payload = await until_there(client, **asked)
    assert payload["progress"] is None
    assert await whole(client, payload["session"]["id"]) == await whole(client, session)
    assert await fork(client, **asked) == payload
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 2


async def test_nothing_is_known_to_copy_while_it_is_counted(
    client: Client, upstream: OddUpstream, session: str
) -> None:
    held = asyncio.Event()

    async def wait(request: httpx.Request) -> httpx.Response:
        await held.wait()
        behind = upstream._behind
        assert behind
        return await behind.handle_async_request(request)

    upstream.is_odd = lambda request: request.method == "GET" and request.url.path.endswith("/messages")
    upstream.instead = wait
    payload = await fork(client, sessionId=session, idempotencyKey="key")
    assert payload["progress"] == {"done": 0, "total": 0}
    held.set()
    await until_there(client, sessionId=session, idempotencyKey="key")


async def test_one_without_a_key_goes_on_and_appears_in_the_list(
    client: Client, upstream: OddUpstream, session: str
) -> None:
    gate = Gate(upstream, "/messages")
    payload = await fork(client, sessionId=session)
    assert payload["progress"] == {"done": 0, "total": MESSAGES + FILES}
    gate.open()
    async with asyncio.timeout(30):
        while (await client.data(COUNT))["sessions"]["totalCount"] < 2:  # noqa: ASYNC110 - as a client sees it
            await asyncio.sleep(0.01)


async def test_who_leaves_stops_nothing(client: Client, upstream: OddUpstream, session: str) -> None:
    gate = Gate(upstream, "/messages")
    asking = asyncio.create_task(client.answer(FORK, input={"sessionId": session, "idempotencyKey": "key"}))
    await gate.reached.wait()
    asking.cancel()
    await asyncio.wait([asking])
    gate.open()
    payload = await until_there(client, sessionId=session, idempotencyKey="key")
    assert await texts(client, payload["session"]["id"]) == ["a", "b", "c"]


async def test_a_user_may_have_two_under_way(client: Client, upstream: OddUpstream, session: str) -> None:
    gate = Gate(upstream, "/messages")
    for key in ("1", "2"):
        assert told(await fork(client, sessionId=session, idempotencyKey=key)) == []
    payload = await fork(client, sessionId=session, idempotencyKey="3")
    assert told(payload) == [("BUSY", ["input", "sessionId"])]
    bob = client.as_user("bob")
    empty = await bob.create()
    assert (await fork(bob, sessionId=empty["id"]))["session"]
    gate.open()
    for key in ("1", "2", "3"):
        await until_there(client, sessionId=session, idempotencyKey=key)


async def test_what_failed_for_now_is_told_and_goes_on_under_its_key(
    client: Client, upstream: OddUpstream, session: str
) -> None:
    upstream.is_odd = lambda request: request.method == "GET" and request.url.path.endswith("/configs")
    upstream.instead = answering(500, {"code": 500, "msg": "down"})
    asked = {"sessionId": session, "idempotencyKey": "key"}
    assert await client.code(FORK, input=asked) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    assert (await until_there(client, **asked))["session"]
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 2


async def test_one_that_is_deleted_is_not_made_again_under_its_key(client: Client, session: str) -> None:
    asked = {"sessionId": session, "idempotencyKey": "key"}
    made = (await until_there(client, **asked))["session"]
    await client.data(DELETE, id=made["id"])
    assert told(await fork(client, **asked)) == [("NOT_FOUND", ["input", "idempotencyKey"])]
