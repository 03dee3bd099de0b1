"""What is read to write has a limit for each answer: long conversations are read by parts, what is longer fails."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import CREATE, Client
from api.forking import FORK, forked, whole
from api.odd_upstream import OddUpstream, answering
from databases import Databases

MIB = 1024 * 1024
TEXT = "some words " * 9000
STORE = """mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) { storedCount replayed errors { code } } }"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it is in the database."""
    return sqlite_databases


async def filled(client: Client, count: int, text: str = TEXT) -> str:
    id: str = (await client.create())["id"]
    await client.store(id, *[f"{number} {text}" for number in range(count)])
    return id


async def test_a_long_conversation_is_read_by_parts(start: Callable[..., Any]) -> None:
    async with start(max_answer_size=MIB) as client:
        id = await filled(client, 30)
        copy = await forked(client, sessionId=id)
        assert await whole(client, copy["id"]) == await whole(client, id)


async def test_the_tail_of_a_retry_is_read_by_parts(start: Callable[..., Any], upstream: OddUpstream) -> None:
    """What was stored under a key is looked for after its answers were lost."""
    async with start(max_answer_size=MIB) as client:
        id = (await client.create())["id"]
        messages = [{"message": {"chat": {"role": "USER", "content": f"{n} {TEXT}"}}} for n in range(15)]
        input = {"sessionId": id, "messages": messages, "idempotencyKey": "key"}
        stored = 0

        def fault(request: httpx.Request) -> str | None:
            nonlocal stored
            stored += request.method == "POST"
            return "after" if stored == 15 else None

        upstream.fault = fault
        await client.answer(STORE, input=input)
        upstream.fault = None
        payload = (await client.data(STORE, input=input))["storeMessages"]
        assert payload == {"storedCount": 15, "replayed": payload["replayed"], "errors": []}


async def test_a_message_that_is_larger_than_an_answer_may_be_is_a_failure(start: Callable[..., Any]) -> None:
    async with start() as client:
        id = await filled(client, 1, TEXT * 12)
    async with start(max_answer_size=MIB) as client:
        answer = await client.answer(FORK, input={"sessionId": id})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]


async def test_whatever_acontext_says_to_a_write_has_a_limit(start: Callable[..., Any], upstream: OddUpstream) -> None:
    async with start(max_answer_size=MIB) as client:
        upstream.is_odd = lambda request: request.method == "POST"
        for status in (201, 400, 500):
            upstream.instead = answering(status, {"code": 0, "msg": "x" * 2 * MIB})
            answer = await client.answer(CREATE, input={})
            [error] = answer["errors"]
            assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
            assert error["message"] == f"Acontext gave an answer of more than {MIB} bytes."
        upstream.instead = None
        assert await client.create()
