"""JSON text as Go writes it, since Acontext keeps tool arguments and counts tokens in that form; reads nothing."""

import json
import math
import re
from typing import Any

_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_TO_ESCAPE = re.compile("[<>&\u2028\u2029]")
_PLAIN_DIGITS = 21
"""From 10^21 on, and below 10^-6, Go writes an exponent."""
_SMALLEST_PLAIN = 1e-6


def dumps(value: Any) -> str:
    """Write compact JSON with sorted keys, HTML characters escaped and every number a 64-bit float."""
    if isinstance(value, str):
        return _TO_ESCAPE.sub(_escape, json.dumps(value, ensure_ascii=False))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{dumps(key)}:{dumps(value[key])}" for key in sorted(value)) + "}"
    return "[" + ",".join(map(dumps, value)) + "]"


def _escape(match: re.Match[str]) -> str:
    return _ESCAPED[match[0]]


def number(value: float) -> str:
    """Write a number as Go writes a float64: the shortest digits that read back the same.

    Raises ValueError for what is not finite or beyond the range.
    """
    try:
        as_float = float(value)
    except OverflowError as error:
        raise ValueError("a number is beyond the range of a 64-bit float") from error
    if not math.isfinite(as_float):
        raise ValueError("a number is not finite")
    if as_float == 0:
        return "-0" if math.copysign(1, as_float) < 0 else "0"
    sign, digits, point = _decimal(as_float)
    if not _SMALLEST_PLAIN <= abs(as_float) < 10.0**_PLAIN_DIGITS:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        exponent = point - 1
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}".replace("e-0", "e-")
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"


def _decimal(value: float) -> tuple[str, str, int]:
    """Split into sign, significant digits and the place of the point, counted from the left of the digits."""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    return "-" if value < 0 else "", digits.strip("0"), point - leading
