"""Trying again to make a session under an id of one's own: at once after a refusal, later after an unknown outcome."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.client import CREATE, STORE, Client
from api.odd_upstream import OddUpstream, answering


@pytest.fixture
def upstream() -> OddUpstream:
    return OddUpstream()


def makes_sessions(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/session")


def stores_messages(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/messages")


async def outcome(client: Client, input: dict[str, Any]) -> Any:
    """Give the code of what went wrong, or the id of the session."""
    answer = await client.answer(CREATE, input=input)
    if "errors" in answer:
        return answer["errors"][0]["extensions"]["code"]
    payload = answer["data"]["createSession"]
    return payload["session"]["acontextId"] if payload["session"] else payload["errors"][0]["code"]


@pytest.mark.parametrize("status", [400, 401])
async def test_after_a_refusal_the_id_is_free_at_once(client: Client, upstream: OddUpstream, status: int) -> None:
    input = {"acontextId": str(uuid4())}
    upstream.is_odd, upstream.instead = makes_sessions, answering(status, {"code": status, "msg": "no"})
    assert await outcome(client, input) == "UPSTREAM_REJECTED"
    upstream.instead = None
    assert await outcome(client, input) == input["acontextId"]


async def test_after_an_unknown_outcome_the_id_is_busy_for_its_owner(client: Client, upstream: OddUpstream) -> None:
    """A late call may still make the session: the sweep frees the id once that can no longer be."""
    input = {"acontextId": str(uuid4())}
    upstream.is_odd, upstream.instead = makes_sessions, answering(500, {"code": 500, "msg": "down"})
    assert await outcome(client, input) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    assert await outcome(client, input) == "BUSY"
    assert await outcome(client.as_user("bob"), input) == "CONFLICT"


async def test_a_session_whose_answer_was_lost_is_found_and_not_asked_for_again(
    client: Client, upstream: OddUpstream
) -> None:
    upstream.fault = lambda request: "after" if makes_sessions(request) else None
    made = await client.create(title="Tea")
    assert upstream.calls.count("POST /session") == 1
    assert await client.store(made["id"], "hello")


@pytest.mark.parametrize("chosen", [{}, {"acontextId": str(uuid4())}])
async def test_a_session_that_an_earlier_try_made_in_the_same_moment_is_ours(
    client: Client, upstream: OddUpstream, chosen: dict[str, str]
) -> None:
    """Its answer was lost, and Acontext says 409 to the other try instead of giving the session."""

    async def raced(request: httpx.Request) -> httpx.Response:
        await upstream.ask("POST", "/session", json=json.loads(await request.aread()))
        return httpx.Response(409, json={"code": 409, "msg": "session with this UUID already exists"})

    upstream.is_odd, upstream.instead = makes_sessions, raced
    made = await client.create(**chosen)
    assert {**made, **chosen} == made
    upstream.instead = None
    assert await client.store(made["id"], "hello")


async def test_a_session_that_another_made_in_the_same_moment_is_not_ours(
    client: Client, upstream: OddUpstream
) -> None:
    async def raced(request: httpx.Request) -> httpx.Response:
        await upstream.ask("POST", "/session", json={**json.loads(await request.aread()), "configs": {}})
        return httpx.Response(409, json={"code": 409, "msg": "session with this UUID already exists"})

    upstream.is_odd, upstream.instead = makes_sessions, raced
    assert await outcome(client, {"acontextId": str(uuid4())}) == "CONFLICT"
    upstream.instead = None
    assert len((await upstream.ask("GET", "/session"))["items"]) == 1
    assert (await upstream.ask("GET", "/disk"))["items"] == []


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_that_is_not_about_the_message_does_not_blame_it(
    client: Client, upstream: OddUpstream, status: int
) -> None:
    made = await client.create()
    upstream.is_odd, upstream.instead = stores_messages, answering(status, {"code": status, "msg": "no"})
    messages = [{"message": {"chat": {"role": "USER", "content": "hello"}}}]
    assert await client.code(STORE, session=made["id"], messages=messages) == "UPSTREAM_REJECTED"
