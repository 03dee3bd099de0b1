"""Anthropic messages that a caller sends: what Acontext keeps is passed on, what it would lose is refused."""

from collections.abc import Callable
from typing import Any

from gql_api.formats import strict
from gql_api.formats.strict import Path
from gql_api.formats.values import FormatError, JsonObject

_ENVELOPE = (
    "id",
    "type",
    "model",
    "stop_reason",
    "stop_sequence",
    "stop_details",
    "usage",
    "container",
    "context_management",
)
"""What a whole answer of the API has around its message: none of it is said in the conversation."""


def prepare(blob: Any) -> JsonObject:
    """Give an equal message that Acontext keeps whole; raises FormatError naming what it would lose or refuse."""
    message = strict.an_object(blob, ())
    strict.is_storable(message)
    role = strict.one_of(message.get("role"), ("user", "assistant"), ("role",))
    strict.nothing_else(message, (), known=("role", "content"), harmless=_ENVELOPE)
    content = message.get("content")
    if isinstance(content, str):
        return {"role": role, "content": content}
    blocks = strict.a_list(content, ("content",))
    return {"role": role, "content": [_block(one, ("content", str(at))) for at, one in enumerate(blocks)]}


def _block(value: Any, path: Path) -> JsonObject:
    block = strict.an_object(value, path)
    kind = strict.one_of(block.get("type"), _PREPARE, (*path, "type"))
    return {"type": kind, **_PREPARE[kind](block, path), **_cache_control(block, path)}


def _cache_control(block: JsonObject, path: Path) -> JsonObject:
    """Acontext keeps that there is a breakpoint, not for how long: that says nothing in the conversation."""
    control = block.get("cache_control")
    if control is None:
        return {}
    path = (*path, "cache_control")
    strict.one_of(strict.an_object(control, path).get("type"), ("ephemeral",), (*path, "type"))
    return {"cache_control": {"type": "ephemeral"}}


def _known(block: JsonObject, path: Path, *keys: str) -> None:
    strict.nothing_else(block, path, known=("type", *keys), harmless=("cache_control",))


def _text(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "text")
    return {"text": strict.a_text(block.get("text"), (*path, "text"))}


def _image(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "source")
    return {"source": _source(block.get("source"), (*path, "source"))}


def _document(block: JsonObject, path: Path) -> JsonObject:
    # `citations` only asks for them; Acontext loses `title` and `context`, so these are refused.
    _known(block, path, "source", "citations")
    return {"source": _source(block.get("source"), (*path, "source"))}


def _source(value: Any, path: Path) -> JsonObject:
    source = strict.an_object(value, path)
    kind = strict.one_of(source.get("type"), ("base64", "url"), (*path, "type"))
    keys = ("media_type", "data") if kind == "base64" else ("url",)
    strict.nothing_else(source, path, known=("type", *keys))
    return {"type": kind, **{key: strict.some_text(source.get(key), (*path, key)) for key in keys}}


def _tool_use(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "id", "name", "input", "caller")
    caller = block.get("caller")
    if caller is not None and caller != {"type": "direct"}:
        raise FormatError("Acontext would not keep this.", (*path, "caller"))
    names = {key: strict.some_text(block.get(key), (*path, key)) for key in ("id", "name")}
    given = strict.an_object(block.get("input"), (*path, "input"))
    strict.keeps_numbers(given, (*path, "input"))
    return {**names, "input": given}


def _tool_result(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "tool_use_id", "content", "is_error")
    call_id = strict.some_text(block.get("tool_use_id"), (*path, "tool_use_id"))
    prepared: JsonObject = {"tool_use_id": call_id}
    content, is_error = block.get("content"), block.get("is_error")
    if isinstance(content, list):
        prepared["content"] = [_result_text(one, (*path, "content", str(at))) for at, one in enumerate(content)]
    elif content is not None:
        prepared["content"] = strict.a_text(content, (*path, "content"))
    if is_error is not None:
        if not isinstance(is_error, bool):
            raise FormatError("This must be true or false.", (*path, "is_error"))
        prepared["is_error"] = is_error
    return prepared


def _result_text(value: Any, path: Path) -> JsonObject:
    item = strict.an_object(value, path)
    strict.one_of(item.get("type"), ("text",), (*path, "type"))
    return {"type": "text", **_text(item, path)}


def _thinking(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "thinking", "signature")
    return {key: strict.a_text(block.get(key), (*path, key)) for key in ("thinking", "signature")}


def _redacted(block: JsonObject, path: Path) -> JsonObject:
    _known(block, path, "data")
    return {"data": strict.some_text(block.get("data"), (*path, "data"))}


_PREPARE: dict[str, Callable[[JsonObject, Path], JsonObject]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
}
