"""Cuts a multipart body into its parts, with the leniency and the strictness of Go's reader."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gql_api.embedded.forms import Malformed, decoded, media_type

_MOST_PARTS = 1000
_DISPOSITION = "content-disposition"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class FormPart:
    """A value or a file of a form; `filename` is as the client wrote it, empty for a value."""

    name: str
    filename: str
    data: bytes


def form_parts(body: bytes, boundary: str) -> Iterator[FormPart]:
    """Give the parts that have a name. Raises Malformed, also for a body that breaks off in the data of a part."""
    mark = re.escape(b"--" + boundary.encode())
    opening = re.compile(rb"(?:\A|(?<=\n))" + mark + rb"(?:(--)[ \t]*(?:\r\n|\Z)|[ \t]*(\r?\n))").search(body)
    if opening is None:
        raise Malformed("no part begins")
    newline = opening[2] or b"\r\n"
    closing = re.compile(b"(?:" + newline + rb"|(?<=\n))" + mark + rb"(?=[ \t\r\n]|--)")
    rest_of_line = re.compile(rb"(?:(--)[ \t]*(?:" + newline + rb"|\Z)|[ \t]*" + newline + b")")
    ended, at, count = bool(opening[1]), opening.end(), 0
    while not ended:
        count += 1
        headers, start = _headers(body, at)
        if headers is None:
            return
        end = _end(closing, body, start)
        line = rest_of_line.match(body, end.end())
        if line is None or count > _MOST_PARTS:
            raise Malformed("no further part begins")
        name, filename = _names(headers.get(_DISPOSITION, ""))
        if name:
            yield FormPart(name, filename, body[start : end.start()])
        ended, at = bool(line[1]), line.end()


def _end(closing: re.Pattern[bytes], body: bytes, start: int) -> re.Match[bytes]:
    """Find where a part ends: before a mark on a line of its own, whose line break is not the part's."""
    found = closing.search(body, start)
    while found is not None and found.start() > start and not found[0].startswith((b"\r", b"\n")):
        found = closing.search(body, found.start() + 1)
    if found is None:
        raise Malformed("the body breaks off")
    return found


def _headers(body: bytes, at: int) -> tuple[dict[str, str] | None, int]:
    """Read the headers of a part, none if they break off, and where its data begins. Of two the first counts."""
    found: dict[str, str] = {}
    name = ""
    while True:
        end = body.find(b"\n", at)
        line = decoded(body[at:end] if end >= 0 else body[at:]).removesuffix("\r")
        if not line:
            return (found if end >= 0 else None), end + 1
        name = _take_header(line, found, name)
        if end < 0:
            return None, at
        at = end + 1


def _take_header(line: str, found: dict[str, str], last: str) -> str:
    """Add a line to the headers, to the last one if it goes on; give the name."""
    if line.startswith((" ", "\t")) and last:
        found[last] += " " + line.strip()
        return last
    name, colon, value = line.partition(":")
    if not colon or not name or line.startswith((" ", "\t")) or _CONTROL.search(line):
        raise Malformed("a header is malformed")
    found.setdefault(name.lower(), value.strip())
    return name.lower()


def _names(disposition: str) -> tuple[str, str]:
    try:
        kind, parameters = media_type(disposition)
    except Malformed:
        return "", ""
    if kind != "form-data":
        return "", ""
    return parameters.get("name", ""), parameters.get("filename", "")
