"""Gives Gemini's answers the ids of the calls they belong to: the oldest unanswered call of the session, by name."""

import sqlite3
from typing import Any

import orjson

from gql_api.embedded import gojson
from gql_api.embedded.envelope import database_error
from gql_api.formats.gemini import CALLS_KEY

_OPEN = f"""
    SELECT id, meta FROM messages
    WHERE session_id = ? AND json_extract(meta, '$.{CALLS_KEY}') IS NOT NULL
    ORDER BY created_at LIMIT 1
"""  # noqa: S608  a key of our own


def match_answers(connection: sqlite3.Connection, session_id: str, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take one call per tool result and give the parts with the calls' ids.

    A refused message takes no call away (upstream loses it), since the transaction is undone.
    """
    return [_answer(connection, session_id, part) if part["type"] == "tool-result" else part for part in parts]


def _answer(connection: sqlite3.Connection, session_id: str, part: dict[str, Any]) -> dict[str, Any]:
    call = _take(connection, session_id)
    meta = part.get("meta", {})
    if call.get("name") != meta.get("name") or meta.get("tool_call_id", call.get("id")) != call.get("id"):
        raise database_error(400)
    return {**part, "meta": {**meta, "tool_call_id": call["id"]}}


def _take(connection: sqlite3.Connection, session_id: str) -> dict[str, Any]:
    row = connection.execute(_OPEN, (session_id,)).fetchone()
    if row is None:
        raise database_error(400)
    meta = orjson.loads(row["meta"])
    waiting = meta.pop(CALLS_KEY)
    if not isinstance(waiting, list) or not waiting or not isinstance(waiting[0], dict):
        raise database_error(400)
    if waiting[1:]:
        meta[CALLS_KEY] = waiting[1:]
    connection.execute("UPDATE messages SET meta = ? WHERE id = ?", (gojson.dumps(meta), row["id"]))
    return waiting[0]
