"""The plain chat shape of our API becomes a message in Acontext's own form."""

from typing import Any

import pytest

from gql_api.formats import FormatError, acontext
from gql_api.formats.chat import ToolCall, to_acontext


def chat(role: str, content: str | None = None, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"tool_calls": [], "tool_call_id": None, "is_error": False}
    return to_acontext(role=role, content=content, **{**defaults, **fields})


TEXT = {"type": "text", "text": "hi"}


def call(arguments: str) -> dict[str, Any]:
    return {"type": "tool-call", "meta": {"id": "c1", "name": "f", "arguments": arguments}}


MADE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"role": "USER", "content": "hi"}, {"role": "user", "parts": [TEXT]}),
    ({"role": "SYSTEM", "content": "hi"}, {"role": "user", "parts": [TEXT], "meta": {"original_role": "system"}}),
    ({"role": "DEVELOPER", "content": "hi"}, {"role": "user", "parts": [TEXT], "meta": {"original_role": "developer"}}),
    ({"role": "ASSISTANT", "content": "hi"}, {"role": "assistant", "parts": [TEXT]}),
    (
        {"role": "ASSISTANT", "content": "hi", "tool_calls": [ToolCall("c1", "f", '{"b" : 1}')]},
        {"role": "assistant", "parts": [TEXT, call('{"b" : 1}')]},
    ),
    (
        {"role": "ASSISTANT", "content": "", "tool_calls": [ToolCall("c1", "f", {"b": ["ü", 2**60], "a": None})]},
        {"role": "assistant", "parts": [call('{"b":["ü",1152921504606846976],"a":null}')]},
    ),
    (
        {"role": "TOOL", "content": "ok", "tool_call_id": "c1"},
        {"role": "user", "parts": [{"type": "tool-result", "text": "ok", "meta": {"tool_call_id": "c1"}}]},
    ),
    (
        {"role": "TOOL", "content": "", "tool_call_id": "c1", "is_error": True},
        {"role": "user", "parts": [{"type": "tool-result", "meta": {"tool_call_id": "c1", "is_error": True}}]},
    ),
]


@pytest.mark.parametrize(("given", "made"), MADE, ids=str)
def test_a_chat_message_becomes_parts_that_acontext_keeps(given: dict[str, Any], made: dict[str, Any]) -> None:
    assert chat(**given) == made
    assert acontext.prepare(made) == made


REFUSED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"role": "ROBOT", "content": "hi"}, ("role",)),
    ({"role": "USER"}, ("content",)),
    ({"role": "SYSTEM", "content": ""}, ("content",)),
    ({"role": "USER", "content": "\udfff"}, ("content",)),
    ({"role": "USER", "content": "hi", "tool_calls": [ToolCall("c1", "f", "{}")]}, ("toolCalls",)),
    ({"role": "USER", "content": "hi", "tool_call_id": "c1"}, ("toolCallId",)),
    ({"role": "ASSISTANT", "content": "hi", "is_error": True}, ("isError",)),
    ({"role": "ASSISTANT", "content": ""}, ("content",)),
    ({"role": "ASSISTANT", "tool_calls": [ToolCall("", "f", "{}")]}, ("toolCalls", "0", "callId")),
    (
        {"role": "ASSISTANT", "tool_calls": [ToolCall("c1", "f", "{}"), ToolCall("c2", "", "{}")]},
        ("toolCalls", "1", "name"),
    ),
    (
        {"role": "ASSISTANT", "tool_calls": [ToolCall("c1", "f", {"x": [float("inf")]})]},
        ("toolCalls", "0", "arguments", "x", "0"),
    ),
    ({"role": "TOOL", "content": "ok"}, ("toolCallId",)),
    ({"role": "TOOL", "content": "ok", "tool_call_id": ""}, ("toolCallId",)),
    ({"role": "TOOL", "tool_call_id": "c1"}, ("content",)),
]


@pytest.mark.parametrize(("given", "path"), REFUSED, ids=str)
def test_a_chat_message_that_makes_no_sense_is_refused_by_field(given: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(FormatError) as refusal:
        chat(**given)

    assert refusal.value.path == path
