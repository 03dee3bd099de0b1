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
        AND json_extract(meta, '$.{CALLS_KEY}') != '[]'
    ORDER BY created_at LIMIT 1
"""  # noqa: S608  a key of our own


def match_answers(connection: sqlite3.Connection, session_id: str, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take one call per tool result and give the parts with the calls' ids.

    A refused message takes no call away (upstream loses it), since the transaction is undone.
    """
    return [_answer(connection, session_id, part) if part["type"] == "tool-result" else part for part in parts]


def _answer(connection: sqlite3.Connection, session_id: str, part: dict[str, Any]) -> dict[str, Any]:
    call_id, name = _take(connection, session_id)
    meta = part.get("meta", {})
    if not meta.get("name") or meta["name"] != name or meta.get("tool_call_id", call_id) != call_id:
        raise database_error(400)
    return {**part, "meta": {**meta, "tool_call_id": call_id}}


def _take(connection: sqlite3.Connection, session_id: str) -> tuple[str, str]:
    """Give id and name of the oldest call."""
    row = connection.execute(_OPEN, (session_id,)).fetchone()
    if row is None:
        raise database_error(400)
    meta = orjson.loads(row["meta"])
    waiting = meta.pop(CALLS_KEY)
    if not isinstance(waiting, list) or not isinstance(waiting[0], dict):
        raise database_error(400)
    call_id, name = waiting[0].get("id"), waiting[0].get("name")
    if not isinstance(call_id, str) or not isinstance(name, str):
        raise database_error(400)
    if waiting[1:]:
        meta[CALLS_KEY] = waiting[1:]
    connection.execute("UPDATE messages SET meta = ? WHERE id = ?", (gojson.dumps(meta), row["id"]))
    return call_id, name
