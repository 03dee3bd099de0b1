"""Messages that the real server's decoders take loosely, or refuse, beyond those that were recorded."""

from typing import Any

import pytest
from format_recordings import FORMATS

from gql_api.formats import FormatError

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALL_PART = {"type": "tool-call", "meta": {"id": "c1", "name": "f", "arguments": "{}", "type": "function"}}

LOOSE: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("openai", {"role": "assistant", "tool_calls": [CALL, {"id": "c2"}]}, []),
    ("openai", {"role": "assistant", "tool_calls": [CALL, {"type": "custom", "id": "c2"}]}, [CALL_PART]),
    ("openai", {"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "weird"}]}, []),
    ("openai", {"role": "user", "content": [{"type": "text", "text": 5}]}, [{"type": "text", "text": "5"}]),
    ("openai", {"role": "user", "content": [{"type": "text", "text": True}]}, [{"type": "text", "text": "true"}]),
    ("openai", {"role": "user", "content": [{"type": "file"}]}, [{"type": "file"}]),
    ("openai", {"role": "tool", "content": 5}, [{"type": "tool-result", "meta": {"tool_call_id": ""}}]),
    ("openai", {"role": "developer", "content": ["x"]}, [{"type": "text"}]),
    ("anthropic", {"role": "user"}, []),
    (
        "anthropic",
        {"role": "user", "content": [{"type": "search_result"}, {"type": "text", "text": "x"}]},
        [{"type": "text", "text": "x"}],
    ),
    ("anthropic", {"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}, [{"type": "image"}]),
    (
        "anthropic",
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
        [{"type": "thinking", "meta": {"signature": "s"}}],
    ),
    ("gemini", {"role": "user", "parts": None}, []),
    (
        "gemini",
        {"role": "user", "parts": [{"functionResponse": {"name": "f"}}]},
        [{"type": "tool-result", "text": "null", "meta": {"name": "f"}}],
    ),
    (
        "acontext",
        {"role": "user", "parts": [{"type": "file", "file_field": "f"}]},
        [{"type": "file", "file_field": "f"}],
    ),
]


@pytest.mark.parametrize(("name", "blob", "parts"), LOOSE, ids=str)
def test_what_the_decoder_does_not_know_is_lost(name: str, blob: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    assert FORMATS[name].to_acontext(blob)["parts"] == parts


REFUSED: list[tuple[str, Any]] = [
    ("anthropic", {"role": "assistant", "content": [{"type": "tool_use", "input": {"n": float("inf")}}]}),
    ("gemini", "text"),
    ("gemini", {"role": "user", "parts": "x"}),
    ("gemini", {"role": "user", "parts": [None]}),
    ("gemini", {"role": "user", "parts": [{"text": 5}]}),
    ("gemini", {"role": "user", "parts": [{"text": "x", "thoughtSignature": "-_8="}]}),
    ("gemini", {"role": "user", "parts": [{"functionCall": {"name": "f", "args": []}}]}),
    ("gemini", {"role": "user", "parts": [{"functionCall": {"name": "f", "args": {"n": float("inf")}}}]}),
    ("acontext", 5),
    ("acontext", {"role": "user", "parts": ["x"]}),
    ("acontext", {"role": "user", "parts": [], "meta": "x"}),
    ("acontext", {"role": "user", "parts": [{"type": "text", "text": 5}]}),
]


@pytest.mark.parametrize(("name", "blob"), REFUSED, ids=str)
def test_what_the_decoder_cannot_read_is_refused(name: str, blob: Any) -> None:
    with pytest.raises(FormatError):
        FORMATS[name].to_acontext(blob)
