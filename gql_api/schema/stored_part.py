"""What Acontext's form of a part says, read piece by piece."""

import json
import math
import re

from gql_api import model
from gql_api.formats.media import parse_data_url
from gql_api.schema.scalars import Json

_WEB = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
"""What a page may link to; a user may have written any other scheme into a message."""


def text_of(parts: list[model.JsonObject]) -> str:
    """Join the texts among the parts of a message."""
    return "\n".join([part.get("text") or "" for part in parts if part.get("type") == "text"])


def meta(part: model.JsonObject, *without: str) -> Json:
    return Json({name: value for name, value in (part.get("meta") or {}).items() if name not in without})


def call_id(part: model.JsonObject, name: str) -> str:
    return str((part.get("meta") or {}).get(name) or "")


def arguments(part: model.JsonObject) -> str:
    given = (part.get("meta") or {}).get("arguments")
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str) -> Json | None:
    try:
        return Json(json.loads(text, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError):
        return None


def _finite(written: str) -> float:
    """Refuse what Python reads and no JSON can hold: NaN, Infinity, and numbers that become it."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("not a number that JSON can hold")
    return number


def link(part: model.JsonObject) -> str | None:
    """Give the address of a medium that a user wrote."""
    found = (part.get("meta") or {}).get("url")
    return found if isinstance(found, str) and _WEB.fullmatch(found) else None


def mime(part: model.JsonObject) -> str | None:
    asset, meta = part.get("asset") or {}, part.get("meta") or {}
    mime = asset.get("mime") or meta.get("media_type") or meta.get("mime_type") or _within(meta)[0]
    return mime if isinstance(mime, str) else None


def size(part: model.JsonObject) -> int | None:
    asset = part.get("asset") or {}
    size = asset.get("size_b") if asset else _within(part.get("meta") or {})[1]
    return size if isinstance(size, int) and size < 2**31 else None


def _within(meta: model.JsonObject) -> tuple[str | None, int | None]:
    """Tell the media type and the size of a medium that stands within the message itself."""
    sound = meta.get("format")
    mime = f"audio/{sound}" if isinstance(sound, str) and sound else None
    for name in ("url", "file_data", "data"):
        text = meta.get(name)
        if isinstance(text, str) and text.startswith("data:"):
            found = parse_data_url(text)
            return (found.mime, _decoded_size(found.data)) if found else (None, None)
        if isinstance(text, str) and text and name != "url":
            return mime, _decoded_size(text)
    return mime, None


def _decoded_size(encoded: str) -> int:
    return len(encoded) * 3 // 4 - encoded.count("=", -2)
