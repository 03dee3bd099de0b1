"""Reads JSON values as the Go decoders in front of the real server do; what the fields mean, each format says."""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from gql_api.formats.values import FormatError, JsonObject

_LOOKALIKES = str.maketrans({"\u017f": "s", "\u212a": "k"})
"""Letters outside ASCII that are an s and a k when case does not matter."""
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)")
_LEAST_INT32, _MOST_INT32, _MOST_BYTE = -(2**31), 2**31 - 1, 255

TEXT, FLAG, NUMBER, INT32, BYTES, DURATION, OBJECT = "text", "flag", "number", "int32", "bytes", "duration", "object"
Shape = str | list[Any] | Mapping[str, Any]
"""One of the words above, a list with the shape of its items, or fields with theirs."""


def decoded(value: Any, shape: Shape, path: tuple[str, ...] = ()) -> Any:
    """Give the value in its shape, as encoding/json reads it into a struct; raises FormatError where it refuses.

    The case of a field's name does not matter. Null, and what is absent, is None or no key. Bytes are base64 text.
    """
    if value is None:
        return None
    if isinstance(shape, Mapping):
        return _struct(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise FormatError("This must be a list.", path)
        return [decoded(item, shape[0], (*path, str(at))) for at, item in enumerate(value)]
    if shape == BYTES:
        return _bytes(value, path)
    if not _fits(value, shape):
        raise FormatError("This has the wrong type.", path)
    return value


def folded(name: str) -> str:
    """Give a name as it is compared where case does not matter."""
    return name.translate(_LOOKALIKES).lower()


@cache
def _names(fields: tuple[str, ...]) -> dict[str, str]:
    return {folded(name): name for name in fields}


def _struct(value: Any, fields: Mapping[str, Any], path: tuple[str, ...]) -> JsonObject:
    if not isinstance(value, dict):
        raise FormatError("This must be a JSON object.", path)
    made: JsonObject = {}
    for key, member in value.items():
        name = key if key in fields else _names(tuple(fields)).get(folded(key))
        if name and member is not None:
            made[name] = decoded(member, fields[name], (*path, key))
    return made


def _fits(value: Any, shape: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match shape:
        case "flag":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "number":
            return number
        case "int32":
            return number and _LEAST_INT32 <= value <= _MOST_INT32 and value == int(value)
        case "duration":
            return isinstance(value, str) and (not value or _DURATION.fullmatch(value) is not None)
        case _:
            return isinstance(value, str)


def _bytes(value: Any, path: tuple[str, ...]) -> str:
    """Give base64 text in its canonical form; Go takes the standard alphabet with padding, and lists of numbers."""
    if isinstance(value, list) and all(
        item is None or (_fits(item, INT32) and 0 <= item <= _MOST_BYTE) for item in value
    ):
        return base64.b64encode(bytes(int(item or 0) for item in value)).decode()
    if not isinstance(value, str):
        raise FormatError("This has the wrong type.", path)
    try:
        raw = base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("This is not standard base64.", path) from error
    return base64.b64encode(raw).decode()


def stringified(value: Any) -> str:
    """Give the value of a text field as the providers' own decoders do: everything but null becomes some text."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "-0" if value == 0 and math.copysign(1, value) < 0 else format(Decimal(repr(value)).normalize(), "f")
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def optional_text(owner: JsonObject, key: str) -> str | None:
    """Give the value of a text field that knows absence: null is an empty text, another type as good as absent."""
    value = owner.get(key)
    if value is None:
        return "" if key in owner else None
    return value if isinstance(value, str) else None
