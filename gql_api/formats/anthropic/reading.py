"""Anthropic messages to Acontext's form as the real server does it, losses too; `checking` refuses what it loses."""

from collections.abc import Callable
from typing import Any

from gql_api import gojson
from gql_api.formats.blob import loose_object, part
from gql_api.formats.decoding import stringified
from gql_api.formats.values import FormatError, JsonObject

_FORGOTTEN = frozenset(
    {
        "search_result",
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "container_upload",
    }
)
"""Blocks that the server leaves out one by one; a block that it does not know takes the whole content with it."""
_IN_RESULTS = ("text", "image", "search_result", "document")


def to_acontext(blob: Any) -> JsonObject:
    """Normalise a message to role, parts and meta; raises FormatError where the real server refuses."""
    if not isinstance(blob, dict):
        raise FormatError("The message must be a JSON object.")
    role = blob.get("role")
    if role not in ("user", "assistant"):
        raise FormatError("The role must be user or assistant.", ("role",))
    return {"role": role, "parts": _parts(blob.get("content")), "meta": {"source_format": "anthropic"}}


def _parts(content: Any) -> list[JsonObject]:
    if isinstance(content, str):
        return [part("text", text=content)]
    if not isinstance(content, list):
        return []
    kinds = [_kind(block) for block in content]
    if not all(kind in _READERS or kind in _FORGOTTEN for kind in kinds):
        return []
    return [_READERS[kind](block) for kind, block in zip(kinds, content, strict=True) if kind in _READERS]


def _kind(block: Any) -> str:
    kind = loose_object(block).get("type")
    return kind if isinstance(kind, str) else ""


def _cached(block: JsonObject, meta: JsonObject) -> JsonObject:
    kind = stringified(loose_object(block.get("cache_control")).get("type"))
    return {**meta, "cache_control": {"type": kind}} if kind else meta


def _text(block: JsonObject) -> JsonObject:
    return part("text", text=stringified(block.get("text")), meta=_cached(block, {}))


def _source(block: JsonObject) -> JsonObject:
    source = loose_object(block.get("source"))
    if source.get("type") == "base64":
        return {"type": "base64", **{key: stringified(source.get(key)) for key in ("media_type", "data")}}
    if source.get("type") == "url":
        return {"type": "url", "url": stringified(source.get("url"))}
    return {}


def _image(block: JsonObject) -> JsonObject:
    return part("image", meta=_cached(block, _source(block)))


def _document(block: JsonObject) -> JsonObject:
    source = _source(block)
    if source.get("media_type") == "":
        source["media_type"] = "application/pdf"
    return part("file", meta=_cached(block, source))


def _tool_use(block: JsonObject) -> JsonObject:
    try:
        arguments = gojson.dumps(block.get("input"))
    except ValueError as error:
        raise FormatError("A number is not finite.", ("content",)) from error
    texts = {key: stringified(block.get(key)) for key in ("id", "name")}
    return part("tool-call", meta=_cached(block, {**texts, "arguments": arguments, "type": "tool_use"}))


def _tool_result(block: JsonObject) -> JsonObject:
    content = block.get("content")
    text = content if isinstance(content, str) else ""
    if isinstance(content, list) and all(_kind(item) in _IN_RESULTS for item in content):
        text = "".join(stringified(item.get("text")) for item in content if item["type"] == "text")
    meta = {"tool_call_id": stringified(block.get("tool_use_id")), "is_error": block.get("is_error") is True}
    return part("tool-result", text=text, meta=_cached(block, meta))


def _thinking(block: JsonObject) -> JsonObject:
    signature = stringified(block.get("signature"))
    return part("thinking", text=stringified(block.get("thinking")), meta={"signature": signature})


def _redacted(block: JsonObject) -> JsonObject:
    return part("redacted_thinking", meta={"data": stringified(block.get("data"))})


_READERS: dict[str, Callable[[JsonObject], JsonObject]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
}
