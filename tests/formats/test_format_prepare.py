"""What callers store: what Acontext keeps whole is let through, the rest is refused with the name of the field."""

from typing import Any

import pytest
from format_recordings import FORMATS

from gql_api.formats import FormatError, gemini

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def assistant(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", **fields}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def deep(levels: int) -> Any:
    return {"a": deep(levels - 1)} if levels else 1


REFUSED: list[tuple[str, Any, tuple[str, ...]]] = [
    ("openai", "text", ()),
    ("openai", {"content": "x"}, ("role",)),
    ("openai", {"role": "USER", "content": "x"}, ("role",)),
    ("openai", {"role": "user"}, ("content",)),
    ("openai", user(), ("content",)),
    ("openai", user({"type": "weird"}), ("content", "0", "type")),
    ("openai", user({"type": "text"}), ("content", "0", "text")),
    ("openai", user({"type": "text", "text": "x", "score": 1}), ("content", "0", "score")),
    ("openai", user({"type": "image_url", "image_url": "https://e.invalid"}), ("content", "0", "image_url")),
    ("openai", user({"type": "file", "file": {"filename": "x"}}), ("content", "0", "file")),
    (
        "openai",
        {"role": "system", "content": [{"type": "image_url", "image_url": {"url": "u"}}]},
        ("content", "0", "type"),
    ),
    ("openai", {"role": "user", "content": "x", "name": "a\0"}, ("name",)),
    ("openai", {"role": "user", "content": "x", "tool_calls": [CALL]}, ("tool_calls",)),
    ("openai", {"role": "tool", "content": "x"}, ("tool_call_id",)),
    ("openai", {"role": "tool", "content": "x", "tool_call_id": ""}, ("tool_call_id",)),
    ("openai", {"role": "function", "content": "x"}, ("name",)),
    ("openai", assistant(content=[{"type": "text", "text": "x"}, {"type": "image"}]), ("content", "1", "type")),
    ("openai", assistant(content="x", audio={"id": "a1"}), ("audio",)),
    ("openai", assistant(content="x", reasoning_content="because"), ("reasoning_content",)),
    ("openai", assistant(tool_calls="x"), ("tool_calls",)),
    ("openai", assistant(tool_calls=[CALL, {**CALL, "id": None}]), ("tool_calls", "1", "id")),
    ("openai", assistant(tool_calls=[{**CALL, "type": "custom"}]), ("tool_calls", "0", "type")),
    ("openai", assistant(tool_calls=[{"id": "c1", "type": "function"}]), ("tool_calls", "0", "function")),
    (
        "openai",
        assistant(tool_calls=[{**CALL, "function": {"name": "", "arguments": "{}"}}]),
        ("tool_calls", "0", "function", "name"),
    ),
    (
        "openai",
        assistant(tool_calls=[{**CALL, "function": {"name": "f", "arguments": {}}}]),
        ("tool_calls", "0", "function", "arguments"),
    ),
    ("openai", assistant(function_call={"name": "f"}), ("function_call", "arguments")),
    ("openai", assistant(content="\ud800"), ("content",)),
    ("anthropic", {"role": "system", "content": "x"}, ("role",)),
    ("anthropic", {"role": "user"}, ("content",)),
    ("anthropic", {"role": "user", "content": "x", "note": "y"}, ("note",)),
    ("anthropic", user({"type": "bogus"}), ("content", "0", "type")),
    ("anthropic", user({"type": "server_tool_use", "id": "s"}), ("content", "0", "type")),
    (
        "anthropic",
        user({"type": "text", "text": "x", "citations": [{"cited_text": "y"}]}),
        ("content", "0", "citations"),
    ),
    (
        "anthropic",
        user({"type": "image", "source": {"type": "file", "file_id": "f"}}),
        ("content", "0", "source", "type"),
    ),
    (
        "anthropic",
        user({"type": "document", "source": {"type": "url", "url": "u"}, "title": "t"}),
        ("content", "0", "title"),
    ),
    ("anthropic", assistant(content=[{"type": "tool_use", "name": "f", "input": {}}]), ("content", "0", "id")),
    ("anthropic", assistant(content=[{"type": "tool_use", "id": "t", "name": "f"}]), ("content", "0", "input")),
    (
        "anthropic",
        assistant(content=[{"type": "tool_use", "id": "t", "name": "f", "input": {"n": [2**53 + 1]}}]),
        ("content", "0", "input", "n", "0"),
    ),
    (
        "anthropic",
        assistant(content=[{"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "code"}}]),
        ("content", "0", "caller"),
    ),
    ("anthropic", user({"type": "tool_result", "content": "x"}), ("content", "0", "tool_use_id")),
    (
        "anthropic",
        user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image"}]}),
        ("content", "0", "content", "0", "type"),
    ),
    ("anthropic", user({"type": "tool_result", "tool_use_id": "t", "is_error": "no"}), ("content", "0", "is_error")),
    (
        "anthropic",
        user({"type": "text", "text": "x", "cache_control": {"type": "long"}}),
        ("content", "0", "cache_control", "type"),
    ),
    ("gemini", {"role": "assistant", "parts": []}, ("role",)),
    ("gemini", {"parts": [{"text": "x"}]}, ("role",)),
    ("gemini", {"role": "user", "parts": "x"}, ("parts",)),
    ("gemini", model({"fileData": {"fileUri": "u"}}), ("parts", "0", "fileData")),
    ("gemini", model({"text": "x", "functionCall": {"name": "f"}}), ("parts", "0", "functionCall")),
    ("gemini", model({"text": "x", "thought": "yes"}), ("parts", "0", "thought")),
    ("gemini", model({"text": "x", "thoughtSignature": "%"}), ("parts", "0", "thoughtSignature")),
    ("gemini", model({"functionCall": {"args": {}}}), ("parts", "0", "functionCall", "name")),
    ("gemini", model({"functionCall": {"name": "f", "args": []}}), ("parts", "0", "functionCall", "args")),
    (
        "gemini",
        model({"functionResponse": {"name": "f", "response": "x"}}),
        ("parts", "0", "functionResponse", "response"),
    ),
    ("gemini", model({"inlineData": {"data": "aGk="}}), ("parts", "0", "inlineData", "mimeType")),
    ("acontext", {"role": "system", "parts": []}, ("role",)),
    ("acontext", {"role": "user", "content": "x"}, ("content",)),
    ("acontext", {"role": "user", "parts": [{"type": "bogus"}]}, ("parts", "0", "type")),
    ("acontext", {"role": "user", "parts": [{"type": "text"}]}, ("parts", "0", "text")),
    (
        "acontext",
        {"role": "user", "parts": [{"type": "tool-result", "text": "x"}]},
        ("parts", "0", "meta", "tool_call_id"),
    ),
    (
        "acontext",
        {"role": "user", "parts": [{"type": "tool-result", "meta": {"tool_call_id": 5}}]},
        ("parts", "0", "meta", "tool_call_id"),
    ),
    ("acontext", {"role": "user", "parts": [{"type": "file", "file_field": "f"}]}, ("parts", "0", "file_field")),
    ("acontext", {"role": "user", "parts": [{"type": "file", "asset": {"sha256": "x"}}]}, ("parts", "0", "asset")),
    ("acontext", {"role": "user", "parts": [{"type": "text", "text": "x", "texts": "y"}]}, ("parts", "0", "texts")),
    ("acontext", {"role": "user", "meta": {"__user_meta__": {}}}, ("meta", "__user_meta__")),
    ("acontext", {"role": "user", "meta": {"name": "\0"}}, ("meta", "name")),
    ("acontext", {"role": "user", "meta": {"n": 2**70}}, ("meta", "n")),
    ("acontext", {"role": "user", "meta": {"n": float("nan")}}, ("meta", "n")),
    ("acontext", {"role": "user", "meta": deep(200)}, ("meta", "a", "a", "a", "a")),
]


@pytest.mark.parametrize(("name", "blob", "path"), REFUSED, ids=str)
def test_what_would_be_lost_is_refused_by_name(name: str, blob: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(FormatError) as refusal:
        FORMATS[name].prepare(blob)

    assert refusal.value.path == path


SDK_DUMP = {
    "content": None,
    "refusal": None,
    "role": "assistant",
    "annotations": [],
    "audio": None,
    "function_call": None,
    "tool_calls": [{**CALL, "index": 0, "function": {**CALL["function"], "parsed_arguments": {}}}],
    "provider_specific_fields": {"citations": None},
}
ANTHROPIC_ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "some-model",
    "content": [
        {"type": "text", "text": "x", "citations": None},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
KEPT: list[tuple[str, Any, Any]] = [
    ("openai", SDK_DUMP, assistant(content=None, tool_calls=[CALL])),
    ("openai", assistant(content="x", parsed={"a": 1}), assistant(content="x")),
    ("openai", assistant(refusal="no"), assistant(content=[{"type": "refusal", "refusal": "no"}])),
    (
        "openai",
        assistant(content="but", refusal="no"),
        assistant(content=[{"type": "text", "text": "but"}, {"type": "refusal", "refusal": "no"}]),
    ),
    (
        "openai",
        assistant(tool_calls=[{"id": "c1", "function": CALL["function"]}]),
        assistant(content=None, tool_calls=[CALL]),
    ),
    (
        "openai",
        {"role": "tool", "tool_call_id": "c1", "name": "f", "content": "x"},
        {"role": "tool", "tool_call_id": "c1", "name": "f", "content": "x"},
    ),
    ("openai", {"role": "function", "name": "f", "content": None}, {"role": "function", "name": "f", "content": ""}),
    ("openai", {"role": "user", "content": "x", "name": None}, {"role": "user", "content": "x"}),
    (
        "openai",
        user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}),
        user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}),
    ),
    (
        "openai",
        user({"type": "file", "file": {"file_id": "f", "file_data": None, "filename": ""}}),
        user({"type": "file", "file": {"file_id": "f"}}),
    ),
    (
        "anthropic",
        ANTHROPIC_ANSWER,
        assistant(
            content=[{"type": "text", "text": "x"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}],
        ),
    ),
    (
        "anthropic",
        user({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        user({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}),
    ),
    ("anthropic", user({"type": "tool_result", "tool_use_id": "t"}), user({"type": "tool_result", "tool_use_id": "t"})),
    (
        "gemini",
        {
            "role": "model",
            "parts": [
                {"function_call": {"id": None, "name": "f", "args": {}}, "text": None, "thought_signature": "-_8"},
                {"inline_data": {"mime_type": "image/png", "data": "aGk"}},
                {"text": ""},
            ],
        },
        model(
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "+/8="},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        ),
    ),
    (
        "gemini",
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "willContinue": False}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
    ),
    ("gemini", {"role": "user"}, {"role": "user", "parts": []}),
    ("acontext", {"role": "user", "parts": None, "meta": {}}, {"role": "user", "parts": []}),
    (
        "acontext",
        {"role": "user", "parts": [{"type": "file", "file_field": "", "meta": {"url": "u"}, "asset": {"sha256": "x"}}]},
        {"role": "user", "parts": [{"type": "file", "meta": {"url": "u"}}]},
    ),
]


@pytest.mark.parametrize(("name", "blob", "prepared"), KEPT, ids=str)
def test_what_says_nothing_more_is_let_go(name: str, blob: Any, prepared: Any) -> None:
    assert FORMATS[name].prepare(blob) == prepared
    assert FORMATS[name].to_acontext(prepared)["role"] in ("user", "assistant")


def test_the_signature_of_a_gemini_call_can_be_stored() -> None:
    signed = model({"functionCall": {"id": "g1", "name": "f"}, "thoughtSignature": "aGk="}, {"text": "x"})

    assert gemini.signed_as_acontext(gemini.prepare(signed)) == {
        "role": "assistant",
        "parts": [
            {
                "type": "tool-call",
                "meta": {"id": "g1", "name": "f", "arguments": "null", "type": "function", "signature": "aGk="},
            },
            {"type": "text", "text": "x"},
        ],
        "meta": {"source_format": "gemini", gemini.CALLS_KEY: [{"id": "g1", "name": "f"}]},
    }


def test_a_gemini_message_without_signatures_is_stored_as_gemini() -> None:
    thought = model({"text": "x", "thought": True, "thoughtSignature": "aGk="})

    assert gemini.signed_as_acontext(gemini.prepare(thought)) is None
