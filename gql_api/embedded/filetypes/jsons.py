"""Tells JSON from text, as leniently as upstream's detector does, and what special kind of JSON it is.

The detector sees only the head of a file, so text that breaks off counts as JSON. After a value that is none it goes
on one byte later; what it takes for JSON by that is taken here too.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from gql_api.embedded.filetypes.rule import LOOKED_AT
from gql_api.embedded.filetypes.scanning import BLANKS, Cursor

_SPACES = b" \t\r\n"
_SPACE_RUN = re.compile(rb"[ \t\r\n]*")
_DIGIT_RUN = re.compile(rb"[0-9]*")
_PLAIN_RUN = re.compile(rb'[^"\\]*')
_HEX = b"0123456789abcdefABCDEF"
_CONSTANTS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_IN_ARRAY = b"["

Steps = Generator["Steps", int, int]
"""A reader that hands out the reader of an inner value, is sent how far that came, and returns how far it came itself.

So depth costs no stack."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key to find, by the keys that lead to it, and what its value may be; with no values any will do."""

    path: tuple[bytes, ...]
    values: frozenset[bytes] = frozenset()


_GEOMETRIES = ("Feature", "FeatureCollection", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString")
_ALL_GEOMETRIES = (*_GEOMETRIES, "MultiPolygon", "GeometryCollection")
GEO = (Wanted((b"type",), frozenset(f'"{name}"'.encode() for name in _ALL_GEOMETRIES)),)
HAR = tuple(Wanted((b"log", key)) for key in (b"version", b"creator", b"entries"))
GLTF = (Wanted((b"asset", b"version"), frozenset((b'"1.0"', b'"2.0"'))),)


def is_json(data: bytes, wanted: Sequence[Wanted] = (), *, first: bytes = b"{[") -> bool:
    """Tell whether it is an object or an array (as `first` allows) in which one of the wanted is found."""
    stripped = data.lstrip(BLANKS)
    if stripped[:1] not in (first[:1], first[1:]) or not stripped:
        return False
    if wanted and not any(b'"' + one.path[0] + b'"' in data for one in wanted):
        return False
    reader = _Reader(data, wanted)
    parsed = reader.read()
    if not reader.satisfied:
        return False
    return parsed == len(data) if len(data) < LOOKED_AT else reader.inspected == len(data)


def is_json_lines(data: bytes) -> bool:
    """Tell whether there are several lines, each JSON or empty, and some an object or an array."""
    cursor = Cursor(data)
    lines = composite = 0
    while not cursor.at_end():
        line = cursor.line()
        reader = _Reader(line, ())
        reader.read()
        if reader.inspected != len(line):
            return False
        lines += 1
        composite += line.lstrip(_SPACES)[:1] in (b"{", b"[")
    return lines > 1 and composite > 0


def _run(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Give where a run ends; it may be empty."""
    found = pattern.match(data, at)
    return found.end() if found else at


class _Reader:
    """Reads one value. `inspected` counts the bytes that were looked at and fitted, some twice after a fault."""

    def __init__(self, data: bytes, wanted: Sequence[Wanted]) -> None:
        self._data = data
        self._wanted = wanted
        self._path: list[bytes] = []
        self.inspected = 0
        self.satisfied = not wanted

    def read(self) -> int:
        """Give how far the value reaches."""
        stack = [self._any(0)]
        came = 0
        sent: int | None = None
        while stack:
            try:
                stack.append(stack[-1].send(sent))  # type: ignore[arg-type]
                sent = None
            except StopIteration as end:
                stack.pop()
                came = sent = end.value
        return came

    def _any(self, start: int) -> Steps:
        at = self._spaces(start)
        if at >= len(self._data):
            return start
        first = self._data[at]
        if first in b'"[{':
            self.inspected += 1
            end = yield from self._composite(first, at + 1)
            at += 1
        elif first in _CONSTANTS:
            end = self._constant(_CONSTANTS[first], at)
        else:
            end = self._number(at)
        return at if end < 0 else self._spaces(end)

    def _composite(self, first: int, at: int) -> Steps:
        if first == ord('"'):
            return self._string(at)
        inner = self._array(at) if first == ord("[") else self._object(at)
        return (yield from inner)

    def _spaces(self, at: int) -> int:
        end = _run(_SPACE_RUN, self._data, at)
        self.inspected += end - at
        return end

    def _constant(self, word: bytes, at: int) -> int:
        fitting = 0
        while fitting < len(word) and self._data[at + fitting : at + fitting + 1] == word[fitting : fitting + 1]:
            fitting += 1
        self.inspected += fitting
        return at + len(word) if fitting == len(word) else -1

    def _string(self, at: int) -> int:
        """Read from behind the opening quote."""
        start, end = at, -1
        while end < 0 and at < len(self._data):
            at = _run(_PLAIN_RUN, self._data, at)
            byte = self._data[at] if at < len(self._data) else 0
            at = min(at + 1, len(self._data))
            if byte == ord('"'):
                end = at
            elif byte == ord("\\"):
                after = self._escape(at)
                if after < 0:
                    self.inspected += ~after - start
                    return -1
                at = after
        self.inspected += at - start
        return end

    def _escape(self, at: int) -> int:
        """Give the place after an escape, or the inverse of the place where it went wrong."""
        byte = self._data[at : at + 1]
        if not byte or byte not in b'"\\/bfnrtu':
            return ~at
        at += 1
        if byte != b"u":
            return at
        for _ in range(4):
            if at < len(self._data) and self._data[at] not in _HEX:
                return ~at
            at = min(at + 1, len(self._data))
        return at

    def _number(self, start: int) -> int:
        at, digits = start, 0
        at += self._data.startswith(b"-", at)
        for before in (b"", b"."):
            at += bool(before) and self._data.startswith(before, at)
            digits -= at
            at = self._digits(at)
            digits += at
        if digits and self._data[at : at + 1] in (b"e", b"E"):
            at += 1
            at += self._data[at : at + 1] in (b"+", b"-")
            digits = -at
            at = self._digits(at)
            digits += at
        self.inspected += at - start
        return at if digits else -1

    def _digits(self, at: int) -> int:
        return _run(_DIGIT_RUN, self._data, at)

    def _array(self, at: int) -> Steps:
        self._enter(_IN_ARRAY)
        while at < len(self._data):
            at = self._spaces(at)
            if self._takes(b"]", at):
                self._leave()
                return at + 1
            if at >= len(self._data):
                break
            came = yield self._any(at)
            if came == at:
                break
            at = came
            # A list that is not empty is never left: what comes after it is not found by its path.
            if self._takes(b"]", at):
                return at + 1
            if not self._takes(b",", at):
                break
            at += 1
        return -1

    def _object(self, at: int) -> Steps:
        while at < len(self._data):
            at = self._spaces(at)
            if self._takes(b"}", at):
                return at + 1
            at, matched = self._key(at)
            if at < 0:
                break
            came = yield self._any(at)
            if came == at:
                break
            self._compare(matched, self._data[at:came])
            at = came
            if self._takes(b"}", at):
                self._leave()
                return at + 1
            if not self._takes(b",", at):
                break
            self._leave()
            at += 1
        return -1

    def _key(self, at: int) -> tuple[int, Wanted | None]:
        """Read a key and its colon; give where the value begins and what is wanted there."""
        if not self._takes(b'"', at):
            return -1, None
        end = self._string(at + 1)
        if end < 0:
            return -1, None
        self._enter(self._data[at + 1 : end - 1])
        path = tuple(self._path)
        matched = None if self.satisfied else next((one for one in self._wanted if one.path == path), None)
        at = self._spaces(end)
        if not self._takes(b":", at):
            return -1, None
        at = self._spaces(at + 1)
        return (at, matched) if at < len(self._data) else (-1, None)

    def _compare(self, matched: Wanted | None, value: bytes) -> None:
        if matched is not None and (not matched.values or value.strip() in matched.values):
            self.satisfied = True

    def _takes(self, byte: bytes, at: int) -> bool:
        found = self._data.startswith(byte, at) and at < len(self._data)
        self.inspected += found
        return found

    def _enter(self, name: bytes) -> None:
        if self._wanted:
            self._path.append(name)

    def _leave(self) -> None:
        if self._wanted:
            self._path.pop()
