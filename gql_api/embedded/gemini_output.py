"""Shows stored messages in Gemini's form as upstream does; clients of ours get formats.gemini."""

from collections.abc import Mapping, Sequence
from typing import Any

from gql_api.embedded import gojson
from gql_api.embedded.anthropic_output import parsed_arguments
from gql_api.embedded.inlining import Inline

Part = Mapping[str, Any]
Shown = dict[str, Any]
Told = tuple[str, Sequence[Part]]

_ROLES = {"user": "user", "assistant": "model"}


def show_all(messages: Sequence[Told], inline: Inline) -> list[Shown]:
    """Give the messages, each a role and parts; those that become empty are left out."""
    names = {
        part["meta"]["id"]: part["meta"]["name"]
        for role, parts in messages
        for part in parts
        if role == "assistant" and part["type"] == "tool-call" and part.get("meta", {}).get("id")
    }
    shown = []
    for role, parts in messages:
        kept = [made for made in (_part(part, names, inline) for part in parts) if made]
        if kept:
            shown.append({"parts": kept, "role": _ROLES[role]})
    return shown


def _part(part: Part, names: Mapping[str, str], inline: Inline) -> Shown | None:
    text, meta = part.get("text", ""), part.get("meta") or {}
    match part["type"]:
        case "text" if text:
            return {"text": text}
        case "thinking" if text:
            signed = {"thoughtSignature": meta["signature"]} if meta.get("signature") else {}
            return {"text": text, "thought": True, **signed}
        case "tool-call":
            return _function_call(meta)
        case "tool-result":
            return _function_response(text, meta, names)
        case "image":
            picture = inline(part)
            return {"inlineData": {"data": picture[1], "mimeType": picture[0]}} if picture else None
        case _:
            return None


def _function_call(meta: Mapping[str, Any]) -> Shown | None:
    if not meta.get("name"):
        return None
    arguments = meta.get("arguments")
    if isinstance(arguments, str):
        arguments = parsed_arguments(arguments)
    identified = {"id": meta["id"]} if meta.get("id") else {}
    given = {"args": arguments} if isinstance(arguments, dict) and arguments else {}
    return {"functionCall": {**identified, **given, "name": meta["name"]}}


def _function_response(text: str, meta: Mapping[str, Any], names: Mapping[str, str]) -> Shown | None:
    call_id = meta.get("tool_call_id")
    name = meta.get("name") or names.get(call_id or "")
    if not name:
        return None
    identified = {"id": call_id} if call_id else {}
    response = _response(text)
    given = {"response": response} if response else {}
    return {"functionResponse": {**identified, "name": name, **given}}


def _response(text: str) -> dict[str, Any] | None:
    """Read an object; any other text is wrapped as `output`."""
    try:
        value = gojson.as_floats(gojson.loads(text)) if text else None
    except gojson.NotJson:
        value = text
    return value if isinstance(value, dict | None) else {"output": text}
