"""Reads files of mappings, CSV or NDJSON, a line at a time; whether a row may be taken over is told in `importing`."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID

from gql_api.errors import Correctable, Invalid
from gql_api.refusal import Refusal
from gql_api.services import rules
from gql_api.services.transfer import COLUMNS, OPTIONAL, Format

_LONGEST = 1 << 20
"""Bytes of a line that are looked at: more than any that is right can have."""
_BOM = "\ufeff"
_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_CELL = re.compile(r'("[^"]*(?:""[^"]*)*"|[^,\r\n]*)(?:,|\r?\n?$)')


class UnfitFile(Refusal):
    """The file's columns are not ours."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line whose values are what they must be."""

    line: int
    user: str
    session: UUID
    disk: UUID
    title: str | None
    created_at: datetime
    pinned_at: datetime | None = None
    archived_at: datetime | None = None
    last_activity_at: datetime | None = None
    tags: tuple[str, ...] = ()
    forked_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is refused."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.message}"


_TIMES = ("pinned_at", "archived_at", "last_activity_at")
_Record = tuple[int, dict[str, Any]]


def read(file: BinaryIO, format: Format, *, reserved_prefix: str) -> Iterator[Row | Problem]:
    """Read row by row, no more than a row at a time; raise `UnfitFile` when the columns are not ours."""
    for record in _csv(_Lines(file)) if format == "csv" else _ndjson(_Lines(file)):
        yield record if isinstance(record, Problem) else _row(record, reserved_prefix)


class _Lines:
    """The lines of a file, as text; `taken` has those that were read since it was emptied."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = _BOM
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        piece = self._file.readline(_LONGEST)
        if not piece:
            raise StopIteration
        rest = piece
        while len(rest) == _LONGEST and not rest.endswith(b"\n"):
            rest = self._file.readline(_LONGEST)
        # What is not UTF-8 becomes lone surrogates, which the rules refuse.
        text = piece.decode("utf-8", "surrogateescape").removeprefix(self._start)
        self._start = ""
        self.taken.append(text)
        return text


def _csv(lines: _Lines) -> Iterator[_Record | Problem]:
    reader = csv.reader(lines, strict=True)
    columns = _header(reader)
    while True:
        lines.taken.clear()
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(first, "csv", f"{error}; read up to line {reader.line_num}.")
            continue
        if len(cells) == len(columns):
            yield first, _named(columns, cells, "".join(lines.taken))
        elif cells:
            yield Problem(first, "csv", f"{len(cells)} cells, where the header has {len(columns)}.")


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UnfitFile(f"the header cannot be read: {error}") from None
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in COLUMNS if name not in columns and name not in OPTIONAL]
    if unknown:
        raise UnfitFile(f"unknown columns: {', '.join(map(repr, unknown))[:500]}; there are {', '.join(COLUMNS)}.")
    if missing:
        raise UnfitFile(f"missing columns: {', '.join(missing)}.")
    if len(set(columns)) < len(columns):
        raise UnfitFile("a column is there twice.")
    return columns


def _named(columns: list[str], cells: list[str], text: str) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(columns, cells, strict=True))
    for name in OPTIONAL:
        if values.get(name) == "" and not _is_quoted(text, columns.index(name)):
            values[name] = None
    if isinstance(tags := values.get("tags"), str):
        found = _json(tags)
        values["tags"] = tags if found is None else found
    return values


def _is_quoted(text: str, column: int) -> bool:
    """Tell whether an empty cell is an empty title or none: the csv module does not, before Python 3.12."""
    place = 0
    for _ in range(column):
        cell = _CELL.match(text, place)
        place = cell.end() if cell else place
    return text.startswith('"', place)


def _ndjson(lines: _Lines) -> Iterator[_Record | Problem]:
    for number, text in enumerate(lines, 1):
        lines.taken.clear()
        if not text.strip():
            continue
        value = _json(text)
        if not isinstance(value, dict):
            yield Problem(number, "json", "This is no JSON object in which each name is there once.")
        elif unknown := sorted(value.keys() - set(COLUMNS)):
            yield Problem(number, unknown[0][:100], f"There is no such field; there are {', '.join(COLUMNS)}.")
        else:
            yield number, value


def _json(text: str) -> Any:
    """Read JSON; None where it is none."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a name is there twice")
    return value


def _row(record: _Record, reserved_prefix: str) -> Row | Problem:
    line, values = record
    try:
        return Row(
            line,
            user=rules.user(_text(values, "user"), ("user",), reserved_prefix=reserved_prefix),
            session=_id(values, "session"),
            disk=_id(values, "disk"),
            title=None if values.get("title") is None else rules.title(_text(values, "title"), ("title",)),
            created_at=_moment(values, "created_at"),
            **{name: _moment(values, name) for name in _TIMES if values.get(name) is not None},
            tags=_tags(values),
            forked_from=None if values.get("forked_from") is None else _id(values, "forked_from"),
        )
    except Correctable as wrong:
        return Problem(line, wrong.path[0], wrong.message)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None or (value == "" and name != "title"):
        raise Invalid("This is missing.", (name,))
    if not isinstance(value, str):
        raise Invalid("This must be text.", (name,))
    rules.exact_text(value, (name,), nul=True)
    return value


def _id(values: dict[str, Any], name: str) -> UUID:
    text = _text(values, name)
    if not _UUID.fullmatch(text):
        raise Invalid("This is no UUID.", (name,))
    id = UUID(text)
    if id.int == 0:
        raise Invalid("The nil UUID names nothing.", (name,))
    return id


def _moment(values: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(values, name))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("This is no time by ISO 8601, such as 2026-01-31T12:00:00.123456Z.", (name,)) from None


def _tags(values: dict[str, Any]) -> tuple[str, ...]:
    given = values.get("tags")
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        raise Invalid("This must be a JSON array of texts.", ("tags",))
    return rules.tags(given, ("tags",))
