"""What is kept beside a message is merged key by key; the message, and what is ours of it, stay as they were."""

import asyncio
from base64 import b64decode, b64encode
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import STORE_ONE, call, chat, read, result
from api.odd_upstream import OddUpstream, answering
from databases import Databases

SHOWN = "id role text metadata createdAt idempotencyKey tokenCount toolCalls { name } session { id title }"
ANNOTATE = f"""
mutation ($id: ID!, $metadata: JSON!) {{
  updateMessageMetadata(input: {{messageId: $id, metadata: $metadata}}) {{
    message {{ {SHOWN} }} errors {{ code path }}
  }}
}}
"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Message {{ {SHOWN} }} }} }}"
LIST = "{ sessions { nodes { id updatedAt lastActivityAt displayTitle } } }"
KEYS = st.text("ab", min_size=1, max_size=1)
CHANGES = st.dictionaries(
    KEYS, st.none() | st.integers(0, 3) | st.dictionaries(KEYS, st.none() | st.just(1)), max_size=2
)


@pytest.fixture
async def session(client: Client) -> str:
    return str((await client.create(title="rated"))["id"])


async def stored(client: Client, session: str, message: Any = "hello", **more: Any) -> str:
    message = chat("USER", message) if isinstance(message, str) else message
    input = {"sessionId": session, "message": message, **more}
    payload = (await client.data(STORE_ONE % "id", input=input))["storeMessage"]
    return str(payload["message"]["id"])


async def annotated(client: Client, id: str, metadata: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(ANNOTATE, id=id, metadata=metadata))["updateMessageMetadata"]
    return payload


async def metadata_of(client: Client, id: str) -> Any:
    return (await client.data(NODE, id=id))["node"]["metadata"]


def merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**old, **changes}.items() if value is not None}


async def test_keys_are_merged_and_nothing_else_changes(client: Client, session: str) -> None:
    first = await stored(client, session, call("c"), metadata={"a": {"x": 1}, "b": [1]})
    await stored(client, session, result("c", "seen"))
    before = (await client.data(NODE, id=first))["node"]
    listed = await client.data(LIST)
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"rating": 1, "a": {"y": None}}, {"a": {"y": None}, "b": [1], "rating": 1}),
        ({"b": None, "none": None}, {"a": {"y": None}, "rating": 1}),
        ({}, {"a": {"y": None}, "rating": 1}),
        ({"a": None, "rating": None}, {}),
    ]
    for changes, expected in steps:
        payload = await annotated(client, first, changes)
        assert payload == {"message": before | {"metadata": expected}, "errors": []}
        assert (await client.data(NODE, id=first))["node"] == payload["message"]
    page = await read(client, session, "nodes { text metadata toolCalls { result { text } } }")
    assert page["nodes"] == [
        {"text": "", "metadata": {}, "toolCalls": [{"result": {"text": "seen"}}]},
        {"text": "", "metadata": {}, "toolCalls": []},
    ]
    assert await client.data(LIST) == listed


async def test_the_key_that_a_message_was_stored_under_stays(client: Client, session: str) -> None:
    again: dict[str, Any] = {"metadata": {"mood": 1}, "idempotencyKey": "key"}
    id = await stored(client, session, "tea", **again)
    payload = await annotated(client, id, {"mood": None, "rating": 1})
    assert payload["message"]["metadata"] == {"rating": 1}
    assert payload["message"]["idempotencyKey"] == "key"
    assert await stored(client, session, "tea", **again) == id
    assert (await read(client, session, "nodes { metadata idempotencyKey }"))["nodes"] == [
        {"metadata": {"rating": 1}, "idempotencyKey": "key"}
    ]


@pytest.mark.parametrize(
    ("metadata", "code", "path"),
    [
        ([], "INVALID_INPUT", []),
        (1, "INVALID_INPUT", []),
        ({"__gql_api__": None}, "INVALID_INPUT", ["__gql_api__"]),
        ({"__user_meta__": {}}, "INVALID_INPUT", ["__user_meta__"]),
        ({"a": "\0"}, "INVALID_INPUT", ["a"]),
        ({"a": "x" * 65536}, "TOO_LARGE", []),
    ],
    ids=str,
)
async def test_what_cannot_be_kept_is_refused_before_acontext_is_asked(
    client: Client, session: str, upstream: OddUpstream, metadata: Any, code: str, path: list[str]
) -> None:
    id = await stored(client, session, metadata={"a": 1}, idempotencyKey="key")
    upstream.clear()
    payload = await annotated(client, id, metadata)
    assert payload == {"message": None, "errors": [{"code": code, "path": ["input", "metadata", *path]}]}
    assert upstream.calls == []
    assert await metadata_of(client, id) == {"a": 1}


async def test_all_metadata_together_have_a_limit(client: Client, session: str) -> None:
    """Acontext looks at each change alone."""
    half, more = "x" * 32768, "x" * (65536 - 32768 - len('{"a":"","b":""}'))
    id = await stored(client, session, metadata={"a": half})
    beyond = {"message": None, "errors": [{"code": "TOO_LARGE", "path": ["input", "metadata"]}]}
    assert await annotated(client, id, {"b": more + "x"}) == beyond
    assert (await annotated(client, id, {"b": more}))["errors"] == []
    assert await annotated(client, id, {"c": 1}) == beyond
    assert (await annotated(client, id, {"c": half, "a": None}))["errors"] == []
    assert await metadata_of(client, id) == {"b": more, "c": half}


async def test_a_message_is_read_and_written_once(client: Client, session: str, upstream: OddUpstream) -> None:
    ids = [await stored(client, session, text) for text in ("a", "b", "c")]
    upstream.clear()
    assert (await annotated(client, ids[1], {"a": 1}))["errors"] == []
    assert upstream.calls == ["GET /session/{id}/messages", "PATCH /session/{id}/messages/{id}/meta"]


async def test_what_is_not_there_or_not_the_viewers_is_not_found(
    client: Client, session: str, upstream: OddUpstream
) -> None:
    id = await stored(client, session)
    _, of, time, message = b64decode(id).decode().split(":")
    unknown = {"message": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "messageId"]}]}
    upstream.clear()
    assert await annotated(client.as_user("bob"), id, {"a": 1}) == unknown
    assert await annotated(client, gid(f"Message:{uuid4()}:{time}:{message}"), {"a": 1}) == unknown
    assert upstream.calls == []
    for wrong in (f"{of}:{time}:{uuid4()}", f"{of}:{int(time) - 1}:{message}", f"{of}:{int(time) + 1}:{message}"):
        assert await annotated(client, gid(f"Message:{wrong}"), {"a": 1}) == unknown
    for none in (message, gid(f"Session:{of}"), "", "x"):
        assert await client.code(ANNOTATE, id=none, metadata={}) == "BAD_USER_INPUT"
    assert await metadata_of(client, id) == {}


def gid(text: str) -> str:
    return b64encode(text.encode()).decode()


async def test_a_message_that_goes_meanwhile_is_not_found(client: Client, session: str, upstream: OddUpstream) -> None:
    id = await stored(client, session)
    unknown = {"message": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "messageId"]}]}
    upstream.is_odd = lambda request: request.method == "PATCH"
    upstream.instead = answering(404, {"code": 404, "msg": "message not found"})
    assert await annotated(client, id, {"a": 1}) == unknown
    upstream.instead = None
    await upstream.ask("DELETE", f"/session/{b64decode(id).decode().split(':')[1]}")
    assert await annotated(client, id, {"a": 1}) == unknown


async def test_writers_at_the_same_time_lose_no_key(client: Client, session: str) -> None:
    id = await stored(client, session)
    payloads = await asyncio.gather(*(annotated(client, id, {str(number): number}) for number in range(8)))
    assert [payload["errors"] for payload in payloads] == [[]] * 8
    assert await metadata_of(client, id) == {str(number): number for number in range(8)}


async def test_an_answer_that_is_none_is_a_failure_of_acontext(
    client: Client, session: str, upstream: OddUpstream
) -> None:
    id = await stored(client, session)
    upstream.is_odd = lambda request: request.method == "PATCH"
    for data in ({"meta": None}, {"meta": [1]}, {"x": {}}, [], None):
        upstream.instead = answering(200, {"code": 0, "data": data})
        assert await client.code(ANNOTATE, id=id, metadata={}) == "UPSTREAM_UNAVAILABLE"


class TestMany:
    """Any changes, one after the other, on one kind of database."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(CHANGES.map(lambda one: merged({}, one)), st.lists(CHANGES, max_size=4))
    async def test_what_is_read_is_all_that_was_merged(
        self, client: Client, session: str, first: dict[str, Any], changes: list[dict[str, Any]]
    ) -> None:
        id, expected = await stored(client, session, metadata=first, idempotencyKey=str(uuid4())), first
        for change in changes:
            expected = merged(expected, change)
            assert (await annotated(client, id, change))["message"]["metadata"] == expected
        assert await metadata_of(client, id) == expected
