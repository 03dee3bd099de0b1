"""Disks; the files on them are in artifacts.py."""

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, intake, paging, users
from gql_api.embedded.envelope import Refusal, database_error, done, ok
from gql_api.embedded.store import Store

_DEFAULT_PAGE = 20
_CONTENTS = "SELECT DISTINCT sha256 FROM artifacts WHERE disk_id = ?"


def exists(connection: sqlite3.Connection, disk_id: str) -> bool:
    return connection.execute("SELECT 1 FROM disks WHERE id = ?", (disk_id,)).fetchone() is not None


def disk_not_found() -> Refusal:
    return Refusal(404, "disk not found or access denied")


def require(connection: sqlite3.Connection, disk_id: str) -> None:
    """Refuse an unknown disk as upstream does when its files are asked for."""
    if not exists(connection, disk_id):
        raise Refusal(403, "access denied: disk does not belong to this project")


def _show(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    times = {name: clock.text(row[name]) for name in ("created_at", "updated_at")}
    return {"id": row["id"], "project_id": store.project_id, "user_id": row["user_id"], **times}


async def create(store: Store, request: Request) -> Response:
    identifier = intake.text_field(await intake.body(request), "user")

    def insert(connection: sqlite3.Connection) -> sqlite3.Row:
        user_id = users.get_or_create(connection, store, identifier)
        disk_id, now = str(uuid4()), store.clock.tick()
        connection.execute("INSERT INTO disks VALUES (?, ?, ?, ?)", (disk_id, user_id, now, now))
        row: sqlite3.Row = connection.execute("SELECT * FROM disks WHERE id = ?", (disk_id,)).fetchone()
        return row

    return ok(_show(store, await store.database.write(insert)), status=201)


async def list_page(store: Store, request: Request) -> Response:
    limit = intake.limit(request, default=_DEFAULT_PAGE)
    newest_first = intake.flag(request, "time_desc", default=False)
    identifier = intake.text(request, "user")
    try:
        after = paging.read_cursor(intake.text(request, "cursor"))
    except paging.BadCursor as error:
        raise database_error() from error
    window = paging.Window(limit=limit, after=after, newest_first=newest_first)

    def read(connection: sqlite3.Connection) -> list[sqlite3.Row]:
        if not identifier:
            return window.rows(connection, "SELECT * FROM disks WHERE TRUE", [])
        user_id = users.find(connection, identifier)
        return window.rows(connection, "SELECT * FROM disks WHERE user_id = ?", [user_id])

    rows = await store.database.read(read)
    return ok(paging.page(rows, window, lambda row: _show(store, row)))


async def delete(store: Store, request: Request) -> Response:
    disk_id = intake.path_id(request, "disk_id")

    def remove(connection: sqlite3.Connection) -> None:
        if not exists(connection, disk_id):
            raise disk_not_found()
        for row in connection.execute(_CONTENTS, (disk_id,)).fetchall():
            store.storage.release(row["sha256"])
        connection.execute("DELETE FROM disks WHERE id = ?", (disk_id,))

    await store.database.write(remove)
    return done()
