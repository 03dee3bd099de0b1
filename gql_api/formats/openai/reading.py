"""OpenAI messages to Acontext's form as the real server does it, losses too; `checking` refuses what it loses."""

from collections.abc import Callable
from typing import Any

from gql_api.formats.blob import loose_object, loose_text, part
from gql_api.formats.decoding import optional_text, stringified
from gql_api.formats.values import FormatError, JsonObject


def to_acontext(blob: Any) -> JsonObject:
    """Normalise a message to role, parts and meta; raises FormatError where the real server refuses."""
    if not isinstance(blob, dict):
        raise FormatError("The message must be a JSON object.")
    role = blob.get("role")
    read = _READERS.get(role) if isinstance(role, str) else None
    if read is None:
        raise FormatError("Unknown role.", ("role",))
    meta: JsonObject = {"source_format": "openai"}
    name = optional_text(blob, "name")
    if role not in ("tool", "function") and name is not None:
        meta["name"] = name
    if role in ("system", "developer"):
        meta["original_role"] = role
    return {"role": "assistant" if role == "assistant" else "user", "parts": read(blob), "meta": meta}


def named_as_acontext(blob: Any) -> JsonObject | None:
    """Give the same message in Acontext's own form, with the name of a tool's message, which would be lost in storing.

    None when it has none to lose. Some frameworks add it; it is the name of the call.
    """
    if blob.get("role") != "tool" or not loose_text(blob.get("name")):
        return None
    message = to_acontext(blob)
    for made in message["parts"]:
        made["meta"] = {**made.get("meta", {}), "name": blob["name"]}
    return message


def _user(blob: JsonObject) -> list[JsonObject]:
    content = blob.get("content")
    if isinstance(content, str):
        return [part("text", text=content)]
    if not isinstance(content, list) or not content:
        raise FormatError("The message must have content.", ("content",))
    return [_user_part(item, ("content", str(index))) for index, item in enumerate(content)]


def _user_part(item: Any, path: tuple[str, ...]) -> JsonObject:
    kind = loose_object(item).get("type")
    if kind == "text":
        return part("text", text=stringified(item.get("text")))
    if kind == "image_url":
        image = loose_object(item.get("image_url"))
        return part("image", meta={key: stringified(image.get(key)) for key in ("url", "detail")})
    if kind == "input_audio":
        audio = loose_object(item.get("input_audio"))
        return part("audio", meta={key: stringified(audio.get(key)) for key in ("data", "format")})
    if kind == "file":
        file = loose_object(item.get("file"))
        keys = ("file_id", "file_data", "filename")
        texts = {key: optional_text(file, key) for key in keys}
        return part("file", meta={key: text for key, text in texts.items() if text is not None})
    raise FormatError("Unknown type of content.", (*path, "type"))


def _instructions(blob: JsonObject) -> list[JsonObject]:
    content = blob.get("content")
    if isinstance(content, str):
        return [part("text", text=content)]
    if not isinstance(content, list) or not content:
        raise FormatError("The message must have content.", ("content",))
    return [part("text", text=_text_of(item)) for item in content]


def _text_of(item: Any) -> str:
    """Give the text of an item that can only be a text; the decoder makes one of anything."""
    return stringified(loose_object(item).get("text"))


def _assistant(blob: JsonObject) -> list[JsonObject]:
    parts = _assistant_content(blob.get("content")) + _tool_calls(blob.get("tool_calls"))
    call = _function(loose_object(blob.get("function_call")))
    if call["name"] or call["arguments"]:
        parts.append(part("tool-call", meta=call))
    return parts


def _assistant_content(content: Any) -> list[JsonObject]:
    if isinstance(content, str):
        return [part("text", text=content)] if content else []
    if not isinstance(content, list):
        return []
    parts = []
    for item in content:
        kind = loose_object(item).get("type")
        if kind == "text":
            parts.append(part("text", text=stringified(item.get("text"))))
        elif kind == "refusal":
            parts.append(part("text", text=stringified(item.get("refusal")), meta={"is_refusal": True}))
        else:
            # One item that the decoder does not know makes it forget the whole list.
            return []
    return parts


def _tool_calls(calls: Any) -> list[JsonObject]:
    if not isinstance(calls, list):
        return []
    parts = []
    for call in calls:
        kind = loose_object(call).get("type")
        if kind == "function":
            function = _function(loose_object(call.get("function")))
            parts.append(part("tool-call", meta={"id": stringified(call.get("id")), **function}))
        elif kind != "custom":
            # As above: a call without a known type takes all the others with it.
            return []
    return parts


def _function(function: JsonObject) -> JsonObject:
    texts = {key: stringified(function.get(key)) for key in ("name", "arguments")}
    return {**texts, "type": "function"}


def _tool(blob: JsonObject) -> list[JsonObject]:
    content = blob.get("content")
    text = content if isinstance(content, str) else ""
    if isinstance(content, list):
        text = "".join(map(_text_of, content))
    return [part("tool-result", text=text, meta={"tool_call_id": stringified(blob.get("tool_call_id"))})]


def _old_function(blob: JsonObject) -> list[JsonObject]:
    content = blob.get("content")
    text = content if isinstance(content, str) else ""
    return [part("tool-result", text=text, meta={"function_name": stringified(blob.get("name"))})]


_READERS: dict[str, Callable[[JsonObject], list[JsonObject]]] = {
    "user": _user,
    "assistant": _assistant,
    "system": _instructions,
    "developer": _instructions,
    "tool": _tool,
    "function": _old_function,
}
