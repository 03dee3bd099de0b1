"""JSON as a Go server reads and keeps it: numbers as 64-bit floats, broken text repaired."""

import json
import math
import re
from typing import Any

import orjson

from gql_api import gojson as go

_SURROGATES = re.compile("[\ud800-\udfff]")
_EXACT = 2**53
_WRITABLE = 2**63
"""Integers up to here are written as such by every library."""
_LONG_INTEGER = re.compile(r"[0-9]{19}")
"""Perhaps one that orjson reads as a float."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_DEEPEST = 200
"""Beyond this depth the libraries that read and write JSON differ; nobody nests so deep in earnest."""


class NotJson(ValueError):
    """Text that is no JSON, or none that can be kept."""


def loads(text: bytes | str, *, control_characters: bool = False) -> Any:
    """Parse, refusing what cannot be written again; integers are exact whatever their size.

    Some of what upstream reads may have `control_characters` in its texts.
    """
    if isinstance(text, bytes):
        # Each byte that is no UTF-8 becomes a surrogate, and with those a replacement of its own, as in Go.
        text = text.decode(errors="surrogateescape")
    try:
        value = _loads_odd(text) if _LONG_INTEGER.search(text) else orjson.loads(text)
    except (orjson.JSONDecodeError, NotJson):
        value = _loads_odd(text, control_characters=control_characters)
    _refuse_depth(value, _DEEPEST)
    return value


def dumps(value: Any) -> str:
    """Write compact JSON for keeping, every number as a 64-bit float. `value` came from `loads`."""
    return go.dumps(value)


def dumps_exactly(value: Any) -> str:
    """Write compact JSON with all digits of integers. `value` came from `loads`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_floats(value: Any) -> Any:
    """Give the value as it is after its numbers went through float64: 1.0 becomes 1, huge integers lose digits."""
    match value:
        case dict():
            return {key: as_floats(member) for key, member in value.items()}
        case list():
            return [as_floats(member) for member in value]
        case float() if value.is_integer() and abs(value) < _WRITABLE:
            # Go writes a negative zero as one.
            return int(value) or value
        case int() if not isinstance(value, bool) and abs(value) > _EXACT:
            return as_floats(float(value))
        case _:
            return value


def has_nul(text: str) -> bool:
    """Tell whether JSON text holds a NUL character, which PostgreSQL cannot keep in JSON."""
    return _NUL.search(text) is not None


def _loads_odd(text: str, *, control_characters: bool = False) -> Any:
    """Parse what orjson refuses or shortens and Go takes: lone surrogates, long integers, broken text."""
    try:
        value = json.loads(
            text,
            strict=not control_characters,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson("not JSON") from error
    return _without_surrogates(value)


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotJson("a number is too large")
    return value


def _integer(text: str) -> int | float:
    """Give an integer; minus zero is one for Go, and no integer in Python."""
    value = _finite(text)
    return int(text) or value


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case dict():
            return {_without_surrogates(key): _without_surrogates(member) for key, member in value.items()}
        case list():
            return [_without_surrogates(member) for member in value]
        case _:
            return value


def _refuse_depth(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise NotJson("nested too deep")
    for member in value.values() if isinstance(value, dict) else value:
        _refuse_depth(member, left - 1)
