"""Reads queries, forms and media types as Go's standard library does; which of them counts is intake's matter."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE = re.compile(rf"\s*({_WORD}(?:/{_WORD})?)\s*")
_PARAMETER = re.compile(rf'\s*;\s*({_WORD})\s*=\s*(?:({_WORD})|"((?:[^"\\\r\n]|\\[^\r\n])*)")')
_QUOTED = re.compile(r'\\([()<>@,;:\\"/\[\]?=])')
_CHARSETS = ("us-ascii", "utf-8")
_AFTER_CHARSET = 2
"""A language, and the value."""

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Malformed(ValueError):
    """Text that Go refuses."""


def decoded(data: bytes) -> str:
    """Give text in which each byte that is no UTF-8 is one U+FFFD, where Python's own way may make one of several."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return re.sub("[\udc80-\udcff]", "\ufffd", data.decode(errors="surrogateescape"))


def pairs(encoded: bytes, *, strict: bool = True) -> dict[str, str]:
    """Read a query or a form; of several values the first counts. What Go refuses is left out unless `strict`."""
    found: dict[str, str] = {}
    for pair in encoded.split(b"&"):
        name, _, value = pair.partition(b"=")
        if b";" not in pair and not _BAD_ESCAPE.search(pair):
            if pair:
                found.setdefault(_unescaped(name), _unescaped(value))
        elif strict:
            raise Malformed("a pair is malformed")
    return found


def _unescaped(text: bytes) -> str:
    return decoded(unquote_to_bytes(text.replace(b"+", b" ")))


def media_type(header: str) -> tuple[str, Mapping[str, str]]:
    """Give a type, in lower case, and its parameters."""
    kind = _TYPE.match(header)
    if kind is None:
        raise Malformed("no media type")
    end = kind.end()
    parameters: dict[str, str] = {}
    while found := _PARAMETER.match(header, end):
        name, end = found[1].lower(), found.end()
        value = found[2] if found[2] is not None else _QUOTED.sub(r"\1", found[3])
        if parameters.setdefault(name, value) != value:
            raise Malformed("a parameter is given twice")
    if header[end:].strip() not in ("", ";"):
        raise Malformed("a parameter is malformed")
    return kind[1].lower(), {**parameters, **_extended(parameters)}


def _extended(parameters: Mapping[str, str]) -> dict[str, str]:
    """Give the parameters whose values name their character set, under the plain name."""
    found: dict[str, str] = {}
    for name, value in parameters.items():
        charset, *rest = value.split("'", 2)
        known = name.endswith("*") and len(rest) == _AFTER_CHARSET and charset.lower() in _CHARSETS
        if known and not _BAD_ESCAPE.search(rest[1].encode()):
            found[name.removesuffix("*")] = decoded(unquote_to_bytes(rest[1]))
    return found
