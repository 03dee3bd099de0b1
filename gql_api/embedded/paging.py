"""Cursors and pages, the same for every list: keyset on creation time, then id."""

import base64
import binascii
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gql_api.embedded.intake import parse_uuid

NIL = "00000000-0000-0000-0000-000000000000"
_NANOSECONDS = 1000
_FURTHEST = 2**63
_CURSOR = re.compile("[A-Za-z0-9_-]+")
_MOMENT = re.compile("[+-]?[0-9]{1,30}")


class BadCursor(ValueError):
    """A cursor that no list ever gave out."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: just after the item with this time and id."""

    moment: int
    id: str


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list to read; `limit` 0 is all."""

    limit: int
    after: Place | None
    newest_first: bool

    def rows(self, connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        """Read one row more than the limit. `query` ends in its WHERE condition."""
        ordered, direction = ("<", "DESC") if self.newest_first else (">", "ASC")
        if self.after:
            query += f" AND (created_at, id) {ordered} (?, ?)"
            values = [*values, self.after.moment, self.after.id]
        query += f" ORDER BY created_at {direction}, id {direction}"
        if self.limit:
            query += f" LIMIT {self.limit + 1}"
        return connection.execute(query, values).fetchall()


def write_cursor(row: sqlite3.Row) -> str:
    plain = f"{row['created_at'] * _NANOSECONDS}|{row['id']}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Place | None:
    """Read a cursor; none, and one with the nil UUID, is the start of the list. Raises BadCursor."""
    if not text:
        return None
    if not _CURSOR.fullmatch(text):
        raise BadCursor(text)
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        nanoseconds, _, item = plain.partition("|")
        moment = int(nanoseconds) if _MOMENT.fullmatch(nanoseconds) else _FURTHEST
    except (ValueError, binascii.Error) as error:
        raise BadCursor(text) from error
    found = parse_uuid(item)
    if found is None or abs(moment) >= _FURTHEST:
        raise BadCursor(text)
    return None if found == NIL else Place(moment=(moment + _NANOSECONDS // 2) // _NANOSECONDS, id=found)


def page(rows: list[sqlite3.Row], window: Window, show: Callable[[sqlite3.Row], dict[str, Any]]) -> dict[str, Any]:
    """Make a page of rows that were read through the window."""
    has_more = bool(window.limit) and len(rows) > window.limit
    shown = rows[: window.limit] if has_more else rows
    made: dict[str, Any] = {"items": [show(row) for row in shown], "has_more": has_more}
    if has_more:
        made["next_cursor"] = write_cursor(shown[-1])
    return made
