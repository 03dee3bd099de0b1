"""Messages built from the providers' own Python types; what Acontext would lose of them is named, and can be left out.

Gemini's SDK is no dependency: its contents are built from the documented shape.
"""

import os
from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import IO, Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from anthropic.types import AssistantMessageParam, MessageParam, ToolResultBlockParam, UserMessageParam
from hypothesis import strategies as st
from openai.types import chat
from pydantic import BaseModel
from typing_extensions import is_typeddict

TEXTS = st.sampled_from(["hello", "grüß dich 👋", " x\n", " ", "a<b&c", '{"a": 1}', "nul\0"]) | st.text(max_size=5)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6)
SCALARS = st.text(max_size=3) | NUMBERS | st.booleans() | st.none()
OBJECTS = st.dictionaries(st.text(max_size=3), SCALARS | st.lists(NUMBERS, max_size=2), max_size=3)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("text", "refusal", "content", "arguments", "thinking"), TEXTS),
    "url": st.sampled_from(["https://e.invalid/i", "https://e.invalid/a?b=c"]),
    "data": st.just("aGk="),
    "file_data": st.just("data:application/pdf;base64,aGk="),
}
"""Texts of their own kind; any other is one of a few words and never empty."""
WORDS = st.sampled_from(["f", "look_up", "ann"])

LOST_TYPES = {
    "ChatCompletionMessageCustomToolCallParam",
    "PlainTextSourceParam",
    "ContentBlockSourceParam",
    "FileImageSourceParam",
    "FileDocumentSourceParam",
}
LOST_FIELDS = {
    "audio",
    "caller",
    "citations",
    "context",
    "prompt_cache_breakpoint",
    "title",
    "toolset_name",
    "transformations",
}
KEPT_BLOCKS = {
    "UserMessageParam": {"text", "image", "document", "tool_result"},
    "AssistantMessageParam": {"text", "tool_use", "thinking", "redacted_thinking"},
    "ToolResultBlockParam": {"text"},
}
"""Of Anthropic's blocks, where each is taken."""


def messages_of(kind: Any, *, lossless: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Messages of a TypedDict; `lossless` ones hold nothing that Acontext would lose."""
    return _built(kind, lossless)


def holds_something_lost(value: Any) -> bool:
    """Tell whether a field that Acontext loses says something; whether to cite, and a direct caller, say nothing."""
    if isinstance(value, list):
        return any(map(holds_something_lost, value))
    if not isinstance(value, dict):
        return False
    for key, item in value.items():
        harmless = (key == "citations" and isinstance(item, dict)) or item == {"type": "direct"}
        if key in LOST_FIELDS and item and not harmless:
            return True
    return any(map(holds_something_lost, value.values()))


@cache
def _built(kind: Any, lossless: bool) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    needed, optional = {}, {}
    for name, hint in hints.items():
        if lossless and name in LOST_FIELDS:
            continue
        bare = get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint
        value = FIELDS[name] if name in FIELDS and bare is str else _value(bare, kind.__name__, name, lossless)
        # The keys that the type itself calls required do not know of annotations kept as text.
        is_needed = get_origin(hint) is Required or (bare is hint and name in kind.__required_keys__)
        (needed if is_needed else optional)[name] = value
    return st.fixed_dictionaries(needed, optional=optional)


def _value(hint: Any, owner: str, name: str, lossless: bool) -> st.SearchStrategy[Any]:
    origin, args = get_origin(hint), get_args(hint)
    plain = {str: FIELDS.get(name, WORDS), bool: st.booleans(), int: st.integers(0, 9)}
    plain |= {object: SCALARS, type(None): st.none()}
    if hint in plain:
        return plain[hint]
    if is_typeddict(hint):
        return st.deferred(lambda: _built(hint, lossless))
    if origin in (Literal, dict):
        return st.sampled_from(args) if origin is Literal else OBJECTS
    if origin is Annotated:
        args = args[:1]
    values = [_value(arg, owner, name, lossless) for arg in args if _is_taken(arg, owner, lossless)]
    if origin in (Union, UnionType, Annotated):
        # The last is given twice: a list of blocks comes after the plain text, and says more.
        return st.one_of(*values, values[-1]) if values else st.nothing()
    return st.lists(values[0], max_size=3)


def _is_taken(hint: Any, owner: str, lossless: bool) -> bool:
    """The models of answers, and files on disk, are not what is sent as JSON."""
    plain = get_origin(hint) or hint
    if plain is Annotated:
        return _is_taken(get_args(hint)[0], owner, lossless)
    if is_typeddict(hint):
        blocks = KEPT_BLOCKS.get(owner)
        lost = hint.__name__ in LOST_TYPES or (blocks is not None and not blocks & set(_kinds(hint)))
        return not (lossless and lost)
    return not (isinstance(plain, type) and (issubclass(plain, BaseModel | os.PathLike) or plain is IO))


def _kinds(block: Any) -> Iterator[str]:
    literal = get_type_hints(block, include_extras=True)["type"]
    while get_origin(literal) is not Literal:
        literal = get_args(literal)[0]
    yield from get_args(literal)


@st.composite
def openai_conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Each call is answered, in some order, right after the message that makes it."""
    made: list[dict[str, Any]] = []
    speakers = (
        chat.ChatCompletionUserMessageParam,
        chat.ChatCompletionSystemMessageParam,
        chat.ChatCompletionDeveloperMessageParam,
        chat.ChatCompletionAssistantMessageParam,
        chat.ChatCompletionAssistantMessageParam,
    )
    tools = messages_of(chat.ChatCompletionToolMessageParam, lossless=True).filter(_says_openai_something)
    for number, kind in enumerate(draw(st.lists(st.sampled_from(speakers), max_size=5))):
        message = draw(messages_of(kind, lossless=True).filter(_says_openai_something))
        calls = message.get("tool_calls") or []
        for place, call in enumerate(calls):
            call["id"] = f"c{number}_{place}"
        answers = [{**draw(tools), "tool_call_id": call["id"]} for call in draw(st.permutations(calls))]
        if message.get("function_call"):
            content = draw(TEXTS)
            answers.append({"role": "function", "name": message["function_call"]["name"], "content": content})
        made += [message, *answers]
    return made


def _says_openai_something(message: dict[str, Any]) -> bool:
    """Content that is an empty list, and a file without its bytes, are valid types but nothing that OpenAI takes."""
    content = message.get("content")
    files = [item["file"] for item in content or [] if isinstance(item, dict) and item["type"] == "file"]
    said = bool(content) or message["role"] == "assistant" or content == ""
    return said and all(file.keys() & {"file_id", "file_data"} for file in files)


@st.composite
def anthropic_conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The sides take turns, the user first; each call is answered first thing in the next message."""
    made: list[dict[str, Any]] = []
    waiting: list[str] = []
    results = messages_of(ToolResultBlockParam, lossless=True)
    for number in range(draw(st.integers(0, 5))):
        kind = AssistantMessageParam if number % 2 else UserMessageParam
        message = draw(messages_of(kind, lossless=True))
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        blocks = [block for block in blocks if block["type"] != "tool_result"]
        answers = [{**draw(results), "tool_use_id": tool_id} for tool_id in draw(st.permutations(waiting))]
        waiting = []
        for place, call in enumerate(block for block in blocks if block["type"] == "tool_use"):
            call["id"] = f"t{number}_{place}"
            waiting.append(call["id"])
        closing = {"type": "text", "text": f"message {number}"}
        plain = isinstance(content, str) and content.strip() and not answers
        made.append({"role": message["role"], "content": content if plain else [*answers, *blocks, closing]})
    return made[:-1] if waiting else made


GEMINI_ID = st.booleans()
GEMINI_SAID = st.one_of(
    st.fixed_dictionaries({"text": TEXTS.filter(bool)}),
    st.fixed_dictionaries({"inlineData": st.just({"mimeType": "image/png", "data": "aGk="})}),
)
GEMINI_THOUGHTS = st.fixed_dictionaries(
    {"text": TEXTS.filter(bool), "thought": st.just(True)}, optional={"thoughtSignature": st.just("aGk=")}
)


@st.composite
def gemini_conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The sides take turns; the calls of a content are answered in their order, by id or by name alone."""
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        calls, answers = [], []
        for place in range(draw(st.integers(0, 3))):
            named = {"name": draw(WORDS), **({"id": f"g{number}_{place}"} if draw(GEMINI_ID) else {})}
            calls.append({"functionCall": named | draw(st.fixed_dictionaries({}, optional={"args": OBJECTS}))})
            named_again = named if draw(st.booleans()) else {"name": named["name"]}
            body = draw(st.fixed_dictionaries({}, optional={"response": OBJECTS}))
            answers.append({"functionResponse": named_again | body})
        signatures = draw(st.lists(st.booleans(), min_size=len(calls), max_size=len(calls)))
        signed = [
            call | ({"thoughtSignature": "c2ln"} if sign else {}) for call, sign in zip(calls, signatures, strict=True)
        ]
        said = draw(st.lists(GEMINI_SAID, min_size=1, max_size=2))
        thought = draw(st.lists(GEMINI_THOUGHTS | GEMINI_SAID.filter(lambda part: "text" in part), max_size=2))
        made += [
            {"role": "user", "parts": said},
            {"role": "model", "parts": [*thought, *signed, {"text": f"answer {number}"}]},
            {"role": "user", "parts": [*answers, {"text": f"question {number}"}]},
            {"role": "model", "parts": [{"text": f"done {number}"}]},
        ]
    return made


CONVERSATIONS_OF = {
    "openai": openai_conversations(),
    "anthropic": anthropic_conversations(),
    "gemini": gemini_conversations(),
}
ANY_MESSAGE = {
    "openai": st.one_of([messages_of(kind, lossless=False) for kind in get_args(chat.ChatCompletionMessageParam)]),
    "anthropic": st.one_of([messages_of(kind, lossless=False) for kind in get_args(MessageParam)]),
}
