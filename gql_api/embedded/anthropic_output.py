"""Shows stored messages in Anthropic's form as upstream does; clients of ours get formats.anthropic."""

from collections.abc import Sequence
from typing import Any

from gql_api.embedded import gojson
from gql_api.embedded.inlining import Inline
from gql_api.embedded.parts import Part, meta_of, meta_text, parsed, written

Shown = dict[str, Any]


def show(role: str, parts: Sequence[Part], inline: Inline) -> Shown:
    """Give one message; parts that the form has no place for are left out."""
    blocks = (_block(part, inline) for part in parts)
    return {"content": [block for block in blocks if block], "role": role}


def _block(part: Part, inline: Inline) -> Shown | None:
    match part["type"]:
        case "tool-call":
            return _tool_use(part)
        case "tool-result":
            return _tool_result(part)
        case "image":
            return _image(part, inline)
        case "file":
            return _document(part)
        case kind:
            return _spoken(kind, part)


def _spoken(kind: str, part: Part) -> Shown | None:
    text = part.get("text", "")
    if kind == "redacted_thinking":
        return {"data": meta_text(part, "data"), "type": kind}
    if kind == "thinking" and text:
        return {"signature": meta_text(part, "signature"), "thinking": text, "type": kind}
    if kind == "text" and text:
        return {"text": text, **_cached(part), "type": kind}
    return None


def _cached(part: Part) -> Shown:
    control = meta_of(part).get("cache_control")
    is_cached = isinstance(control, dict) and control.get("type") == "ephemeral"
    return {"cache_control": {"type": "ephemeral"}} if is_cached else {}


def _tool_use(part: Part) -> Shown | None:
    call_id, name = meta_text(part, "id"), meta_text(part, "name")
    if not call_id or not name:
        return None
    arguments = _arguments(meta_of(part).get("arguments"))
    given = {} if arguments is None else {"input": written(arguments)}
    return {"id": call_id, **given, "name": name, "type": "tool_use"}


def _arguments(arguments: Any) -> Any:
    """Give a call's arguments; what is no JSON is no arguments, and a written null is None."""
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    try:
        return parsed(arguments)
    except gojson.NotJson:
        return {}


def _tool_result(part: Part) -> Shown | None:
    call_id = meta_text(part, "tool_call_id")
    if not call_id:
        return None
    return {
        "tool_use_id": call_id,
        "is_error": meta_of(part).get("is_error") is True,
        "content": [{"text": part.get("text", ""), "type": "text"}],
        "type": "tool_result",
    }


def _image(part: Part, inline: Inline) -> Shown | None:
    picture = inline(part)
    if picture is None:
        return None
    mime, data = picture
    return {"source": {"data": data, "media_type": mime, "type": "base64"}, "type": "image"}


def _document(part: Part) -> Shown | None:
    url, data = meta_text(part, "url"), meta_text(part, "data")
    match meta_text(part, "type"):
        case "base64" if data and meta_text(part, "media_type"):
            source = {"data": data, "media_type": "application/pdf", "type": "base64"}
        case "url" if url:
            source = {"url": url, "type": "url"}
        case _:
            return None
    return {"source": source, "type": "document"}
