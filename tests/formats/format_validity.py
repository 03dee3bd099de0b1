"""What each provider demands of a conversation: the shape by the SDK's own types, the order by rules of the API."""

import re
from collections import Counter
from typing import Any

from anthropic.types import (
    DocumentBlockParam,
    ImageBlockParam,
    MessageParam,
    RedactedThinkingBlockParam,
    TextBlockParam,
    ThinkingBlockParam,
    ToolResultBlockParam,
    ToolUseBlockParam,
)
from openai.types.chat import ChatCompletionMessageParam
from pydantic import ConfigDict, TypeAdapter

STRICT = ConfigDict(extra="forbid")
OPENAI: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam], config=STRICT)
ANTHROPIC: TypeAdapter[Any] = TypeAdapter(list[MessageParam], config=STRICT)
# Within a message the types also let the models of answers in, which take any key: each block is checked by itself too.
ANTHROPIC_BLOCK: TypeAdapter[Any] = TypeAdapter(
    TextBlockParam
    | ImageBlockParam
    | DocumentBlockParam
    | ToolUseBlockParam
    | ToolResultBlockParam
    | ThinkingBlockParam
    | RedactedThinkingBlockParam,
    config=STRICT,
)
Message = dict[str, Any]


def read(adapter: TypeAdapter[Any], value: Any) -> None:
    """Validate to the last item: lists are declared as iterables, which pydantic checks only while they are read."""
    exhaust(adapter.validate_python(value))


def exhaust(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            exhaust(item)
    elif hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        for item in value:
            exhaust(item)


def _without_tools_name(message: Message) -> Message:
    is_answer = message["role"] == "tool"
    return {key: value for key, value in message.items() if not (is_answer and key == "name")}


def check_openai(messages: list[Message]) -> None:
    # OpenAI takes the name of a tool in its answer too, which its own examples have and its types lack.
    read(OPENAI, [_without_tools_name(one) for one in messages])
    awaited: Counter[str] = Counter()
    for message in messages:
        if message["role"] == "tool":
            assert awaited[message["tool_call_id"]] > 0, "an answer that no call awaits"
            awaited[message["tool_call_id"]] -= 1
            continue
        assert not awaited.total(), "a call without its answer"
        assert message.get("content") or message.get("tool_calls") or message.get("content") == ""
        awaited = Counter(call["id"] for call in message.get("tool_calls", []))


def check_anthropic(messages: list[Message]) -> None:
    read(ANTHROPIC, messages)
    seen: set[str] = set()
    awaited: set[str] = set()
    for number, message in enumerate(messages):
        assert message["role"] == ("assistant" if number % 2 else "user")
        assert message["content"], "a message of nothing"
        for block in message["content"]:
            read(ANTHROPIC_BLOCK, block)
            for text in [block, *block.get("content", [])]:
                assert text.get("type") != "text" or text["text"].strip(), "a blank text"
        answers = [block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
        check_answers(answers, awaited, last=number == len(messages) - 1 and len(answers) == len(message["content"]))
        assert all(block["type"] == "tool_result" for block in message["content"][: len(answers)])
        calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", call) for call in calls)
        assert not seen & set(calls)
        assert len(calls) == len(set(calls))
        seen |= set(calls)
        awaited = set(calls)
        allowed = {"user": {"text", "image", "document", "tool_result"}}
        allowed["assistant"] = {"text", "tool_use", "thinking", "redacted_thinking"}
        assert {block["type"] for block in message["content"]} <= allowed[message["role"]]


def check_answers(answers: list[str], awaited: set[str], *, last: bool) -> None:
    assert len(answers) == len(set(answers)), "two answers to one call"
    assert set(answers) <= awaited, "an answer that no call awaits"
    assert last or set(answers) == awaited, "a call without its answer"


PART_KEYS = {
    "text": ({"text"}, {"thought", "thoughtSignature"}),
    "inlineData": ({"mimeType", "data"}, set[str]()),
    "fileData": ({"fileUri"}, {"mimeType"}),
    "functionCall": ({"name"}, {"id", "args"}),
    "functionResponse": ({"name", "response"}, {"id"}),
}


def check_gemini(messages: list[Message]) -> None:
    awaited: Counter[str] = Counter()
    for number, content in enumerate(messages):
        assert content.keys() == {"role", "parts"}
        assert content["role"] == ("model" if number % 2 else "user")
        assert content["parts"], "a content of nothing"
        for part in content["parts"]:
            check_gemini_part(part)
        answers = [part["functionResponse"]["name"] for part in content["parts"] if "functionResponse" in part]
        last = number == len(messages) - 1 and len(answers) == len(content["parts"])
        assert Counter(answers) <= awaited
        assert last or Counter(answers) == awaited, "a call without its answer"
        calls = [part["functionCall"]["name"] for part in content["parts"] if "functionCall" in part]
        assert not (calls and content["role"] == "user")
        awaited = Counter(calls)


def check_gemini_part(part: Message) -> None:
    kinds = part.keys() & PART_KEYS.keys()
    assert len(kinds) == 1, f"a part of {sorted(part)}"
    kind = kinds.pop()
    needed, allowed = PART_KEYS[kind]
    body = part if kind == "text" else part[kind]
    assert needed <= body.keys() <= needed | allowed
    assert part.keys() - {kind} <= {"thought", "thoughtSignature"}
    for key, value in body.items():
        expected: type = {"thought": bool, "args": dict, "response": dict}.get(key, str)
        assert isinstance(value, expected)
    assert kind != "text" or part["text"]


CHECKS = {"openai": check_openai, "anthropic": check_anthropic, "gemini": check_gemini}
