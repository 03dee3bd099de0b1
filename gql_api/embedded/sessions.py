"""Sessions and their configs; what is said in them is in messages.py."""

import sqlite3
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, gojson, intake, paging, users
from gql_api.embedded.containment import contains
from gql_api.embedded.envelope import (
    bad_parameter,
    database_error,
    done,
    ok,
    session_not_found,
)
from gql_api.embedded.store import Store

_INSERT = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)"
_CONTENTS = """
    SELECT DISTINCT a.sha256 FROM assets a JOIN messages m ON m.id = a.message_id WHERE m.session_id = ?
"""
_DEFAULT_PAGE = 20


def find(connection: sqlite3.Connection, session_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    return row


def require(connection: sqlite3.Connection, session_id: str) -> sqlite3.Row:
    row = find(connection, session_id)
    if row is None:
        raise session_not_found()
    return row


def show(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "project_id": store.project_id,
        "user_id": row["user_id"],
        "disable_task_tracking": bool(row["disable_task_tracking"]),
        "configs": None if row["configs"] is None else orjson.Fragment(row["configs"]),
        "created_at": clock.text(row["created_at"]),
        "updated_at": clock.text(row["updated_at"]),
    }


async def create(store: Store, request: Request) -> Response:
    """Create a session; with `use_uuid` give the one that has this id already, as it is."""
    fields = await intake.body(request)
    identifier = intake.text_field(fields, "user")
    configs = await intake.aside(request, lambda: _configs_text(fields))
    untracked = intake.flag_field(fields, "disable_task_tracking")
    wanted = _wanted_id(fields)

    def insert(connection: sqlite3.Connection) -> tuple[sqlite3.Row, bool]:
        user_id = users.get_or_create(connection, store, identifier)
        there = find(connection, wanted) if wanted else None
        if there is not None:
            return there, False
        session_id, now = wanted or str(uuid4()), store.clock.tick()
        connection.execute(_INSERT, (session_id, user_id, untracked, configs, now, now))
        return require(connection, session_id), True

    row, fresh = await store.database.write(insert)
    return ok(show(store, row), status=201 if fresh else 200)


def _configs_text(fields: Mapping[str, Any]) -> str | None:
    configs = intake.object_field(fields, "configs")
    return None if configs is None else intake.storable(gojson.dumps(configs))


def _wanted_id(fields: Mapping[str, Any]) -> str | None:
    text = intake.text_field(fields, "use_uuid")
    if not text:
        return None
    wanted = intake.parse_uuid(text)
    # The nil UUID makes upstream answer with some other session; it is no id to choose.
    if wanted in (None, paging.NIL):
        raise bad_parameter("invalid UUID format for use_uuid")
    return wanted


async def list_page(store: Store, request: Request) -> Response:
    limit = intake.limit(request, default=_DEFAULT_PAGE)
    newest_first = intake.flag(request, "time_desc", default=False)
    identifier = intake.text(request, "user")
    wanted = _wanted_configs(intake.text(request, "filter_by_configs"))
    try:
        after = paging.read_cursor(intake.text(request, "cursor"))
    except paging.BadCursor as error:
        raise database_error() from error
    window = paging.Window(limit=limit, after=after, newest_first=newest_first)

    def read(connection: sqlite3.Connection) -> list[sqlite3.Row]:
        query, values = "SELECT * FROM sessions WHERE TRUE", []
        if identifier:
            query += " AND user_id = ?"
            values.append(users.find(connection, identifier))
        if wanted:
            query += " AND configs IS NOT NULL AND has_configs(configs)"
            connection.create_function("has_configs", 1, lambda text: contains(orjson.loads(text), wanted))
        return window.rows(connection, query, values)

    # Each session's configs are looked into until the page is full.
    rows = await store.database.read(read, large=lambda _: bool(wanted))
    return ok(paging.page(rows, window, lambda row: show(store, row)))


def _wanted_configs(text: str) -> dict[str, Any]:
    try:
        wanted = gojson.loads(text) if text else None
    except gojson.NotJson as error:
        raise bad_parameter("invalid filter_by_configs JSON") from error
    if not isinstance(wanted, dict | None):
        raise bad_parameter("invalid filter_by_configs JSON")
    if wanted:
        intake.storable(gojson.dumps(wanted))
    filtered: dict[str, Any] = gojson.as_floats(wanted or {})
    return filtered


async def get_configs(store: Store, request: Request) -> Response:
    """Answer the whole session: this is upstream's get by id."""
    session_id = intake.path_id(request, "session_id")
    row = await store.database.read(lambda connection: find(connection, session_id))
    if row is None:
        raise database_error()
    return ok(show(store, row))


async def replace_configs(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")
    fields = await intake.body(request)
    configs = await intake.aside(request, lambda: _configs_text(fields))

    def update(connection: sqlite3.Connection) -> None:
        row = require(connection, session_id)
        _write_configs(connection, store, row, row["configs"] if configs is None else configs)

    await store.database.write(update)
    return done()


async def patch_configs(store: Store, request: Request) -> Response:
    fields = await intake.body(request)
    changes = await intake.aside(request, lambda: intake.object_field(fields, "configs"))
    if changes is None:
        raise bad_parameter()
    intake.within_64k(changes, what="configs")
    session_id = intake.path_id(request, "session_id", message="invalid session_id")

    def update(connection: sqlite3.Connection) -> str:
        row = require(connection, session_id)
        merged = merge(orjson.loads(row["configs"] or "{}"), changes)
        written = intake.storable(gojson.dumps(merged))
        _write_configs(connection, store, row, written)
        return written

    return ok({"configs": orjson.Fragment(await store.database.write(update))})


def _write_configs(connection: sqlite3.Connection, store: Store, row: sqlite3.Row, text: str | None) -> None:
    values = (text, store.clock.tick(), row["id"])
    connection.execute("UPDATE sessions SET configs = ?, updated_at = ? WHERE id = ?", values)


def merge(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the top level; null deletes a key."""
    deleted = {key for key, value in changes.items() if value is None}
    return {key: value for key, value in {**old, **changes}.items() if key not in deleted}


async def delete(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")

    def remove(connection: sqlite3.Connection) -> None:
        require(connection, session_id)
        for row in connection.execute(_CONTENTS, (session_id,)).fetchall():
            store.storage.release(row["sha256"])
        connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,))

    await store.database.write(remove)
    return done()
