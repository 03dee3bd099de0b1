"""Users: they appear with their first session or disk, and take all of theirs along when they go."""

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, intake, paging
from gql_api.embedded.envelope import Refusal, bad_parameter, database_error, done, ok
from gql_api.embedded.store import Store

_COUNTS = """
    SELECT (SELECT count(*) FROM sessions WHERE user_id = :id) AS sessions_count,
           (SELECT count(*) FROM disks WHERE user_id = :id) AS disks_count,
           0 AS skills_count
"""
_CONTENTS = """
    SELECT a.sha256 FROM artifacts a JOIN disks d ON d.id = a.disk_id WHERE d.user_id = :id
    UNION SELECT a.sha256 FROM assets a JOIN messages m ON m.id = a.message_id
        JOIN sessions s ON s.id = m.session_id WHERE s.user_id = :id
"""


def find(connection: sqlite3.Connection, identifier: str) -> str | None:
    values = (intake.storable_text(identifier),)
    row = connection.execute("SELECT id FROM users WHERE identifier = ?", values).fetchone()
    return row["id"] if row else None


def get_or_create(connection: sqlite3.Connection, store: Store, identifier: str) -> str | None:
    """Give the user's row id; none for the empty identifier."""
    if not identifier:
        return None
    if "\0" in identifier:
        raise Refusal(500, "failed to get or create user")
    found = find(connection, identifier)
    if found:
        return found
    user_id, now = str(uuid4()), store.clock.tick()
    connection.execute("INSERT INTO users VALUES (?, ?, ?, ?)", (user_id, identifier, now, now))
    return user_id


async def list_all(store: Store, request: Request) -> Response:
    limit = intake.limit(request, default=0, least=0)
    newest_first = intake.flag(request, "time_desc", default=False)
    cursor = intake.text(request, "cursor") if limit else ""
    try:
        window = paging.Window(limit=limit, after=paging.read_cursor(cursor), newest_first=newest_first)
    except paging.BadCursor as error:
        raise database_error() from error

    def show(row: sqlite3.Row) -> dict[str, Any]:
        times = {name: clock.text(row[name]) for name in ("created_at", "updated_at")}
        return {"id": row["id"], "project_id": store.project_id, "identifier": row["identifier"], **times}

    def read(connection: sqlite3.Connection) -> Response:
        return ok(paging.page(window.rows(connection, "SELECT * FROM users WHERE TRUE", []), window, show))

    return await store.database.read(read, large=lambda _: not limit)


async def resources(store: Store, request: Request) -> Response:
    identifier = request.path_params["identifier"]
    if not identifier:
        raise bad_parameter()

    def count(connection: sqlite3.Connection) -> dict[str, int]:
        user_id = find(connection, identifier)
        if user_id is None:
            raise database_error()
        return dict(connection.execute(_COUNTS, {"id": user_id}).fetchone())

    return ok({"counts": await store.database.read(count)})


async def delete(store: Store, request: Request) -> Response:
    def remove(connection: sqlite3.Connection) -> None:
        user_id = find(connection, request.path_params.get("identifier", "ls"))  # the route /user/ls is a user's too
        if user_id is None:
            return
        for row in connection.execute(_CONTENTS, {"id": user_id}).fetchall():
            store.storage.release(row["sha256"])
        connection.execute("DELETE FROM users WHERE id = ?", (user_id,))

    await store.database.write(remove)
    return done()
