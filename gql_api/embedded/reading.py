"""Reads pages of messages: cut, edited and shown in the wanted form, all in one look at the tables."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import events, intake, output, paging, sessions
from gql_api.embedded.editing import Editable, edit
from gql_api.embedded.envelope import Refusal, bad_parameter, database_error, many, ok
from gql_api.embedded.normalising import DEFAULT_FORMAT, known_format
from gql_api.embedded.store import Store
from gql_api.embedded.strategies import BadStrategy, NotStrategies, Strategy, parse

_MESSAGES = "SELECT * FROM messages WHERE session_id = ?"
_SIZES = "SELECT length(parts) AS size, created_at, id FROM messages WHERE session_id = ?"
_MANY, _MUCH = 500, 256 * 1024
"""More messages or characters are a large answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a client wants to read. `limit` 0 is the whole conversation."""

    session_id: str
    message_format: str
    limit: int
    cursor: str
    newest_first: bool
    with_urls: bool
    with_events: bool
    strategies: str
    pin: str


async def get_messages(store: Store, request: Request) -> Response:
    question = _question(request)
    return await store.database.read(
        lambda connection: _answer(connection, store, question),
        large=lambda connection: _is_large(connection, question),
    )


async def token_counts(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")

    def count(connection: sqlite3.Connection) -> int:
        sessions.require(connection, session_id)
        query = "SELECT coalesce(sum(tokens), 0) FROM messages WHERE session_id = ?"
        total: int = connection.execute(query, (session_id,)).fetchone()[0]
        return total

    return ok({"total_tokens": await store.database.read(count)})


def _question(request: Request) -> Question:
    message_format = intake.text(request, "format") or DEFAULT_FORMAT
    if not known_format(message_format):
        raise bad_parameter()
    return Question(
        session_id=intake.path_id(request, "session_id"),
        message_format=message_format,
        limit=intake.limit(request, default=0, least=0),
        cursor=intake.text(request, "cursor"),
        newest_first=intake.flag(request, "time_desc", default=False),
        with_urls=intake.flag(request, "with_asset_public_url", default=True),
        with_events=intake.flag(request, "with_events", default=False),
        strategies=intake.text(request, "edit_strategies"),
        pin=intake.text(request, "pin_editing_strategies_at_message"),
    )


def _is_large(connection: sqlite3.Connection, question: Question) -> bool:
    try:
        window = _window(question, most=_MANY)
    except Refusal:  # is for the answer to give, in its turn
        return False
    sizes = [row["size"] for row in window.rows(connection, _SIZES, [question.session_id])]
    return len(sizes) > _MANY or sum(sizes) > _MUCH


def _answer(connection: sqlite3.Connection, store: Store, question: Question) -> Response:
    strategies = _strategies(question.strategies)
    if sessions.find(connection, question.session_id) is None:
        raise database_error(400)
    rows, has_more = _page(connection, question)
    edited, edit_at = _edited(rows, strategies, question.pin)
    urls = output.asset_urls(connection, store, edited) if question.with_urls else {}
    data: dict[str, Any] = {
        "items": many(output.items(store, edited, question.message_format, urls)),
        "ids": [shown.row["id"] for shown in edited],
        "metas": [orjson.Fragment(shown.row["user_meta"] or "{}") for shown in edited],
        "has_more": has_more,
        "this_time_tokens": sum(shown.tokens for shown in edited),
    }
    if has_more:
        data["next_cursor"] = paging.write_cursor(rows[-1])
    if edit_at is not None:
        data["edit_at_message_id"] = edit_at
    if urls and question.message_format == "acontext":
        data["public_urls"] = {sha256: url.shown() for sha256, url in urls.items()}
    if question.with_events and rows:
        data.update(_events(connection, store, rows))
    return ok(data)


def _strategies(text: str) -> list[Strategy]:
    try:
        return parse(text)
    except NotStrategies as error:
        raise bad_parameter("invalid edit_strategies JSON") from error
    except BadStrategy as error:
        raise database_error(400) from error


def _page(connection: sqlite3.Connection, question: Question) -> tuple[list[sqlite3.Row], bool]:
    """Cut the page, oldest first.

    Backwards upstream reads one row too many and then drops the newest instead of the oldest one; clients
    that know it get the same here.
    """
    rows = _window(question).rows(connection, _MESSAGES, [question.session_id])
    if question.newest_first:
        rows.reverse()
    has_more = bool(question.limit) and len(rows) > question.limit
    return rows[: question.limit] if has_more else rows, has_more


def _window(question: Question, *, most: int = 0) -> paging.Window:
    """Give the window on the messages, of not more than `most` if that is not 0."""
    try:
        after = paging.read_cursor(question.cursor) if question.limit else None
    except paging.BadCursor as error:
        raise database_error(400) from error
    return paging.Window(limit=question.limit or most, after=after, newest_first=question.newest_first)


def _edited(
    rows: Sequence[sqlite3.Row], strategies: Sequence[Strategy], pin: str
) -> tuple[list[output.Shown], str | None]:
    """Edit the page up to the pinned message, or all of it; tell the last message that edits could reach."""
    if not strategies or not rows:
        return [output.Shown(row, row["tokens"], None) for row in rows], rows[-1]["id"] if rows else None
    pinned = next((index for index, row in enumerate(rows) if row["id"] == pin), len(rows) - 1)
    before = [
        Editable(key=index, parts=orjson.loads(row["parts"]), tokens=row["tokens"])
        for index, row in enumerate(rows[: pinned + 1])
    ]
    shown = [output.Shown(rows[each.key], each.tokens, each.parts) for each in edit(before, strategies)]
    shown += [output.Shown(row, row["tokens"], None) for row in rows[pinned + 1 :]]
    return shown, rows[pinned]["id"]


def _events(
    connection: sqlite3.Connection, store: Store, rows: Sequence[sqlite3.Row]
) -> Mapping[str, list[dict[str, Any]]]:
    """Give the events that happened between the first and the last message of the page."""
    first, last = rows[0], rows[-1]
    found = events.between(connection, first["session_id"], first["created_at"], last["created_at"])
    return {"events": [events.show(store, row) for row in found]} if found else {}
