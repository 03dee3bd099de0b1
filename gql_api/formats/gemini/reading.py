"""Gemini contents to Acontext's form as the real server does it; matching answers to calls is left to the caller."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from gql_api import gojson
from gql_api.formats.blob import part
from gql_api.formats.decoding import BYTES, DURATION, FLAG, INT32, NUMBER, OBJECT, TEXT, decoded
from gql_api.formats.values import FormatError, JsonObject

CALLS_KEY = "__gemini_call_info__"
"""The meta key under which the calls of a message wait for their answers."""

_ROLES = {"user": "user", "model": "assistant"}
_FILE = {"displayName": TEXT, "fileUri": TEXT, "mimeType": TEXT}
_DATA = {"data": BYTES, "displayName": TEXT, "mimeType": TEXT}
_CALL = {
    "id": TEXT,
    "args": OBJECT,
    "name": TEXT,
    "partialArgs": [
        {
            "nullValue": TEXT,
            "numberValue": NUMBER,
            "stringValue": TEXT,
            "boolValue": FLAG,
            "jsonPath": TEXT,
            "willContinue": FLAG,
        }
    ],
    "willContinue": FLAG,
}
_ANSWER = {
    "id": TEXT,
    "name": TEXT,
    "response": OBJECT,
    "parts": [{"inlineData": _DATA, "fileData": _FILE}],
    "scheduling": TEXT,
    "willContinue": FLAG,
}
_PART = {
    "text": TEXT,
    "thought": FLAG,
    "thoughtSignature": BYTES,
    "inlineData": _DATA,
    "functionCall": _CALL,
    "functionResponse": _ANSWER,
    "fileData": _FILE,
    "videoMetadata": {"startOffset": DURATION, "endOffset": DURATION, "fps": NUMBER},
    "codeExecutionResult": {"outcome": TEXT, "output": TEXT},
    "executableCode": {"code": TEXT, "language": TEXT},
    "mediaResolution": {"level": TEXT, "numTokens": INT32},
}
_CONTENT = {"role": TEXT, "parts": [_PART]}
"""All of a content that the server's decoder looks at; what has another type there makes it refuse the message."""


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
    content = decoded(blob, _CONTENT)
    role = content.get("role")
    if role not in _ROLES:
        raise FormatError("The role must be user or model.", ("role",))
    items = content.get("parts", [])
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
        signature = decoded(item.get("thoughtSignature"), BYTES)
        if signature and made["type"] != "thinking":
            made["meta"] = {**made.get("meta", {}), "signature": signature}
            signed = True
    return message if signed else None


def _part(item: JsonObject | None, path: tuple[str, ...], new_call_id: Callable[[], str]) -> JsonObject:
    if item is None:
        raise FormatError("A part must be a JSON object.", path)
    text, signature = item.get("text"), item.get("thoughtSignature")
    if text:
        kind = "thinking" if item.get("thought") else "text"
        return part(kind, text=text, meta={"signature": signature} if kind == "thinking" and signature else None)
    if "inlineData" in item:
        return _image(item["inlineData"])
    if "functionCall" in item:
        return _call(item["functionCall"], (*path, "functionCall"), new_call_id)
    if "functionResponse" in item:
        return _answer(item["functionResponse"], (*path, "functionResponse"))
    raise FormatError("This part has nothing that Acontext keeps.", path)


def _image(inline: JsonObject) -> JsonObject:
    meta = {"type": "base64", "media_type": inline.get("mimeType", ""), "data": inline.get("data", "")}
    return part("image", meta=meta)


def _call(call: JsonObject, path: tuple[str, ...], new_call_id: Callable[[], str]) -> JsonObject:
    meta = {
        "id": call.get("id") or new_call_id(),
        "name": call.get("name", ""),
        "arguments": _json(call.get("args"), path),
        "type": "function",
    }
    return part("tool-call", meta=meta)


def _answer(answer: JsonObject, path: tuple[str, ...]) -> JsonObject:
    meta = {"name": answer.get("name", "")}
    if answer.get("id"):
        meta["tool_call_id"] = answer["id"]
    return part("tool-result", text=_json(answer.get("response"), path), meta=meta)


def _json(value: JsonObject | None, path: tuple[str, ...]) -> str:
    try:
        return gojson.dumps(value)
    except ValueError as error:
        raise FormatError("A number is not finite.", path) from error
