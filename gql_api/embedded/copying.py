"""Copies of sessions, which keep the order of the conversation (upstream loses it)."""

import sqlite3
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import intake, sessions
from gql_api.embedded.envelope import Refusal, ok
from gql_api.embedded.store import Store

_MOST_MESSAGES = 5000
_MESSAGES = "SELECT * FROM messages WHERE session_id = ? ORDER BY created_at"
_EVENTS = "SELECT * FROM events WHERE session_id = ? ORDER BY created_at"
_ASSETS = "SELECT * FROM assets WHERE message_id = ?"


async def copy(store: Store, request: Request) -> Response:
    old = intake.path_id(request, "session_id", message="INVALID_SESSION_ID")
    new = str(uuid4())
    await store.database.write(lambda connection: _copy(connection, store, old, new))
    return ok({"old_session_id": old, "new_session_id": new})


def _copy(connection: sqlite3.Connection, store: Store, old: str, new: str) -> None:
    session = sessions.find(connection, old)
    if session is None:
        raise Refusal(404, "SESSION_NOT_FOUND")
    messages = connection.execute(_MESSAGES, (old,)).fetchall()
    if len(messages) > _MOST_MESSAGES:
        raise Refusal(413, "SESSION_TOO_LARGE")
    _insert(connection, store, "sessions", dict(session) | {"id": new})
    _copy_told(connection, store, new, messages + connection.execute(_EVENTS, (old,)).fetchall())


def _copy_told(connection: sqlite3.Connection, store: Store, new: str, rows: list[sqlite3.Row]) -> None:
    """Copy messages and events in the order they were told, each under a new id."""
    new_ids = {row["id"]: str(uuid4()) for row in rows}
    for row in sorted(rows, key=lambda row: row["created_at"]):
        values = dict(row) | {"id": new_ids[row["id"]], "session_id": new}
        if "parent_id" not in values:
            _insert(connection, store, "events", values)
            continue
        values["parent_id"] = new_ids.get(row["parent_id"])
        _insert(connection, store, "messages", values)
        for asset in connection.execute(_ASSETS, (row["id"],)).fetchall():
            copied = (values["id"], *tuple(asset)[1:])
            connection.execute("INSERT INTO assets VALUES (?, ?, ?, ?)", copied)


def _insert(connection: sqlite3.Connection, store: Store, table: str, values: dict[str, object]) -> None:
    now = store.clock.tick()
    values = values | {"created_at": now, "updated_at": now}
    places = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608  names of our own tables
