"""Shows stored messages in Gemini's form as upstream does; clients of ours get formats.gemini."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from gql_api.embedded import gojson
from gql_api.embedded.inlining import Inline
from gql_api.embedded.parts import Part, base64_bytes, meta_of, meta_text, parsed, written

Shown = dict[str, Any]
Told = tuple[str, Sequence[Part]]

_ROLES = {"user": "user", "assistant": "model"}


def show_all(messages: Sequence[Told], inline: Inline) -> list[Shown]:
    """Give the messages, each a role and parts; those that become empty are left out."""
    names = {
        meta_text(part, "id"): meta_text(part, "name")
        for role, parts in messages
        for part in parts
        if role == "assistant" and part["type"] == "tool-call" and meta_text(part, "id") and meta_text(part, "name")
    }
    shown = []
    for role, parts in messages:
        kept = [made for made in (_part(part, names, inline) for part in parts) if made]
        if kept:
            shown.append({"parts": kept, "role": _ROLES[role]})
    return shown


def _part(part: Part, names: Mapping[str, str], inline: Inline) -> Shown | None:
    text = part.get("text", "")
    match part["type"]:
        case "text" if text:
            return {"text": text}
        case "thinking" if text:
            return {"text": text, "thought": True, **_signed(meta_text(part, "signature"))}
        case "tool-call":
            return _function_call(part)
        case "tool-result":
            return _function_response(part, names)
        case "image":
            return _image(part, inline)
        case _:
            return None


def _signed(signature: str) -> Shown:
    """Give the signature as base64; one that is none, as Anthropic's may be, is text that becomes base64."""
    raw = base64_bytes(signature)
    data = signature.encode() if raw is None else raw
    return {"thoughtSignature": base64.b64encode(data).decode()} if data else {}


def _image(part: Part, inline: Inline) -> Shown | None:
    picture = inline(part)
    data = base64_bytes(picture[1]) if picture else None
    if picture is None or data is None:
        return None
    return {"inlineData": {"data": base64.b64encode(data).decode(), "mimeType": picture[0]}}


def _function_call(part: Part) -> Shown | None:
    call_id, name = meta_text(part, "id"), meta_text(part, "name")
    if not name:
        return None
    arguments = meta_of(part).get("arguments")
    if isinstance(arguments, str):
        arguments = _object(arguments)
    identified = {"id": call_id} if call_id else {}
    given = {"args": written(arguments)} if isinstance(arguments, dict) and arguments else {}
    return {"functionCall": {**identified, **given, "name": name}}


def _function_response(part: Part, names: Mapping[str, str]) -> Shown | None:
    call_id, text = meta_text(part, "tool_call_id"), part.get("text", "")
    name = meta_text(part, "name") or names.get(call_id)
    if not name:
        return None
    response = _object(text)
    if response is None:
        response = {"output": text}
    identified = {"id": call_id} if call_id else {}
    given = {"response": written(response)} if response else {}
    return {"functionResponse": {**identified, "name": name, **given}}


def _object(text: str) -> dict[str, Any] | None:
    """Read an object, empty for null and for no text at all; None for any other text."""
    try:
        value = parsed(text) if text else None
    except gojson.NotJson:
        return None
    return {} if value is None else value if isinstance(value, dict) else None
