"""Many mappings made by SQL, and how PostgreSQL finds its way to the rows that the program's own statements ask for."""

import hashlib
import json
import logging
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]

from gql_api.model import Session, SessionFilter, SessionPosition
from gql_api.store import erasures, forks, leases, mappings, noting, tags, transfer
from gql_api.store.changing import Change, Retagging, change

OWNER = "heavy@example.com"
EXPORTED = 500
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_ERASURE = UUID("11111111-1111-4111-8111-111111111111")
_OURS = re.compile("session_mappings|session_tags|message_texts")
_FILL = """
INSERT INTO session_mappings (id, user_identifier, title, title_folded, state, disk_id, disk_created_at, adopted,
                              nonce, created_at, updated_at, lease_until, pinned_at, archived_at, last_activity_at)
SELECT (md5('s' || n)::uuid), CASE WHEN n % 20 = 0 THEN 'heavy@example.com' ELSE 'user' || n % 10007 END,
       'Session ' || n, 'session ' || n,
       CASE WHEN n % 10000 = 1 THEN 'deleted' WHEN n % 50000 = 2 THEN 'deleting' ELSE 'ready' END,
       (md5('d' || n)::uuid), made, false, 'nonce', made, made, made,
       CASE WHEN n % 2000 = 0 THEN made END, CASE WHEN n % 3 = 0 THEN made END,
       CASE WHEN n % 40 = 0 THEN made + n % 1000 * interval '1 hour' END
FROM (SELECT n, timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second' AS made
      FROM generate_series(1, {count}) AS n) AS numbered
"""
_TAG = """
INSERT INTO session_tags (session_id, folded, tag, user_identifier)
SELECT id, tag, tag, user_identifier FROM session_mappings,
  LATERAL (VALUES ('work', 2), ('rare', 1000), ('other', 5)) AS tags (tag, every)
WHERE extract(epoch FROM created_at)::bigint / 20 % every = 0 AND state = 'ready'
  AND (user_identifier = 'heavy@example.com' OR extract(epoch FROM created_at)::bigint % 2 = 1)
"""
"""One user of every twentieth session, scattered over the whole table, as they come in the course of time."""
_FORK = """
INSERT INTO session_forks (session_id, source_id, cuts_before, with_files, begun_micros, settled_micros, files, done)
SELECT id, id, false, true, 0, 0, 0, 0 FROM session_mappings WHERE extract(epoch FROM created_at)::bigint % 100 = 7
"""
"""Many at once, for a table that is known to be empty is read through, as it should be."""


async def fill(url: str, count: int) -> float:
    """Make so many mappings, a twentieth of them one user's; return the seconds that it took."""
    begun = time.monotonic()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_FILL.format(count=count), timeout=600)
        # Each tag's session is looked up; while the table is thought to be empty, by reading it from end to end.
        await connection.execute("ANALYZE session_mappings", timeout=600)
        await connection.execute(_TAG, timeout=600)
        await connection.execute(_FORK, timeout=600)
        # A server that does not wait for its disk marks no row as visible to all before this.
        await connection.execute("CHECKPOINT", timeout=600)
        await connection.execute("VACUUM (FREEZE, ANALYZE) session_mappings, session_tags, session_forks", timeout=600)
    finally:
        await connection.close()
    return time.monotonic() - begun


@dataclass
class Sent(logging.Handler):
    """The statements that the program sends, with their values."""

    statements: list[tuple[str, list[Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record.args, tuple) or len(record.args) != 2:
            return
        statement, values = str(record.args[0]), list(record.args[1] or ())  # type: ignore[call-overload]
        if _OURS.search(statement):
            # Of one statement that is sent with each of several lists: SQLite has no values that are lists.
            is_many = statement.lstrip().startswith("INSERT") or (values and "?1" in statement)
            is_many = is_many and isinstance(values[0], list)
            self.statements.append((statement, values[0] if is_many else values))


@contextmanager
def listening() -> Iterator[Sent]:
    logger, sent = logging.getLogger("tortoise.db_client"), Sent()
    level = logger.level
    logger.addHandler(sent)
    logger.setLevel(logging.DEBUG)
    try:
        yield sent
    finally:
        logger.removeHandler(sent)
        logger.setLevel(level)


def _pages(place: SessionPosition, middle: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    def page(**cut: Any) -> Callable[[], Awaitable[Any]]:
        whole = {"where": SessionFilter(), "newest_first": True, "after": None, "before": None, "limit": 20}
        return lambda: mappings.page(OWNER, **{"from_end": False, **whole, **cut})

    return {
        "first page": page(),
        "last page": page(from_end=True),
        "deep page forward": page(after=place),
        "deep page backward": page(before=place, from_end=True),
        "deep page, oldest first": page(after=place, newest_first=False),
        "page of a time": page(where=SessionFilter(created_after=BEGUN, created_before=place.at)),
        "page by a frequent title": page(where=SessionFilter(title_contains="sess")),
        "page by a rare title": page(where=SessionFilter(title_contains=f"session {middle}")),
        "first page by activity": page(by_activity=True),
        "deep page by activity": page(by_activity=True, after=place),
        "deep page by activity, backward": page(by_activity=True, before=place, from_end=True),
        "page by activity of those not archived": page(by_activity=True, where=SessionFilter(archived=False)),
        "page of those not archived": page(where=SessionFilter(archived=False)),
        "page of the archived": page(where=SessionFilter(archived=True)),
        "page of the pinned": page(where=SessionFilter(pinned=True)),
        "page by a frequent tag": page(where=SessionFilter(tags=("work",))),
        "page by a rare tag": page(where=SessionFilter(tags=("rare",))),
        "page by two tags": page(where=SessionFilter(tags=("work", "other"), archived=False)),
    }


def _counts() -> dict[str, Callable[[], Awaitable[Any]]]:
    return {
        "count of the pinned": lambda: mappings.count(OWNER, SessionFilter(pinned=True)),
        "count by tags": lambda: mappings.count(OWNER, SessionFilter(tags=("work", "other"))),
        "count": lambda: mappings.count(OWNER, SessionFilter()),
        "count by title": lambda: mappings.count(OWNER, SessionFilter(title_contains="99")),
    }


def questions(count: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Name the hot questions, each as the program asks it of a table of so many rows."""
    middle = count // 40 * 20
    place = SessionPosition(BEGUN + timedelta(seconds=middle), _uuid("s", middle))
    now = BEGUN + timedelta(days=3650)
    last = Session(place.id, OWNER, None, _uuid("d", middle), now, place.at, now)
    seen = noting.Seen(now, noting.Opening("hello", now, is_start=True))
    ids, disks = [[_uuid(kind, n) for n in range(20, 2020, 20)] for kind in "sd"]

    return {
        **_pages(place, middle),
        **_counts(),
        "tags of a page": lambda: tags.of(ids),
        "openings of a page": lambda: noting.openings(ids),
        "by ids": lambda: mappings.ready(OWNER, ids),
        "by disks": lambda: mappings.ready_by_disk(OWNER, disks),
        "by id": lambda: mappings.find(ids[0]),
        "disk is bound": lambda: mappings.disk_is_bound(disks[0]),
        "rename": lambda: change(OWNER, ids[0], Change(title=("new",)), now=now),
        "change the tags": lambda: change(OWNER, ids[0], Change(retagging=Retagging(("a",), ("b",))), now=now),
        "note places and activity": lambda: noting.note([(ids[0], now, str(ids[1]))], dict.fromkeys(ids[:50], seen)),
        "take the lease": lambda: leases.take(OWNER, ids[0], holder="bench", seconds=1.0),
        "forks of a user": lambda: forks.count(OWNER),
        "a fork": lambda: forks.find(ids[0]),
        "claims of the sweep": lambda: mappings.claim_unfinished(now=now, lease_until=now, limit=1),
        "choose whom to erase": lambda: erasures.next_ones(OWNER, limit=16),
        "begin to erase": lambda: erasures.entomb(OWNER, ids[0], now=now, lease_until=now),
        "open ones of a user": lambda: mappings.claim_unfinished(
            now=now, lease_until=now, limit=1, user_identifier=OWNER
        ),
        "tombstones of a user": lambda: erasures.forget_tombstones(OWNER, limit=16),
        "what is left of a user": lambda: erasures.left(OWNER),
        "end of an erasure": lambda: erasures.end(erasures.Open(_ERASURE, OWNER), now=now),
        "export, first page": lambda: transfer.page(None, EXPORTED),
        "export, next page": lambda: transfer.page(last, EXPORTED),
        "purge": lambda: mappings.purge_tombstones(before=now),
    }


@dataclass(frozen=True)
class Plan:
    """One statement's plan: the nodes from the outermost on, and what was really read."""

    statement: str
    nodes: list[dict[str, Any]]
    milliseconds: float

    def scans(self) -> list[str]:
        """Say how tables and indexes are read: each scan, its index, and the columns that narrow it.

        Left out is the one step that tells whether the user is being erased.
        """
        return [
            " ".join(filter(None, (node["Node Type"], node.get("Index Name"), node.get("Index Cond"))))
            for node in self.nodes
            if "Scan" in node["Node Type"] and node.get("Index Name") != "erasures_user_identifier_key"
        ]

    def rows_read(self) -> int:
        """Count the rows that were looked at, those that a filter threw away included."""
        return sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in self.nodes
            if "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Index Scan"
        )


async def plans(url: str, sent: Sent) -> list[Plan]:
    """Explain each statement with the values that it was sent with; what it would change is rolled back."""
    connection = await asyncpg.connect(url)
    try:
        return [await _plan(connection, *statement) for statement in sent.statements]
    finally:
        await connection.close()


async def _plan(connection: Any, statement: str, values: list[Any]) -> Plan:
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values)
    finally:
        await transaction.rollback()
    [explained] = json.loads(text)
    return Plan(statement, list(_nodes(explained["Plan"])), explained["Execution Time"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def _uuid(kind: str, number: int) -> UUID:
    return UUID(hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())


def fill_sqlite(file: str, count: int) -> None:
    """Make so many mappings in SQLite, a twentieth of them one user's."""
    rows = (
        (
            str(_uuid("s", n)),
            OWNER if n % 20 == 0 else f"user{n % 10007}",
            f"Session {n}",
            f"session {n}",
            "ready",
            str(_uuid("d", n)),
            *[str(BEGUN + timedelta(seconds=n))] * 4,
            *[str(BEGUN) if n % every == 0 else None for every in (2000, 3)],
            str(BEGUN + timedelta(seconds=n, hours=n % 1000)) if n % 40 == 0 else None,
        )
        for n in range(1, count + 1)
    )
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO session_mappings (id, user_identifier, title, title_folded, state, disk_id, disk_created_at,"
            " created_at, updated_at, lease_until, pinned_at, archived_at, last_activity_at, adopted,"
            " nonce) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'nonce')",
            rows,
        )
        connection.executemany(
            "INSERT INTO session_tags (session_id, folded, tag, user_identifier) VALUES (?, ?, ?, ?)",
            (
                (str(_uuid("s", n)), tag, tag, OWNER)
                for n in range(20, count + 1, 20)
                for tag, every in (("work", 2), ("rare", 1000), ("other", 5))
                if n // 20 % every == 0
            ),
        )
