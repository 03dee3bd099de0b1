"""The text of a file as upstream shows and searches it: its kind by extension, then by type; binary files have none."""

import codecs
import json
import math
import re
from typing import Any

import orjson

from gql_api.embedded import forms, paths

_PIECE = 256 * 1024
_CODE = re.compile(
    r"\.(?:astro|bash|cmake|cpp|cs|c|dockerfile|go|gql|graphql|hpp|h|java|jsx?|kt|lua|makefile|m|php|pl|proto|py|rb|"
    r"rs|r|scala|sh|sql|svelte|swift|thrift|tsx?|vim|vue|zsh)"
)
_CODE_TYPE = re.compile(
    r"text/(?:x-(?:go|python|java-source|c|php|ruby|rust|swift|kotlin|scala|shellscript|r|perl|lua|vim|dockerfile|"
    r"makefile|protobuf|thrift)|javascript|typescript)|application/(?:javascript|typescript|sql|graphql)"
)
_TEXT = re.compile(r"\.(?:txt|md|markdown|log|ya?ml|xml|html?)")
_TEXT_TYPE = ("text/", "application/xml", "application/x-yaml")
_SURROGATES = re.compile("[\ud800-\udfff]")
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"|[^",\n]*)(?=[,\n]|\Z)'
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*(?:\n|\Z)")
_QUOTED = re.compile(rb'"[^"]*"')


def kind(data: bytes, *, filename: str, mime: str) -> str | None:
    """Give json, csv, code or text; None if the content is not shown. Slow when it is large."""
    suffix = paths.extension(filename)
    if suffix == ".json" or mime.startswith("application/json"):
        return "json" if _is_json(data) else None
    if suffix == ".csv" or mime.startswith("text/csv"):
        return "csv" if _is_csv(data) else None
    if _CODE.fullmatch(suffix) or _CODE_TYPE.match(mime):
        return "code"
    return "text" if _TEXT.fullmatch(suffix) or mime.startswith(_TEXT_TYPE) else None


def text(data: bytes) -> str:
    """Give the text; each byte that is no UTF-8 becomes U+FFFD."""
    return forms.decoded(data)


def json_text(data: bytes) -> bytes:
    """Give the text as JSON, made piece by piece, as no other thread runs while a piece is made."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    pieces = [decoder.decode(data[start : start + _PIECE]) for start in range(0, len(data), _PIECE)]
    pieces.append(decoder.decode(b"", final=True))
    return b'"' + b"".join(orjson.dumps(_SURROGATES.sub("\ufffd", piece))[1:-1] for piece in pieces) + b'"'


def _is_json(data: bytes) -> bool:
    """Tell whether it is JSON, with control characters in texts and bytes that are no UTF-8 allowed."""
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return _is_odd_json(data)
    return True


def _is_odd_json(data: bytes) -> bool:
    try:
        json.loads(text(data), strict=False, parse_constant=_refused, parse_float=_finite, parse_int=_finite)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(_name: str) -> Any:
    raise ValueError


def _finite(digits: str) -> float:
    if not math.isfinite(float(digits)):
        raise ValueError
    return 0.0


def _is_csv(data: bytes) -> bool:
    """Tell whether every record has as many fields as the first, and quotes are only where Go's reader wants them."""
    plain = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if b'"' not in plain:
        return len({line.count(b",") for line in plain.split(b"\n") if line}) <= 1
    widths: set[int] = set()
    at = 0
    while at < len(plain) and len(widths) <= 1:
        record = _RECORD.match(plain, at)
        if record is None:
            return False
        at = record.end()
        if record[0] != b"\n":
            widths.add(_QUOTED.sub(b"", record[0]).count(b","))
    return len(widths) <= 1
