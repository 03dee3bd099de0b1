"""Stores messages and changes their metadata; reading them is in reading.py."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import assets, clock, gemini_calls, gojson, intake, sessions
from gql_api.embedded.envelope import Refusal, bad_parameter, database_error, ok
from gql_api.embedded.normalising import DEFAULT_FORMAT, USER_META, Draft, draft, known_format
from gql_api.embedded.store import Store
from gql_api.embedded.tracking import PENDING, UNTRACKED
from gql_api.embedded.uploads import Upload, read_form

_MOST_BODY = 512 * 1024 * 1024
_INSERT = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NEWEST = "SELECT id FROM messages WHERE session_id = ? ORDER BY created_at DESC LIMIT 1"
_FIND = "SELECT * FROM messages WHERE id = ?"
_FIND_IN_SESSION = "SELECT * FROM messages WHERE id = ? AND session_id = ?"
_UPDATE_META = "UPDATE messages SET user_meta = ?, updated_at = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sent to be stored. `files` is None where none could come along."""

    blob: Any
    message_format: str
    user_meta: str | None
    files: Mapping[str, Upload] | None


def show(row: sqlite3.Row, *, parts: str, meta: str) -> dict[str, Any]:
    """Give a message in Acontext's own form; `parts` and `meta` are JSON text."""
    return {
        "id": row["id"],
        "session_id": row["session_id"],
        "parent_id": row["parent_id"],
        "role": row["role"],
        "meta": orjson.Fragment(meta),
        "parts": orjson.Fragment(parts),
        "task_id": None,
        "session_task_process_status": row["status"],
        "created_at": clock.text(row["created_at"]),
        "updated_at": clock.text(row["updated_at"]),
    }


async def store_message(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")
    sent = await _read(request)
    message = await asyncio.to_thread(draft, sent.blob, message_format=sent.message_format)
    assets.require_files(message.parts, sent.files)
    parts, attachments = await assets.attach(store, message.parts, sent.files or {})
    message = replace(message, parts=parts)

    def insert(connection: sqlite3.Connection) -> sqlite3.Row:
        row = _insert(connection, store, session_id, message, sent.user_meta)
        assets.keep(connection, store, row["id"], attachments)
        return row

    try:
        row = await store.database.write(insert)
    finally:
        for attachment in attachments:
            await asyncio.to_thread(store.storage.discard, attachment.staged)
    return ok(show(row, parts=row["parts"], meta=row["user_meta"] or "{}"), status=201)


def _insert(
    connection: sqlite3.Connection, store: Store, session_id: str, message: Draft, user_meta: str | None
) -> sqlite3.Row:
    session = sessions.find(connection, session_id)
    if session is None:
        raise database_error(400)
    parts = message.parts
    if message.answers_in_order:
        parts = gemini_calls.match_answers(connection, session_id, parts)
    newest = connection.execute(_NEWEST, (session_id,)).fetchone()
    message_id, now = str(uuid4()), store.clock.tick()
    values = (
        message_id,
        session_id,
        newest["id"] if newest else None,
        message.role,
        gojson.dumps(message.meta),
        user_meta,
        gojson.dumps(parts),
        message.tokens,
        UNTRACKED if session["disable_task_tracking"] else PENDING,
        now,
        now,
    )
    connection.execute(_INSERT, values)
    row: sqlite3.Row = connection.execute(_FIND, (message_id,)).fetchone()
    return row


async def _read(request: Request) -> Sent:
    if intake.content_type(request) != "multipart/form-data":
        return _sent(await intake.json_body(request), files=None)
    form = await read_form(request, most=_MOST_BODY)
    try:
        payload = gojson.loads(form.fields.get("payload", ""))
    except gojson.NotJson as error:
        raise bad_parameter("invalid payload json") from error
    if not isinstance(payload, dict):
        raise bad_parameter("invalid payload json")
    return _sent(payload, files=form.files)


def _sent(payload: Mapping[str, Any], *, files: Mapping[str, Upload] | None) -> Sent:
    message_format = intake.text_field(payload, "format") or DEFAULT_FORMAT
    user_meta = intake.object_field(payload, "meta")
    if not known_format(message_format):
        raise bad_parameter() if files is None else bad_parameter("invalid format")
    if payload.get("blob") is None:
        raise bad_parameter()
    written = intake.within_64k(user_meta, what="meta") if user_meta else None
    return Sent(
        blob=payload["blob"],
        message_format=message_format,
        user_meta=written and intake.storable(written, status=400),
        files=files,
    )


async def patch_meta(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")
    message_id = intake.path_id(request, "message_id", message="invalid message_id")
    changes = intake.object_field(await intake.json_body(request), "meta")
    if changes is None:
        raise bad_parameter()

    def update(connection: sqlite3.Connection) -> str:
        sessions.require(connection, session_id)
        row = connection.execute(_FIND_IN_SESSION, (message_id, session_id)).fetchone()
        if row is None:
            raise Refusal(404, "message not found")
        merged = sessions.merge(orjson.loads(row["user_meta"] or "{}"), changes)
        written = intake.storable(intake.within_64k(merged, what="meta"), status=400)
        connection.execute(_UPDATE_META, (written, store.clock.tick(), message_id))
        return written

    return ok({"meta": orjson.Fragment(await store.database.write(update))})


def system_meta(row: sqlite3.Row) -> str:
    """Give the JSON text of a message's meta in Acontext's own form: system keys, and the caller's under one."""
    if row["user_meta"] is None:
        meta: str = row["meta"]
        return meta
    return gojson.dumps({**orjson.loads(row["meta"]), USER_META: orjson.loads(row["user_meta"])})
