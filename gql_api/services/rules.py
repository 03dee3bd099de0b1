"""The rules that input must keep before anything is asked of Acontext or of the database."""

import json
import math
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from gql_api import gojson
from gql_api.errors import Invalid, TooLarge
from gql_api.model import JsonObject

LONGEST_USER = 255
LONGEST_TITLE = 1000
LONGEST_KEY = 255
LONGEST_TAG, MOST_TAGS = 50, 20
LARGEST_JSON = 65536
"""Bytes of JSON, as Acontext writes it, that it takes as configs or as a message's metadata."""
DEEPEST_JSON = 50
LARGEST_INTEGER = 2**53
"""Beyond it Acontext loses digits: its numbers pass through 64-bit floats."""
RESERVED = "__gql_api__"
"""The one top-level key of configs and metadata that is ours; clients neither see nor set it."""
_UPSTREAMS_OWN = ("__artifact_info__", "__user_meta__")

Path = tuple[str, ...]


def user(identifier: str, path: Path, *, reserved_prefix: str) -> str:
    """Check a user identifier: 1 to 255 characters, no control characters, no outer blanks, not a name of ours."""
    if not 1 <= len(identifier) <= LONGEST_USER:
        raise Invalid(f"A user identifier has 1 to {LONGEST_USER} characters.", path)
    if identifier != identifier.strip():
        raise Invalid("A user identifier must not begin or end with blanks.", path)
    if _has_control(identifier):
        raise Invalid("A user identifier must not contain control characters.", path)
    if identifier.startswith(reserved_prefix):
        raise Invalid("This user identifier is reserved.", path)
    return identifier


def title(text: str | None, path: Path) -> str | None:
    """Check a title: at most 1000 characters, no control characters."""
    if text is None:
        return None
    if len(text) > LONGEST_TITLE:
        raise TooLarge(f"A title has at most {LONGEST_TITLE} characters.", path)
    if _has_control(text):
        raise Invalid("A title must not contain control characters.", path)
    return text


def tags(given: Sequence[str] | None, path: Path) -> tuple[str, ...]:
    """Check tags, at most 20: without outer blanks each has 1 to 50 characters, no control characters."""
    found = [_tag(text, (*path, str(index))) for index, text in enumerate(given or ())]
    if len(found) > MOST_TAGS:
        raise TooLarge(f"A session has at most {MOST_TAGS} tags.", path)
    return tuple(found)


def alike(tags: Sequence[str], others: Sequence[str]) -> int | None:
    """Tell the place of the first of these tags that is among the others, however it is written there."""
    there = {tag.casefold() for tag in others}
    return next((place for place, tag in enumerate(tags) if tag.casefold() in there), None)


def tag_text(text: str) -> str:
    """Give a tag as it is kept: without outer blanks, its accents written in one way."""
    return unicodedata.normalize("NFC", text.strip())


def _tag(given: str, path: Path) -> str:
    text = tag_text(given)
    if len(text) > LONGEST_TAG:
        raise TooLarge(f"A tag has at most {LONGEST_TAG} characters.", path)
    if not text or _has_control(text):
        raise Invalid("A tag must not be empty, nor contain control characters.", path)
    return text


def idempotency_key(key: str | None, path: Path) -> str | None:
    """Check an idempotency key: 1 to 255 characters, no control characters."""
    if key is None:
        return None
    if len(key) > LONGEST_KEY:
        raise TooLarge(f"An idempotency key has at most {LONGEST_KEY} characters.", path)
    if not key or _has_control(key):
        raise Invalid("An idempotency key must not be empty, nor contain control characters.", path)
    return key


def fingerprint(value: Any) -> str:
    """Give 64 characters that stand for a value of JSON: the same for what is equal, whatever the order of keys."""
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def json_object(value: Any, path: Path) -> JsonObject | None:
    """Check configs or metadata: an object that Acontext keeps exactly, without reserved keys, at most 64 KiB."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Invalid("This must be a JSON object.", path)
    for key in value:
        if key == RESERVED or key in _UPSTREAMS_OWN:
            raise Invalid("This key is reserved.", (*path, key))
    # A value has two bytes at least, with what divides it from others; writing millions of them would take seconds.
    if exact_json(value, path) > LARGEST_JSON // 2 + 1 or len(gojson.dumps(value).encode()) > LARGEST_JSON:
        raise TooLarge(f"This has at most {LARGEST_JSON} bytes of JSON.", path)
    return value


def without_ours(value: JsonObject) -> JsonObject:
    """Give configs or metadata as clients see them."""
    return {name: each for name, each in value.items() if name != RESERVED} if RESERVED in value else value


class _TooDeep(Exception):
    """JSON is nested too deep."""


def exact_json(value: Any, path: Path, *, nul: bool = False) -> int:
    """Refuse what Acontext would change or choke on: lone surrogates, large or endless numbers, deep nesting.

    NUL characters only where `nul` says that they are kept: in messages they are, in metadata and configs not. Gives
    how many values there are.
    """
    way: list[str] = []
    try:
        return _exact(value, DEEPEST_JSON, way, nul=nul)
    except _TooDeep:
        raise Invalid(f"JSON may be nested {DEEPEST_JSON} deep.", path) from None
    except Invalid as problem:
        raise Invalid(problem.message, (*path, *reversed(way))) from None


def _exact(value: Any, levels: int, way: list[str], *, nul: bool) -> int:
    """Note in `way` where it is that something is refused, innermost first: no place of millions of others is noted."""
    if isinstance(value, dict):
        for key in value:
            exact_text(key, (), nul=nul)
    elif not isinstance(value, list):
        _exact_value(value, (), nul=nul)
        return 1
    if value and not levels:
        raise _TooDeep
    place: object = None
    count = 1
    try:
        for place, child in value.items() if isinstance(value, dict) else enumerate(value):  # noqa: B007 - for `except`
            count += _exact(child, levels - 1, way, nul=nul)
    except Invalid:
        way.append(str(place))
        raise
    return count


def _exact_value(value: Any, path: Path, *, nul: bool) -> None:
    if isinstance(value, str):
        exact_text(value, path, nul=nul)
    elif isinstance(value, int | float):
        _exact_number(value, path)
    elif value is not None:
        raise Invalid("This is a file, not JSON.", path)


def _exact_number(number: float, path: Path) -> None:
    if isinstance(number, float) and not math.isfinite(number):
        raise Invalid("A number beyond the range of 64-bit floats has no JSON form.", path)
    if isinstance(number, int) and abs(number) > LARGEST_INTEGER:
        raise Invalid("An integer beyond 2^53 would lose digits in Acontext; send it as a string.", path)


def exact_text(text: str, path: Path, *, nul: bool = False) -> None:
    """Refuse lone surrogates, which have no UTF-8 form, and NUL characters unless `nul` allows them."""
    if "\x00" in text and not nul:
        raise Invalid("NUL characters are not allowed here.", path)
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("This text is not valid Unicode: it contains a lone surrogate.", path) from None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)
