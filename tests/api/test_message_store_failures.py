"""Stores that fail: what the caller can put right comes in the payload, and so does what was stored nevertheless."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.client import Client
from api.conversation import STORE_LIST, STORE_ONE, chat, texts
from api.test_session import DELETE
from api.upstream import Upstream

POST = "POST /session/{id}/messages"


def is_store(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/messages")


async def store(client: Client, session: str, content: str) -> dict[str, Any]:
    input = {"sessionId": session, "message": chat("USER", content)}
    payload: dict[str, Any] = (await client.data(STORE_ONE % "text", input=input))["storeMessage"]
    return payload


async def store_list(client: Client, session: str, *contents: str) -> dict[str, Any]:
    items = [{"message": chat("USER", content)} for content in contents]
    payload: dict[str, Any] = (await client.data(STORE_LIST, session=session, items=items))["storeMessages"]
    return payload


async def test_sessions_that_are_not_the_viewers_are_not_found_and_acontext_not_asked(
    client: Client, upstream: Upstream
) -> None:
    foreign = (await client.as_user("bob").create())["id"]
    deleted = (await client.create())["id"]
    await client.data(DELETE, id=deleted)
    upstream.clear()
    error = {"code": "NOT_FOUND", "path": ["input", "sessionId"]}
    for session in (str(uuid4()), foreign, deleted):
        assert await store(client, session, "x") == {"message": None, "errors": [error]}
        listed = await store_list(client, session, "x")
        assert listed == {"messages": [], "storedCount": 0, "session": None, "errors": [error]}
    assert upstream.calls == []


async def test_a_conversation_that_is_gone_from_acontext_is_not_found(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    await upstream.ask("DELETE", f"/session/{session['acontextId']}")
    payload = await store(client, session["id"], "x")
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", "sessionId"])]


@pytest.mark.parametrize("id", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
async def test_what_is_no_id_of_a_session_is_bad_input(client: Client, id: str) -> None:
    input = {"sessionId": id, "message": chat("USER", "x")}
    assert await client.code(STORE_ONE % "text", input=input) == "BAD_USER_INPUT"


def failing_at(number: int, when: str) -> Callable[[httpx.Request], str | None]:
    """Fail the store of this number, counted from 0, and every one after it."""
    count = 0

    def fault(request: httpx.Request) -> str | None:
        nonlocal count
        if not is_store(request):
            return None
        count += 1
        return when if count > number else None

    return fault


@pytest.mark.parametrize(("when", "kept"), [("before", 2), ("after", 3)])
async def test_a_failure_within_a_list_tells_what_is_stored(
    client: Client, upstream: Upstream, when: str, kept: int
) -> None:
    session = (await client.create())["id"]
    upstream.clear()
    upstream.fault = failing_at(2, when)
    payload = await store_list(client, session, "a", "b", "c", "d", "e")
    assert payload == {
        "messages": [{"text": "a"}, {"text": "b"}],
        "storedCount": 2,
        "session": {"id": session},
        "errors": [{"code": "UPSTREAM_FAILED", "path": ["input", "messages", "2"]}],
    }
    assert upstream.calls == [POST] * 3
    assert await texts(client, session) == ["a", "b", "c"][:kept]


async def test_a_failure_at_the_start_of_a_list_is_an_error_without_a_payload(
    client: Client, upstream: Upstream
) -> None:
    session = (await client.create())["id"]
    upstream.fault = failing_at(0, "before")
    answer = await client.answer(STORE_LIST, session=session, items=[{"message": chat("USER", "x")}] * 2)
    assert answer["data"] == {"storeMessages": None}
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["storeMessages"], "UPSTREAM_UNAVAILABLE")


async def test_one_failure_does_not_hide_what_the_others_did(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    failures = iter([None, "before", None])
    upstream.fault = lambda request: next(failures) if is_store(request) else None
    field = "storeMessage(input: {sessionId: $id, message: {chat: {role: USER, content: %s}}}) { message { text } }"
    fields = " ".join(f"{name}: {field.replace('%s', json.dumps(name))}" for name in ("one", "two", "three"))
    answer = await client.answer(f"mutation ($id: ID!) {{ {fields} }}", id=session)
    assert answer["data"] == {
        "one": {"message": {"text": "one"}},
        "two": None,
        "three": {"message": {"text": "three"}},
    }
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["two"], "UPSTREAM_UNAVAILABLE")
    assert await texts(client, session) == ["one", "three"]


async def test_a_refusal_of_acontext_names_the_message_and_keeps_those_before_it(client: Client) -> None:
    """Only Acontext knows which call of Gemini's waits for an answer."""
    session = (await client.create())["id"]
    asked = {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}}]}
    answered = {"role": "user", "parts": [{"functionResponse": {"name": "other", "response": {}}}]}
    items = [{"message": {"gemini": blob}} for blob in (asked, answered, asked)]
    payload = (await client.data(STORE_LIST, session=session, items=items))["storeMessages"]
    assert payload["storedCount"] == 1
    assert payload["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "messages", "1", "message", "gemini"]}]
    assert len(await texts(client, session)) == 1


@pytest.fixture
async def impatient(start: Callable[..., AbstractAsyncContextManager[Client]]) -> AsyncIterator[Client]:
    async with start(lock_patience=0.01) as client:
        yield client


async def test_a_write_that_waits_too_long_for_another_is_told_that_the_session_is_busy(
    impatient: Client, upstream: Upstream
) -> None:
    session = (await impatient.create())["id"]
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: Any) -> None:
        begun.set()
        await go_on.wait()

    upstream.meanwhile = wait
    first = asyncio.create_task(store(impatient, session, "first"))
    await begun.wait()
    payload = await store(impatient, session, "second")
    go_on.set()
    assert (payload["message"], [error["code"] for error in payload["errors"]]) == (None, ["BUSY"])
    assert (await first)["errors"] == []
    assert await texts(impatient, session) == ["first"]
