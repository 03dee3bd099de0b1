"""Copies of sessions, which keep the order of the conversation (upstream loses it)."""

import sqlite3
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import intake, sessions
from gql_api.embedded.envelope import Refusal, ok
from gql_api.embedded.store import Store
from gql_api.embedded.tracking import PENDING

_MOST_MESSAGES = 5000
_COUNT = "SELECT count(*) FROM messages WHERE session_id = ?"
_INSERT = "INSERT INTO sessions VALUES (:id, :user_id, :disable_task_tracking, :configs, :created_at, :updated_at)"
# Who waits to write waits for a copy, too; in SQLite's own hands it is several times faster than row by row from here.
_TOLD = """
    CREATE TEMP TABLE copied AS
    SELECT old, row_number() OVER (ORDER BY created_at) AS place,
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
            || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2)
            || '-' || hex(randomblob(6))) AS new
    FROM (SELECT id AS old, created_at FROM messages WHERE session_id = :session
          UNION ALL SELECT id, created_at FROM events WHERE session_id = :session)
"""
_BY_OLD_ID = "CREATE UNIQUE INDEX temp.copied_by_old_id ON copied (old)"
_MESSAGES = """
    INSERT INTO messages
    SELECT c.new, :session, p.new, m.role, m.meta, m.user_meta, m.parts, m.tokens, :status,
        :now + c.place, :now + c.place
    FROM copied c JOIN messages m ON m.id = c.old LEFT JOIN copied p ON p.old = m.parent_id
    ORDER BY c.place
"""
_EVENTS = """
    INSERT INTO events SELECT c.new, :session, e.type, e.data, :now + place, :now + place
    FROM copied c JOIN events e ON e.id = c.old ORDER BY c.place
"""
_ASSETS = """
    INSERT INTO assets SELECT c.new, a.sha256, a.s3_key, a.material_id
    FROM copied c JOIN assets a ON a.message_id = c.old
"""


async def copy(store: Store, request: Request) -> Response:
    old = intake.path_id(request, "session_id", message="INVALID_SESSION_ID")
    new = str(uuid4())
    await store.database.write(lambda connection: _copy(connection, store, old, new))
    return ok({"old_session_id": old, "new_session_id": new})


def _copy(connection: sqlite3.Connection, store: Store, old: str, new: str) -> None:
    session = sessions.find(connection, old)
    if session is None:
        raise Refusal(404, "SESSION_NOT_FOUND")
    if connection.execute(_COUNT, (old,)).fetchone()[0] > _MOST_MESSAGES:
        raise Refusal(413, "SESSION_TOO_LARGE")
    now = store.clock.tick()
    connection.execute(_INSERT, {**dict(session), "id": new, "created_at": now, "updated_at": now})
    _copy_told(connection, store, old, new)


def _copy_told(connection: sqlite3.Connection, store: Store, old: str, new: str) -> None:
    """Copy messages and events in the order they were told, each under a new id and at a moment of its own."""
    connection.execute(_TOLD, {"session": old})
    connection.execute(_BY_OLD_ID)
    count = connection.execute("SELECT count(*) FROM copied").fetchone()[0]
    # Upstream tracks what is copied, whatever the session says.
    told = {"session": new, "now": store.clock.skip(count), "status": PENDING}
    connection.execute(_MESSAGES, told)
    connection.execute(_EVENTS, told)
    connection.execute(_ASSETS)
    connection.execute("DROP TABLE copied")
