"""Stores messages and changes their metadata; reading them is in reading.py."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
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
from gql_api.embedded.uploads import Form, Upload, read_form

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
    read = await _read(request)
    sent, message = await store.lanes.run(lambda: _understood(read()), large=intake.is_large(request))
    # Upstream looks at the id only now, so what is wrong with the message is said first.
    session_id = intake.path_id(request, "session_id")
    if sent.files is None:
        assets.refuse_files(message.parts)
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
    meta = gojson.dumps(message.meta)
    intake.storable(meta + (user_meta or ""), status=400)
    newest = connection.execute(_NEWEST, (session_id,)).fetchone()
    message_id, now = str(uuid4()), store.clock.tick()
    values = (
        message_id,
        session_id,
        newest["id"] if newest else None,
        message.role,
        meta,
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


async def _read(request: Request) -> Callable[[], Sent]:
    """Take in the body and give what looks into it. That is slow when it is large."""
    if intake.content_type(request) != "multipart/form-data":
        payload = await intake.body(request)
        return lambda: _sent(payload)
    form = await read_form(request, most=_MOST_BODY)
    return lambda: _sent_with_files(form)


def _understood(sent: Sent) -> tuple[Sent, Draft]:
    message = draft(sent.blob, message_format=sent.message_format)
    if sent.files is not None:
        assets.require_files(message.parts, sent.files)
    posing = message.meta.get(USER_META)
    if sent.user_meta is None and not isinstance(posing, dict):
        return sent, message
    meta = {key: value for key, value in message.meta.items() if key != USER_META}
    return replace(sent, user_meta=sent.user_meta or gojson.dumps(posing)), replace(message, meta=meta)


def _sent_with_files(form: Form) -> Sent:
    """Read the message that came with files; without a payload there is none, which its format then refuses."""
    text = form.fields.get("payload")
    try:
        payload = gojson.loads(text, control_characters=True) if text else {}
        if not isinstance(payload, dict | None):
            raise gojson.NotJson("no JSON object")
        fields = {name.lower(): value for name, value in (payload or {}).items()}
        message_format = intake.text_field(fields, "format") or DEFAULT_FORMAT
        user_meta = intake.object_field(fields, "meta")
    except (gojson.NotJson, Refusal) as error:
        raise bad_parameter("invalid payload json") from error
    if not known_format(message_format):
        raise bad_parameter("invalid format")
    return _checked(fields.get("blob"), message_format, user_meta, files=form.files)


def _sent(payload: Mapping[str, Any]) -> Sent:
    message_format = intake.text_field(payload, "format") or DEFAULT_FORMAT
    user_meta = intake.object_field(payload, "meta")
    blob = payload.get("blob")
    if blob is None or isinstance(blob, intake.FormText) or not known_format(message_format):
        raise bad_parameter()
    return _checked(blob, message_format, user_meta, files=None)


def _checked(
    blob: Any, message_format: str, user_meta: dict[str, Any] | None, *, files: Mapping[str, Upload] | None
) -> Sent:
    written = intake.within_64k(user_meta, what="meta") if user_meta else None
    return Sent(blob=blob, message_format=message_format, user_meta=written, files=files)


async def patch_meta(store: Store, request: Request) -> Response:
    fields = await intake.body(request)
    changes = await intake.aside(request, lambda: intake.object_field(fields, "meta"))
    if changes is None:
        raise bad_parameter()
    intake.within_64k(changes, what="meta")
    session_id = intake.path_id(request, "session_id", message="invalid session_id")
    message_id = intake.path_id(request, "message_id", message="invalid message_id")

    def update(connection: sqlite3.Connection) -> str:
        sessions.require(connection, session_id)
        row = connection.execute(_FIND_IN_SESSION, (message_id, session_id)).fetchone()
        if row is None:
            raise Refusal(404, "message not found")
        merged = sessions.merge(orjson.loads(row["user_meta"] or "{}"), changes)
        written = intake.storable(gojson.dumps(merged))
        connection.execute(_UPDATE_META, (written, store.clock.tick(), message_id))
        return written

    return ok({"meta": orjson.Fragment(await store.database.write(update))})


def system_meta(row: sqlite3.Row) -> str:
    """Give the JSON text of a message's meta in Acontext's own form: system keys, and the caller's under one."""
    if row["user_meta"] is None:
        meta: str = row["meta"]
        return meta
    return gojson.dumps({**orjson.loads(row["meta"]), USER_META: orjson.loads(row["user_meta"])})
