"""Shows stored messages in OpenAI's form as upstream does, quirks included; clients of ours get formats.openai."""

from collections.abc import Mapping, Sequence
from typing import Any

from gql_api import gojson
from gql_api.embedded.parts import Part, meta_of, meta_text

Shown = dict[str, Any]

_RESTORED_ROLES = ("system", "developer")
_SPOKEN = ("text", "thinking")
_FILE_KEYS = ("file_id", "file_data", "filename")


def show(role: str, parts: Sequence[Part], meta: Mapping[str, Any], urls: Mapping[str, str]) -> Shown:
    """Give one message. `meta` holds the system keys; `urls` has public URLs by SHA-256, and none if not wanted."""
    if meta.get("original_role") in _RESTORED_ROLES:
        return {"content": _joined(parts)} | _name(meta) | {"role": meta["original_role"]}
    if role == "assistant":
        return _assistant(parts) | _name(meta) | {"role": role}
    if parts and all(part["type"] == "tool-result" for part in parts):
        return _tool(parts)
    return {"content": _user_content(parts, urls)} | _name(meta) | {"role": "user"}


def _name(meta: Mapping[str, Any]) -> Shown:
    name = meta.get("name")
    return {"name": name} if name and isinstance(name, str) else {}


def _tool(parts: Sequence[Part]) -> Shown:
    ids = [meta_text(part, "tool_call_id") for part in parts]
    content = "".join(part.get("text", "") for part in parts)
    return {"content": content, "tool_call_id": next(filter(None, ids), ""), "role": "tool"}


def _joined(parts: Sequence[Part]) -> str:
    return "".join(part.get("text", "") for part in parts if part["type"] == "text")


def _user_content(parts: Sequence[Part], urls: Mapping[str, str]) -> str | list[Shown]:
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0].get("text", ""))
    shown = (_content_part(part, urls) for part in parts)
    return [part for part in shown if part]


def _content_part(part: Part, urls: Mapping[str, str]) -> Shown | None:
    match part["type"]:
        case "text":
            return {"text": part.get("text", ""), "type": "text"}
        case "image":
            return _image(part, urls)
        case "audio" if part.get("meta"):
            return _audio(meta_text(part, "data"), meta_text(part, "format"))
        case "file":
            file = {key: meta_text(part, key) for key in _FILE_KEYS if meta_text(part, key)}
            return {"file": file, "type": "file"} if file else None
        case _:
            return None


def _audio(data: str, kind: str) -> Shown:
    audio = {"data": data} | ({"format": kind} if kind else {})
    return ({"input_audio": audio} if any(audio.values()) else {}) | {"type": "input_audio"}


def _image(part: Part, urls: Mapping[str, str]) -> Shown | None:
    asset = part.get("asset")
    url = (urls.get(asset["sha256"]) if asset else None) or meta_text(part, "url")
    if not url:
        return None
    detail = meta_text(part, "detail")
    return {"image_url": {"url": url} | ({"detail": detail} if detail else {}), "type": "image_url"}


def _assistant(parts: Sequence[Part]) -> Shown:
    texts = [part["text"] for part in parts if part["type"] in _SPOKEN and part.get("text")]
    calls = [call for call in map(_tool_call, parts) if call]
    shown: Shown = {}
    if texts:
        shown["content"] = texts[0] if len(texts) == 1 else [{"text": text, "type": "text"} for text in texts]
    if calls:
        shown["tool_calls"] = calls
    return shown


def _tool_call(part: Part) -> Shown | None:
    call_id, name = meta_text(part, "id"), meta_text(part, "name")
    if part["type"] != "tool-call" or not call_id or not name:
        return None
    meta = meta_of(part)
    arguments = meta.get("arguments")
    if not isinstance(arguments, str) or not arguments:
        arguments = gojson.dumps(arguments) if "arguments" in meta else ""
    return {"id": call_id, "function": {"arguments": arguments, "name": name}, "type": "function"}
