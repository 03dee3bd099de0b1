"""Looks into stored parts as upstream does: a value of another type than expected counts as none."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from gql_api import gojson as go
from gql_api.embedded import gojson

Part = Mapping[str, Any]


def meta_of(part: Part) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = part.get("meta") or {}
    return meta


def meta_text(part: Part, key: str) -> str:
    value = meta_of(part).get(key)
    return value if isinstance(value, str) else ""


def parsed(text: str) -> Any:
    """Read JSON in a stored text; raises NotJson."""
    return gojson.as_floats(gojson.loads(text))


def written(value: Any) -> orjson.Fragment:
    """Give a value for an answer with its numbers written as Go writes them."""
    return orjson.Fragment(go.dumps(value))


def base64_bytes(text: str) -> bytes | None:
    """Read standard base64, with line ends anywhere as Go takes them; None if it is none."""
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
