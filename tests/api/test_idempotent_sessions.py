"""Sessions that are asked for again under a key of their caller's: made once."""

import asyncio
from typing import Any

import httpx
import pytest

from api.client import Client
from api.odd_upstream import OddUpstream
from api.test_idempotency import MISMATCH, told
from api.test_session import DELETE
from api.upstream import Upstream

CREATE = """
mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } errors { code path } } }
"""
OPEN = """
mutation ($input: GetOrCreateSessionInput!) {
  getOrCreateSession(input: $input) { session { id disk { id } } created diskCreated errors { code path } }
}
"""
COUNT = "{ sessions { totalCount } }"


def path_of(request: httpx.Request) -> str:
    return request.url.path.removeprefix("/api/v1")


async def create(client: Client, **input: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(CREATE, input=input))["createSession"]
    return payload


async def open_session(client: Client, **input: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(OPEN, input=input))["getOrCreateSession"]
    return payload


async def test_a_session_that_is_asked_for_again_is_made_once(client: Client) -> None:
    asked = {"title": "Tea", "configs": {"a": 1, "b": 2}, "idempotencyKey": "key"}
    first = await create(client, **asked)
    assert await create(client, **asked | {"configs": {"b": 2, "a": 1}}) == first
    assert told(await create(client, **asked | {"title": "Cake"})) == MISMATCH
    assert told(await open_session(client, **asked)) == MISMATCH
    assert (await create(client.as_user("bob"), **asked))["session"] != first["session"]
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 1


async def test_get_or_create_under_a_key_makes_one(client: Client) -> None:
    unknown = "3d594650-3436-4c1c-a1d0-1f2b6c8f8b8e"
    for asked in ({"idempotencyKey": "a"}, {"id": unknown, "title": "Tea", "idempotencyKey": "b"}):
        first = await open_session(client, **asked)
        assert (first["created"], first["diskCreated"], first["errors"]) == (True, True, [])
        assert await open_session(client, **asked) == first
        assert told(await open_session(client, **asked, configs={})) == MISMATCH
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 2


async def test_calls_that_make_a_session_under_one_key_at_once_make_one(client: Client, upstream: Upstream) -> None:
    payloads = await asyncio.gather(*(create(client, idempotencyKey="key") for _ in range(6)))
    assert len({payload["session"]["id"] for payload in payloads}) == 1
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 1
    assert upstream.calls.count("POST /session") == upstream.calls.count("POST /disk") == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_session_that_could_not_be_made_is_made_by_the_next_call(
    client: Client, upstream: Upstream, when: str
) -> None:
    upstream.fault = lambda request: when if request.url.path.endswith("/disk") else None
    assert await client.code(CREATE, input={"idempotencyKey": "key"}) == "UPSTREAM_UNAVAILABLE"
    upstream.fault = None
    payload = await create(client, idempotencyKey="key")
    assert payload["errors"] == []
    assert await create(client, idempotencyKey="key") == payload
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 1


async def test_a_session_that_is_deleted_is_not_made_again_under_its_key(client: Client) -> None:
    made = (await create(client, idempotencyKey="key"))["session"]
    await client.data(DELETE, id=made["id"])
    assert told(await create(client, idempotencyKey="key")) == [("NOT_FOUND", ["input", "idempotencyKey"])]


async def test_an_id_chosen_with_a_key_is_no_conflict_with_itself(client: Client) -> None:
    asked = {"acontextId": "3d594650-3436-4c1c-a1d0-1f2b6c8f8b8e", "idempotencyKey": "key"}
    first = await create(client, **asked)
    assert await create(client, **asked) == first
    assert told(await create(client, **asked | {"idempotencyKey": "other"})) == [("CONFLICT", ["input", "acontextId"])]


async def test_an_id_that_is_taken_under_the_same_key_just_then_is_no_conflict(
    client: Client, upstream: OddUpstream
) -> None:
    asked = {"acontextId": "3d594650-3436-4c1c-a1d0-1f2b6c8f8b8e", "idempotencyKey": "key"}
    others: list[dict[str, Any]] = []

    async def after_another(request: httpx.Request) -> httpx.Response:
        upstream.instead = None
        others.append(await create(client, **asked))
        return httpx.Response(200, json={"code": 0, "data": await upstream.ask("GET", path_of(request))})

    upstream.instead = after_another
    assert await create(client, **asked) == others[0]
    assert (await client.data(COUNT))["sessions"]["totalCount"] == 1


@pytest.mark.parametrize(("key", "code"), [("", "INVALID_INPUT"), ("a\nb", "INVALID_INPUT"), ("k" * 256, "TOO_LARGE")])
async def test_a_key_of_a_session_has_1_to_255_characters(client: Client, key: str, code: str) -> None:
    for payload in (await create(client, idempotencyKey=key), await open_session(client, idempotencyKey=key)):
        assert told(payload) == [(code, ["input", "idempotencyKey"])]
    assert told(await create(client, idempotencyKey="k" * 255)) == []
