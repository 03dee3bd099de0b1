"""Gemini contents to Acontext's form as the real server does it; matching answers to calls is left to the caller."""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from gql_api import gojson
from gql_api.formats.blob import part
from gql_api.formats.values import FormatError, JsonObject

CALLS_KEY = "__gemini_call_info__"
"""The meta key under which the calls of a message wait for their answers."""

_ROLES = {"user": "user", "model": "assistant"}


def fresh_call_id() -> str:
    """Make the id of a call that came without one, as the real server makes it."""
    return f"call_{uuid4().hex[:8]}"


def to_acontext(blob: Any, *, new_call_id: Callable[[], str] = fresh_call_id) -> JsonObject:
    """Normalise a content to role, parts and meta; raises FormatError where the real server refuses.

    A message with calls has `meta[CALLS_KEY]`: a list of {id, name} in order. For each tool-result part (meta `name`,
    and `tool_call_id` only if the client gave one) the server takes the first entry of the oldest message that still
    has some (an empty list is removed), and refuses the message if the name, or a given id, differs from it; a part
    without an id gets the entry's.
    """
    if not isinstance(blob, dict):
        raise FormatError("The message must be a JSON object.")
    role = blob.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise FormatError("The role must be user or model.", ("role",))
    items = _typed(blob, "parts", list, ()) or []
    parts = [_part(item, ("parts", str(index)), new_call_id) for index, item in enumerate(items)]
    meta: JsonObject = {"source_format": "gemini"}
    calls = [made["meta"] for made in parts if made["type"] == "tool-call"]
    if calls:
        meta[CALLS_KEY] = [{"id": call["id"], "name": call["name"]} for call in calls]
    return {"role": _ROLES[role], "parts": parts, "meta": meta}


def signed_as_acontext(blob: Any) -> JsonObject | None:
    """Give the same message in Acontext's own form, with the signatures that a Gemini message would lose in storing.

    None when it has none to lose. Gemini wants the signature of a call back, or refuses the conversation.
    """
    message = to_acontext(blob)
    signed = False
    for item, made in zip(blob.get("parts") or [], message["parts"], strict=True):
        signature = _base64(item, "thoughtSignature", ())
        if signature and made["type"] != "thinking":
            made["meta"] = {**made.get("meta", {}), "signature": signature}
            signed = True
    return message if signed else None


def _typed(owner: JsonObject, key: str, kind: type, path: tuple[str, ...]) -> Any:
    """Give the value, None when it is absent or null; a value of another type makes Go's decoder refuse the message."""
    value = owner.get(key)
    if value is not None and not isinstance(value, kind):
        raise FormatError("This has the wrong type.", (*path, key))
    return value


def _base64(owner: JsonObject, key: str, path: tuple[str, ...]) -> str:
    """Give base64 text in its canonical form; Go takes only the standard alphabet with padding."""
    text = _typed(owner, key, str, path) or ""
    try:
        raw = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("This is not standard base64.", (*path, key)) from error
    return base64.b64encode(raw).decode()


def _part(item: Any, path: tuple[str, ...], new_call_id: Callable[[], str]) -> JsonObject:
    if not isinstance(item, dict):
        raise FormatError("A part must be a JSON object.", path)
    text = _typed(item, "text", str, path)
    thought = _typed(item, "thought", bool, path)
    signature = _base64(item, "thoughtSignature", path)
    inline = _typed(item, "inlineData", dict, path)
    call = _typed(item, "functionCall", dict, path)
    answer = _typed(item, "functionResponse", dict, path)
    if text:
        kind = "thinking" if thought else "text"
        return part(kind, text=text, meta={"signature": signature} if thought and signature else None)
    if inline is not None:
        return _image(inline, (*path, "inlineData"))
    if call is not None:
        return _call(call, (*path, "functionCall"), new_call_id)
    if answer is not None:
        return _answer(answer, (*path, "functionResponse"))
    raise FormatError("This part has nothing that Acontext keeps.", path)


def _image(inline: JsonObject, path: tuple[str, ...]) -> JsonObject:
    mime = _typed(inline, "mimeType", str, path) or ""
    return part("image", meta={"type": "base64", "media_type": mime, "data": _base64(inline, "data", path)})


def _call(call: JsonObject, path: tuple[str, ...], new_call_id: Callable[[], str]) -> JsonObject:
    arguments = _json(_typed(call, "args", dict, path), path)
    meta = {
        "id": _typed(call, "id", str, path) or new_call_id(),
        "name": _typed(call, "name", str, path) or "",
        "arguments": arguments,
        "type": "function",
    }
    return part("tool-call", meta=meta)


def _answer(answer: JsonObject, path: tuple[str, ...]) -> JsonObject:
    text = _json(_typed(answer, "response", dict, path), path)
    meta = {"name": _typed(answer, "name", str, path) or ""}
    call_id = _typed(answer, "id", str, path)
    if call_id:
        meta["tool_call_id"] = call_id
    return part("tool-result", text=text, meta=meta)


def _json(value: JsonObject | None, path: tuple[str, ...]) -> str:
    try:
        return gojson.dumps(value)
    except ValueError as error:
        raise FormatError("A number is not finite.", path) from error
