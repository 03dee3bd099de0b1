"""Looks through a disk: listing a directory, searching texts, finding paths; always in sorted order."""

import sqlite3
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import contents, disks, intake, paths
from gql_api.embedded.artifacts import show
from gql_api.embedded.envelope import database_error, many, ok
from gql_api.embedded.patterns import BadPattern, Searcher, before_dangling_escape, like
from gql_api.embedded.store import Store

_DEFAULT_LIMIT = 100
_MANY = 500
"""More files in a directory are a large answer."""
_FILES = "SELECT * FROM artifacts WHERE disk_id = ? AND path = ? ORDER BY filename"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM artifacts WHERE disk_id = ? AND path = ? LIMIT ?)"
_PATHS = "SELECT DISTINCT path FROM artifacts WHERE disk_id = ?"
_TEXTS = """
    SELECT * FROM artifacts
    WHERE disk_id = ? AND content_type IS NOT NULL AND size > 0
        AND (mime LIKE 'text/%' OR mime = 'application/json' OR mime LIKE 'application/x-%')
    ORDER BY path, filename
"""
_MATCHING = r"""
    SELECT * FROM artifacts WHERE disk_id = ? AND (path || filename) LIKE ? ESCAPE '\'
    ORDER BY path, filename LIMIT ?
"""


async def list_directory(store: Store, request: Request) -> Response:
    disk_id = intake.path_id(request, "disk_id")
    directory = paths.require_directory(intake.text(request, "path", strict=False))

    def read(connection: sqlite3.Connection) -> Response:
        disks.require(connection, disk_id)
        files = connection.execute(_FILES, (disk_id, directory)).fetchall()
        all_paths = [row["path"] for row in connection.execute(_PATHS, (disk_id,))]
        directories = paths.children(directory, all_paths)
        return ok({"artifacts": many(show(row) for row in files), "directories": directories})

    def is_large(connection: sqlite3.Connection) -> bool:
        found: int = connection.execute(_COUNT, (disk_id, directory, _MANY + 1)).fetchone()[0]
        return found > _MANY

    return await store.database.read(read, large=is_large)


async def grep(store: Store, request: Request) -> Response:
    """Find files whose text matches a regular expression."""
    disk_id = intake.path_id(request, "disk_id")
    pattern, limit = _search(request)

    def read(connection: sqlite3.Connection) -> Response:
        disks.require(connection, disk_id)
        hits = []
        for row in _matching_texts(connection, store, disk_id, Searcher(pattern)):
            hits.append(show(row))
            if len(hits) == limit:
                break
        return ok(hits)

    try:
        return await store.database.search(read)
    except BadPattern as error:
        raise database_error() from error


def _matching_texts(
    connection: sqlite3.Connection, store: Store, disk_id: str, searcher: Searcher
) -> Iterator[sqlite3.Row]:
    for row in connection.execute(_TEXTS, (disk_id,)):
        if searcher.found_in(contents.text(store.storage.read(row["sha256"]))):
            yield row


async def glob(store: Store, request: Request) -> Response:
    """Find files whose whole path matches a pattern."""
    disk_id = intake.path_id(request, "disk_id")
    pattern, limit = _search(request)
    wanted = like(pattern)

    def read(connection: sqlite3.Connection) -> Response:
        disks.require(connection, disk_id)
        wrong = before_dangling_escape(wanted)
        if wrong is not None and connection.execute(_MATCHING, (disk_id, wrong, 1)).fetchone():
            raise database_error()
        rows = connection.execute(_MATCHING, (disk_id, wanted, limit)).fetchall() if wrong is None else []
        return ok([show(row) for row in rows])

    try:
        return await store.database.read(read)
    except (BadPattern, sqlite3.OperationalError) as error:
        raise database_error() from error


def _search(request: Request) -> tuple[str, int]:
    limit = intake.limit(request, default=0, least=0, strict=False)
    return intake.text(request, "query", required=True, strict=False), limit or _DEFAULT_LIMIT
