"""The list of one user's sessions: what is in it, and a page of it, as the text of a statement and its values."""

import re
from functools import lru_cache
from typing import Any, TypedDict

from gql_api import model
from gql_api.store.rows import OF_SESSION, folded, not_erased, utc
from gql_api.store.statements import Row, Statement
from gql_api.store.tags import MOST as MOST_TAGS
from gql_api.store.tags import by_fold as tags_by_fold

_LONGEST_PATTERN = 10_000
"""More than any title has characters; SQLite refuses patterns of 50 000 bytes."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_ACTIVITY = "COALESCE(last_activity_at, created_at)"
"""As the index of the activity has it."""
_TAGGED = "id IN (SELECT session_id FROM session_tags WHERE user_identifier = {} AND folded = {})"
_OF_PATTERNS = re.compile(r"[\\%_]")


class Cut(TypedDict):
    """Where a page is cut out of its list. `from_end` keeps the last `limit` of what the bounds leave."""

    after: model.SessionPosition | None
    before: model.SessionPosition | None
    limit: int
    from_end: bool


class Listed:
    """An owner's ready sessions that match; of several conditions all hold."""

    def __init__(self, owner: str, where: model.SessionFilter) -> None:
        self._conditions: list[str] = []
        self._values: list[Any] = []
        self._add("user_identifier = {} AND state = 'ready'", owner)
        self._add(not_erased("{}"), owner)
        if where.title_contains:
            self._add_title(where.title_contains)
        if where.created_after:
            self._add("created_at > {}", utc(where.created_after))
        if where.created_before:
            self._add("created_at < {}", utc(where.created_before))
        for column, is_set in (("archived_at", where.archived), ("pinned_at", where.pinned)):
            if is_set is not None:
                self._add(f"{column} IS {'NOT ' if is_set else ''}NULL")
        if where.tags:
            self._add_tags(owner, where.tags)

    async def page(self, cut: Cut, *, newest_first: bool, by_activity: bool) -> list[Row]:
        """Give the rows of a page and, if there is one, of the session behind where `limit` cuts it."""
        time = _ACTIVITY if by_activity else "created_at"
        if place := cut["after"]:
            self._add_bound(time, place, is_beyond=not newest_first)
        if place := cut["before"]:
            self._add_bound(time, place, is_beyond=newest_first)
        order = "DESC" if newest_first != cut["from_end"] else "ASC"
        limit = self._place(cut["limit"] + 1)
        tail = f"ORDER BY {time} {order}, id {order} LIMIT {limit}"
        return await self._ask(", ".join(OF_SESSION), tail)

    async def count(self) -> int:
        """Count them."""
        [row] = await self._ask("COUNT(*) AS count")
        return int(row["count"])

    async def _ask(self, what: str, tail: str = "") -> list[Row]:
        conditions = " AND ".join(self._conditions)
        text = f"SELECT {what} FROM session_mappings WHERE {conditions} {tail}"  # noqa: S608 - our own words
        return await _statement(text).rows(*self._values)

    def _add_bound(self, time: str, place: model.SessionPosition, *, is_beyond: bool) -> None:
        """Bound the list by a place, as row values: a range of the index, which a chain of ORs is not."""
        sign = ">" if is_beyond else "<"
        at = utc(place.at)
        self._add(f"({time}, id) {sign} ({{}}, {{}})", at, place.id)
        if time is _ACTIVITY:  # SQLite finds no range of an index of expressions by row values
            self._add(f"{time} {sign}= {{}}", at)

    def _add_title(self, text: str) -> None:
        """Match titles that contain this text; what no database can hold, or no pattern, is in no title."""
        wanted = folded(text)
        if len(wanted) > _LONGEST_PATTERN or not _is_storable(wanted):
            self._add("FALSE")
            return
        pattern = _OF_PATTERNS.sub(r"\\\g<0>", wanted)
        self._add(r"title_folded LIKE {} ESCAPE '\'", f"%{pattern}%")

    def _add_tags(self, owner: str, tags: tuple[str, ...]) -> None:
        """Match sessions that have all of these tags."""
        wanted = tags_by_fold(tags)
        if len(wanted) > MOST_TAGS or not all(map(_is_storable, wanted)):
            self._add("FALSE")
            return
        for fold in wanted:
            self._add(_TAGGED, owner, fold)

    def _add(self, condition: str, *values: Any) -> None:
        self._conditions.append(condition.format(*map(self._place, values)))

    def _place(self, value: Any) -> str:
        self._values.append(value)
        return f"${len(self._values)}"


def _is_storable(text: str) -> bool:
    """Tell whether both databases could hold this text."""
    return "\0" not in text and not _SURROGATE.search(text)


@lru_cache(maxsize=256)
def _statement(text: str) -> Statement:
    return Statement(text)
