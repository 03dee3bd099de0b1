"""Events of a session: small notes of the caller's own between the messages."""

import sqlite3
from typing import Any
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, gojson, intake, paging, sessions
from gql_api.embedded.envelope import bad_parameter, database_error, ok
from gql_api.embedded.store import Store

_DEFAULT_PAGE = 50
_INVALID = "invalid session_id"


def show(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "session_id": row["session_id"],
        "project_id": store.project_id,
        "type": row["type"],
        "data": orjson.Fragment(row["data"]),
        "created_at": clock.text(row["created_at"]),
        "updated_at": clock.text(row["updated_at"]),
    }


def between(connection: sqlite3.Connection, session_id: str, first: int, last: int) -> list[sqlite3.Row]:
    """Give the events of a session in a span of time, both ends included."""
    query = "SELECT * FROM events WHERE session_id = ? AND created_at BETWEEN ? AND ? ORDER BY created_at"
    return connection.execute(query, (session_id, first, last)).fetchall()


async def add(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id", message=_INVALID)
    fields = await intake.json_body(request)
    kind = intake.text_field(fields, "type")
    if not kind or "data" not in fields:
        raise bad_parameter()
    data = fields["data"]
    if not isinstance(data, dict | None):
        raise database_error(400)
    written = await intake.aside(request, lambda: gojson.dumps_exactly(data))

    def insert(connection: sqlite3.Connection) -> sqlite3.Row:
        sessions.require(connection, session_id)
        if "\0" in kind:
            raise database_error(400)
        intake.storable(written, status=400)
        event_id, now = str(uuid4()), store.clock.tick()
        values = (event_id, session_id, kind, written, now, now)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", values)
        row: sqlite3.Row = connection.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone()
        return row

    return ok(show(store, await store.database.write(insert)))


async def list_page(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id", message=_INVALID)
    limit = intake.limit(request, default=_DEFAULT_PAGE)
    newest_first = intake.flag(request, "time_desc", default=False)
    cursor = intake.text(request, "cursor")

    def read(connection: sqlite3.Connection) -> Response:
        sessions.require(connection, session_id)
        try:
            window = paging.Window(limit=limit, after=paging.read_cursor(cursor), newest_first=newest_first)
        except paging.BadCursor as error:
            raise database_error(400) from error
        rows = window.rows(connection, "SELECT * FROM events WHERE session_id = ?", [session_id])
        return ok(paging.page(rows, window, lambda row: show(store, row)))

    return await store.database.read(read)
