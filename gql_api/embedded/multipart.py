"""Cuts a multipart body into its parts, with the leniency and the strictness of Go's reader."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gql_api.embedded.forms import Malformed, decoded, media_type

_MOST_PARTS = 1000
_DISPOSITION = "content-disposition"
_BLANKS = frozenset({b" ", b"\t", b"\r", b"\n"})
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class FormPart:
    """A value or a file of a form; `filename` is as the client wrote it, empty for a value."""

    name: str
    filename: str
    data: bytes


def form_parts(body: bytes, boundary: str) -> Iterator[FormPart]:
    """Give the parts that have a name. Raises Malformed, also for a body that breaks off in the data of a part."""
    mark = b"--" + boundary.encode()
    opening = re.compile(rb"(?:\A|(?<=\n))" + re.escape(mark) + rb"(?:(--)[ \t]*(?:\r\n|\Z)|[ \t]*(\r?\n))").search(
        body
    )
    if opening is None:
        raise Malformed("no part begins")
    newline = opening[2] or b"\r\n"
    rest_of_line = re.compile(rb"(?:(--)[ \t]*(?:" + newline + rb"|\Z)|[ \t]*" + newline + b")")
    ended, at, count = bool(opening[1]), opening.end(), 0
    while not ended:
        count += 1
        headers, start = _headers(body, at)
        if headers is None:
            return
        end, after = _end(body, start, newline=newline, mark=mark)
        line = rest_of_line.match(body, after)
        if line is None or count > _MOST_PARTS:
            raise Malformed("no further part begins")
        name, filename = _names(headers.get(_DISPOSITION, ""))
        if name:
            yield FormPart(name, filename, body[start:end])
        ended, at = bool(line[1]), line.end()


def _end(body: bytes, start: int, *, newline: bytes, mark: bytes) -> tuple[int, int]:
    """Find where a part ends, and where the mark does that follows on a line of its own.

    The line break before the mark is not the part's. Files are large: nothing here may look at each of their bytes.
    """
    at = body.find(mark, start)
    while at >= 0:
        after = at + len(mark)
        if body[after : after + 1] in _BLANKS or body[after : after + 2] == b"--":
            if at - len(newline) >= start and body.endswith(newline, start, at):
                return at - len(newline), after
            if at == start and body.endswith(b"\n", 0, at):
                return at, after
        at = body.find(mark, at + 1)
    raise Malformed("the body breaks off")


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
