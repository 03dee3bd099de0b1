"""What is refused before anything is stored: the field is named, and Acontext is not asked."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import STORE_LIST, STORE_ONE, chat, read, result, texts, turns
from api.upstream import Upstream
from databases import Databases

LARGEST = 65_536


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: what is wrong is found before the database is asked for more than the session."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client, upstream: Upstream) -> str:
    made = str((await client.create())["id"])
    upstream.clear()
    return made


async def errors(client: Client, session: str, message: Any, **more: Any) -> list[tuple[str, str]]:
    """Store one message; return code and path below the input of each error."""
    input = {"sessionId": session, "message": message, **more}
    payload = (await client.data(STORE_ONE % "id", input=input))["storeMessage"]
    assert (payload["message"] is None) == bool(payload["errors"])
    assert all(error["path"][0] == "input" for error in payload["errors"])
    return [(error["code"], ".".join(error["path"][1:])) for error in payload["errors"]]


CALLS = [{"callId": "c", "name": "look", "arguments": {}}]
CHAT = [
    (chat("TOOL", "x"), "toolCallId"),
    (chat("TOOL", "x", toolCallId=""), "toolCallId"),
    (chat("TOOL", None, toolCallId="c"), "content"),
    (chat("USER", "x", toolCallId="c"), "toolCallId"),
    (chat("ASSISTANT", "x", toolCallId="c"), "toolCallId"),
    (chat("USER", "x", toolCalls=CALLS), "toolCalls"),
    (chat("TOOL", "x", toolCallId="c", toolCalls=CALLS), "toolCalls"),
    (chat("SYSTEM", "x", toolCalls=CALLS), "toolCalls"),
    (chat("USER", "x", isError=True), "isError"),
    (chat("ASSISTANT", "x", isError=True), "isError"),
    (chat("USER", ""), "content"),
    (chat("USER", None), "content"),
    (chat("SYSTEM", ""), "content"),
    (chat("DEVELOPER", None), "content"),
    (chat("ASSISTANT", None), "content"),
    (chat("ASSISTANT", "", toolCalls=[]), "content"),
    (chat("ASSISTANT", toolCalls=[{"callId": "", "name": "look", "arguments": {}}]), "toolCalls.0.callId"),
    (chat("ASSISTANT", toolCalls=[*CALLS, {"callId": "d", "name": "", "arguments": {}}]), "toolCalls.1.name"),
]


async def test_a_chat_message_that_contradicts_itself_is_refused(
    client: Client, session: str, upstream: Upstream
) -> None:
    for message, path in CHAT:
        assert await errors(client, session, message) == [("INVALID_INPUT", f"message.chat.{path}")], message
    assert upstream.calls == []


@pytest.mark.parametrize(
    "message",
    [
        result("c", ""),
        chat("TOOL", "no", toolCallId="c", isError=True),
        chat("ASSISTANT", None, toolCalls=CALLS),
        chat("ASSISTANT", "", toolCalls=CALLS),
        chat("USER", "x", toolCalls=[]),
        chat("USER", "x\x00y"),
        turns(),
    ],
)
async def test_what_only_looks_odd_is_stored(client: Client, session: str, message: Any) -> None:
    assert await errors(client, session, message) == []


PROVIDERS = [
    ("openai", "text", ""),
    ("openai", [], ""),
    ("openai", {"role": "robot", "content": "x"}, "role"),
    ("openai", {"role": "user", "content": None}, "content"),
    ("openai", {"role": "user", "content": [{"type": "text", "text": 1}]}, "content.0.text"),
    ("openai", {"role": "user", "content": "x", "mood": "good"}, "mood"),
    ("openai", {"role": "tool", "content": "x"}, "tool_call_id"),
    ("anthropic", {"role": "system", "content": "x"}, "role"),
    ("anthropic", {"role": "user", "content": [{"type": "hologram"}]}, "content.0.type"),
    ("anthropic", {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "n"}]}, "content.0.input"),
    ("gemini", {"role": "assistant", "parts": []}, "role"),
    ("gemini", {"role": "user", "parts": [{"fileData": {"fileUri": "f"}}]}, "parts.0.fileData"),
    ("acontext", {"role": "tool", "parts": []}, "role"),
    ("acontext", {"role": "user", "parts": [{"type": "hologram"}]}, "parts.0.type"),
    ("acontext", {"role": "user", "parts": [{"type": "text", "text": ""}]}, "parts.0.text"),
    ("acontext", {"role": "user", "parts": [{"type": "image", "file_field": "f"}]}, "parts.0.file_field"),
    ("acontext", {"role": "user", "parts": [], "meta": {"__user_meta__": {}}}, "meta.__user_meta__"),
    ("acontext", {"role": "user", "parts": [{"type": "data", "meta": {"data_type": "n", "n": 2**60}}]},
     "parts.0.meta.n"),
]  # fmt: skip


async def test_what_acontext_would_refuse_or_lose_is_refused_by_its_field(
    client: Client, session: str, upstream: Upstream
) -> None:
    for form, blob, path in PROVIDERS:
        expected = ".".join(filter(None, ("message", form, path)))
        assert await errors(client, session, {form: blob}) == [("INVALID_INPUT", expected)], (form, blob)
    assert upstream.calls == []


@pytest.mark.parametrize("message", [{}, {"chat": None}, {"openai": {}, "anthropic": {}}, None])
async def test_a_message_has_exactly_one_form(client: Client, session: str, message: Any) -> None:
    input = {"sessionId": session, "message": message}
    assert await client.code(STORE_ONE % "id", input=input) == "BAD_USER_INPUT"


METADATA = [
    ("text", "INVALID_INPUT", ""),
    ([], "INVALID_INPUT", ""),
    (1, "INVALID_INPUT", ""),
    (False, "INVALID_INPUT", ""),
    ({"__gql_api__": 1}, "INVALID_INPUT", ".__gql_api__"),
    ({"__user_meta__": 1}, "INVALID_INPUT", ".__user_meta__"),
    ({"a": {"b": ["\x00"]}}, "INVALID_INPUT", ".a.b.0"),
    ({"a": {"b\x00": 1}}, "INVALID_INPUT", ".a"),
    ({"a": [1, 2**53 + 1]}, "INVALID_INPUT", ".a.1"),
    ({"a": -(2**53) - 1}, "INVALID_INPUT", ".a"),
    ({"a": "x" * LARGEST}, "TOO_LARGE", ""),
    ({"a": "ü" * (LARGEST // 2)}, "TOO_LARGE", ""),
]


async def test_metadata_that_acontext_would_not_keep_is_refused(
    client: Client, session: str, upstream: Upstream
) -> None:
    for metadata, code, path in METADATA:
        assert await errors(client, session, chat("USER", "x"), metadata=metadata) == [(code, f"metadata{path}")], path
    assert upstream.calls == []


@pytest.mark.parametrize("letter", ["x", "ü", "鳥"])
async def test_metadata_may_have_64_kib_of_json(client: Client, session: str, letter: str) -> None:
    room = LARGEST - len('{"a":""}')
    size = len(letter.encode())
    metadata = {"a": letter * (room // size) + "x" * (room % size)}
    assert await errors(client, session, chat("USER", "x"), metadata=metadata) == []
    assert (await read(client, session, "nodes { metadata }"))["nodes"] == [{"metadata": metadata}]
    metadata["a"] += "x"
    assert await errors(client, session, chat("USER", "x"), metadata=metadata) == [("TOO_LARGE", "metadata")]


KEPT = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abü") | st.just("__"), inner),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(metadata={"": 2.531458671459597e16})
@given(metadata=st.dictionaries(st.sampled_from(["", "a", "source_format", "original_role", "<&>"]), KEPT))
async def test_all_other_metadata_are_kept_exactly(client: Client, session: str, metadata: dict[str, Any]) -> None:
    assert await errors(client, session, chat("USER", "x"), metadata=metadata) == []
    [node] = (await read(client, session, "nodes { role metadata }", last=1))["nodes"]
    assert node["role"] == "USER"
    assert doubles(node["metadata"]) == doubles(metadata)


def doubles(value: Any) -> Any:
    """Give JSON with its numbers as what they are there: 2.5e16 and 25000000000000000 are one."""
    if isinstance(value, dict):
        return {key: doubles(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [doubles(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


async def listed(client: Client, session: str, *items: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(STORE_LIST, session=session, items=list(items)))["storeMessages"]
    return payload


RIGHT = {"message": chat("USER", "right")}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"message": chat("USER", "")}, ["message", "chat", "content"]),
        ({"message": {"openai": {"role": "tool"}}}, ["message", "openai", "tool_call_id"]),
        ({"message": chat("USER", "x"), "metadata": []}, ["metadata"]),
    ],
)
async def test_a_list_with_one_wrong_message_is_not_stored_at_all(
    client: Client, session: str, upstream: Upstream, wrong: Any, path: list[str]
) -> None:
    assert await listed(client, session, RIGHT, RIGHT, wrong, RIGHT, wrong) == {
        "messages": [],
        "storedCount": 0,
        "session": None,
        "errors": [{"code": "INVALID_INPUT", "path": ["input", "messages", "2", *path]}],
    }
    assert upstream.calls == []


@pytest.mark.parametrize("size", [0, 101])
async def test_a_list_has_1_to_100_messages(client: Client, session: str, upstream: Upstream, size: int) -> None:
    payload = await listed(client, session, *[RIGHT] * size)
    assert (payload["storedCount"], payload["errors"]) == (
        0,
        [{"code": "INVALID_INPUT", "path": ["input", "messages"]}],
    )
    assert upstream.calls == []


async def test_a_hundred_messages_are_stored(client: Client, session: str) -> None:
    assert (await listed(client, session, *[RIGHT] * 100))["storedCount"] == 100
    assert await texts(client, session) == ["right"] * 100
