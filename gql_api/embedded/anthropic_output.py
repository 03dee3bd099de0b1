"""Shows stored messages in Anthropic's form as upstream does; clients of ours get formats.anthropic."""

from collections.abc import Mapping, Sequence
from typing import Any

from gql_api.embedded import gojson
from gql_api.embedded.inlining import Inline

Part = Mapping[str, Any]
Shown = dict[str, Any]


def show(role: str, parts: Sequence[Part], inline: Inline) -> Shown:
    """Give one message; parts that the form has no place for are left out."""
    blocks = (_block(part, part.get("meta") or {}, inline) for part in parts)
    return {"content": [block for block in blocks if block], "role": role}


def _block(part: Part, meta: Mapping[str, Any], inline: Inline) -> Shown | None:
    match part["type"]:
        case "tool-call":
            return _tool_use(meta)
        case "tool-result":
            return _tool_result(part.get("text", ""), meta)
        case "image":
            return _image(part, inline)
        case "file":
            return _document(meta)
        case kind:
            return _spoken(kind, part.get("text", ""), meta)


def _spoken(kind: str, text: str, meta: Mapping[str, Any]) -> Shown | None:
    if kind == "redacted_thinking":
        return {"data": meta.get("data", ""), "type": kind}
    if kind == "thinking" and text:
        return {"signature": meta.get("signature", ""), "thinking": text, "type": kind}
    if kind == "text" and text:
        cached = {"cache_control": meta["cache_control"]} if meta.get("cache_control") else {}
        return {"text": text, **cached, "type": kind}
    return None


def _tool_use(meta: Mapping[str, Any]) -> Shown | None:
    if not meta.get("id") or not meta.get("name"):
        return None
    arguments = meta.get("arguments")
    if isinstance(arguments, str):
        arguments = parsed_arguments(arguments)
    given = {} if arguments is None else {"input": arguments}
    return {"id": meta["id"], **given, "name": meta["name"], "type": "tool_use"}


def parsed_arguments(text: str) -> Any:
    """Read the text of a call's arguments; what is no JSON is no arguments."""
    try:
        return gojson.as_floats(gojson.loads(text))
    except gojson.NotJson:
        return {}


def _tool_result(text: str, meta: Mapping[str, Any]) -> Shown | None:
    if not meta.get("tool_call_id"):
        return None
    return {
        "tool_use_id": meta["tool_call_id"],
        "is_error": meta.get("is_error") is True,
        "content": [{"text": text, "type": "text"}],
        "type": "tool_result",
    }


def _image(part: Part, inline: Inline) -> Shown | None:
    picture = inline(part)
    if picture is None:
        return None
    mime, data = picture
    return {"source": {"data": data, "media_type": mime, "type": "base64"}, "type": "image"}


def _document(meta: Mapping[str, Any]) -> Shown | None:
    match meta.get("type"):
        case "base64" if meta.get("media_type") and meta.get("data"):
            source = {"data": meta["data"], "media_type": "application/pdf", "type": "base64"}
        case "url" if meta.get("url"):
            source = {"url": meta["url"], "type": "url"}
        case _:
            return None
    return {"source": source, "type": "document"}
