"""Messages in Acontext's own form, checked as the real server checks them; `checking` refuses what it would lose."""

from typing import Any

from gql_api.formats.values import FormatError, JsonObject

PART_TYPES = frozenset(
    {
        "text",
        "image",
        "audio",
        "video",
        "file",
        "tool-call",
        "tool-result",
        "data",
        "thinking",
        "redacted_thinking",
    }
)
_NEEDED_META = {
    "tool-call": ("name", "arguments"),
    "tool-result": ("tool_call_id",),
    "data": ("data_type",),
}
_KEPT: tuple[tuple[str, type], ...] = (("text", str), ("file_field", str), ("meta", dict))


def to_acontext(blob: Any) -> JsonObject:
    """Normalise a message to role, parts and meta; raises FormatError where the real server refuses.

    A part may still have `file_field`: the name of the upload to put in its place.
    """
    if not isinstance(blob, dict):
        raise FormatError("The message must be a JSON object.")
    role = blob.get("role")
    if role not in ("user", "assistant"):
        raise FormatError("The role must be user or assistant.", ("role",))
    parts = blob.get("parts")
    if parts is not None and not isinstance(parts, list):
        raise FormatError("This must be a list.", ("parts",))
    meta = blob.get("meta")
    if meta is not None and not isinstance(meta, dict):
        raise FormatError("This must be a JSON object.", ("meta",))
    read = [_part(item, ("parts", str(index))) for index, item in enumerate(parts or [])]
    return {"role": role, "parts": read, "meta": {"source_format": "acontext", **(meta or {})}}


def _part(item: Any, path: tuple[str, ...]) -> JsonObject:
    if not isinstance(item, dict):
        raise FormatError("A part must be a JSON object.", path)
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in PART_TYPES:
        raise FormatError("Unknown type of part.", (*path, "type"))
    made: JsonObject = {"type": kind}
    for key, expected in _KEPT:
        value = item.get(key)
        if value is not None and not isinstance(value, expected):
            raise FormatError("This has the wrong type.", (*path, key))
        if value:
            made[key] = value
    if kind in ("text", "thinking") and "text" not in made:
        raise FormatError("This must not be empty.", (*path, "text"))
    missing = [key for key in _NEEDED_META.get(kind, ()) if key not in made.get("meta", {})]
    if missing:
        raise FormatError("This is needed.", (*path, "meta", missing[0]))
    return made
