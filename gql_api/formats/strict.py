"""Checks of a message that a caller sends, each refusal naming its field; what is harmless where, each format says."""

import math
from collections.abc import Collection
from typing import Any

from gql_api import gojson
from gql_api.formats.values import FormatError, JsonObject

Path = tuple[str, ...]

_DEEPEST = 100
"""Levels of nesting; real messages have fewer than ten."""


def an_object(value: Any, path: Path) -> JsonObject:
    if not isinstance(value, dict):
        raise FormatError("This must be a JSON object.", path)
    return value


def a_list(value: Any, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError("This must be a list.", path)
    return value


def a_text(value: Any, path: Path) -> str:
    if not isinstance(value, str):
        raise FormatError("This must be a text.", path)
    return value


def some_text(value: Any, path: Path) -> str:
    text = a_text(value, path)
    if not text:
        raise FormatError("This must not be empty.", path)
    return text


def one_of(value: Any, allowed: Collection[str], path: Path) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise FormatError(f"This must be one of: {', '.join(sorted(allowed))}.", path)
    return str(value)


def nothing_else(owner: JsonObject, path: Path, *, known: Collection[str], harmless: Collection[str] = ()) -> None:
    """Refuse a key that Acontext would lose, unless it says nothing or only repeats what is kept."""
    for key, value in owner.items():
        if key not in known and key not in harmless and not _is_empty(value):
            raise FormatError("Acontext would not keep this.", (*path, key))


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    return value is None or value is False or value in ("", [])


def is_storable(value: Any, path: Path = ()) -> None:
    """Refuse what is no proper JSON: half characters, numbers without a value, endless nesting."""
    if len(path) > _DEEPEST:
        raise FormatError("This is nested too deeply.", path[:5])
    if isinstance(value, str):
        _is_unicode(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise FormatError("This number is not finite.", path)
    elif isinstance(value, dict):
        for key, item in value.items():
            _is_unicode(key, path)
            is_storable(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            is_storable(item, (*path, str(index)))


def _is_unicode(text: str, path: Path) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError("This holds half of a character (a lone surrogate).", path) from error


def keeps_numbers(value: Any, path: Path) -> None:
    """Refuse an integer that would lose digits: Acontext keeps numbers as 64-bit floats."""
    if isinstance(value, dict):
        for key, item in value.items():
            keeps_numbers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            keeps_numbers(item, (*path, str(index)))
    elif isinstance(value, int) and not isinstance(value, bool) and not _survives(value):
        raise FormatError("This integer is too large for Acontext to keep all its digits: send it as a text.", path)


def _survives(number: int) -> bool:
    try:
        return int(gojson.number(number)) == number
    except ValueError:
        return False


def without_nul(text: str, path: Path) -> str:
    if "\0" in text:
        raise FormatError("This must not hold a NUL character.", path)
    return text
