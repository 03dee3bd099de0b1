"""The plain chat shape of our own API to Acontext's form; there is no way back, as messages are read as typed parts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gql_api.formats import strict
from gql_api.formats.blob import part
from gql_api.formats.values import FormatError, JsonObject

_ROLES = ("SYSTEM", "DEVELOPER", "USER", "ASSISTANT", "TOOL")
_ATTACHING = ("USER", "ASSISTANT")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` as text is kept byte for byte, anything else is written as JSON."""

    call_id: str
    name: str
    arguments: Any


def to_acontext(
    *,
    role: str,
    content: str | None,
    tool_calls: Sequence[ToolCall],
    tool_call_id: str | None,
    is_error: bool,
    attached: Sequence[JsonObject] = (),
) -> JsonObject:
    """Make a message to be stored in Acontext's own form; paths of FormatError have the names of the GraphQL input.

    `attached` are media parts, which follow the text.
    """
    strict.one_of(role, _ROLES, ("role",))
    _fits_role(role, bool(tool_calls), tool_call_id, is_error=is_error)
    if attached and role not in _ATTACHING:
        raise FormatError("Only a USER or an ASSISTANT message has attachments.", ("attachments",))
    if content is not None:
        strict.is_storable(content, ("content",))
    if role == "TOOL":
        return _tool(content, strict.some_text(tool_call_id, ("toolCallId",)), is_error=is_error)
    if role == "ASSISTANT":
        return _assistant(content, tool_calls, attached)
    texts = [part("text", text=_some(content))] if content or not attached else []
    message: JsonObject = {"role": "user", "parts": [*texts, *attached]}
    return message if role == "USER" else {**message, "meta": {"original_role": role.lower()}}


def _fits_role(role: str, calls: bool, tool_call_id: str | None, *, is_error: bool) -> None:
    if calls and role != "ASSISTANT":
        raise FormatError("Only an ASSISTANT message has tool calls.", ("toolCalls",))
    if role == "TOOL":
        return
    if tool_call_id is not None:
        raise FormatError("Only a TOOL message answers a call.", ("toolCallId",))
    if is_error:
        raise FormatError("Only a TOOL message can tell an error.", ("isError",))


def _some(content: str | None) -> str:
    if not content:
        raise FormatError("A message needs content.", ("content",))
    return content


def _tool(content: str | None, call_id: str, *, is_error: bool) -> JsonObject:
    if content is None:
        raise FormatError("A TOOL message needs content, which may be empty.", ("content",))
    strict.is_storable(call_id, ("toolCallId",))
    meta = {"tool_call_id": call_id, **({"is_error": True} if is_error else {})}
    return {"role": "user", "parts": [part("tool-result", text=content, meta=meta)]}


def _assistant(content: str | None, tool_calls: Sequence[ToolCall], attached: Sequence[JsonObject]) -> JsonObject:
    if not content and not tool_calls and not attached:
        raise FormatError("An ASSISTANT message needs content or tool calls.", ("content",))
    parts = [*([part("text", text=content)] if content else []), *attached]
    for index, call in enumerate(tool_calls):
        parts.append(part("tool-call", meta=_call(call, ("toolCalls", str(index)))))
    return {"role": "assistant", "parts": parts}


def _call(call: ToolCall, path: tuple[str, ...]) -> JsonObject:
    call_id = strict.some_text(call.call_id, (*path, "callId"))
    name = strict.some_text(call.name, (*path, "name"))
    for value, field in ((call_id, "callId"), (name, "name"), (call.arguments, "arguments")):
        strict.is_storable(value, (*path, field))
    return {"id": call_id, "name": name, "arguments": _arguments(call.arguments, (*path, "arguments"))}


def _arguments(value: Any, path: tuple[str, ...]) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except TypeError:
        raise FormatError("This is a file, not JSON.", path) from None
