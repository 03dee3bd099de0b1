"""Messages in Acontext's own form, checked as the real server checks them; `checking` refuses what it would lose."""

from typing import Any

from gql_api.formats.decoding import OBJECT, TEXT, decoded
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
OWN_META = {"source_format": "acontext"}
"""What Acontext notes beside a message that came in its own form."""
_KEPT = ("text", "file_field", "meta")
_MESSAGE = {"role": TEXT, "parts": [{"type": TEXT, "text": TEXT, "file_field": TEXT, "meta": OBJECT}], "meta": OBJECT}


def to_acontext(blob: Any) -> JsonObject:
    """Normalise a message to role, parts and meta; raises FormatError where the real server refuses.

    A part may still have `file_field`: the name of the upload to put in its place.
    """
    if not isinstance(blob, dict):
        raise FormatError("The message must be a JSON object.")
    message = decoded(blob, _MESSAGE)
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise FormatError("The role must be user or assistant.", ("role",))
    parts = [_part(item, ("parts", str(index))) for index, item in enumerate(message.get("parts", []))]
    return {"role": role, "parts": parts, "meta": {**OWN_META, **message.get("meta", {})}}


def _part(item: JsonObject | None, path: tuple[str, ...]) -> JsonObject:
    if item is None:
        raise FormatError("A part must be a JSON object.", path)
    kind = item.get("type")
    if kind not in PART_TYPES:
        raise FormatError("Unknown type of part.", (*path, "type"))
    made: JsonObject = {"type": kind, **{key: item[key] for key in _KEPT if item.get(key)}}
    if kind in ("text", "thinking") and "text" not in made:
        raise FormatError("This must not be empty.", (*path, "text"))
    missing = [key for key in _NEEDED_META.get(kind, ()) if key not in made.get("meta", {})]
    if missing:
        raise FormatError("This is needed.", (*path, "meta", missing[0]))
    return made
