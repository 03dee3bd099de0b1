"""What upstream's Python core does with a session (tasks, flushing), answered as while no core runs."""

import sqlite3

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, intake, paging, sessions
from gql_api.embedded.envelope import Refusal, database_error, ok
from gql_api.embedded.store import Store

PENDING, UNTRACKED = "pending", "disable_tracking"
_DEFAULT_PAGE = 20


async def observing_status(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")

    def count(connection: sqlite3.Connection) -> int:
        sessions.require(connection, session_id)
        query = "SELECT count(*) FROM messages WHERE session_id = ? AND status = ?"
        pending: int = connection.execute(query, (session_id, PENDING)).fetchone()[0]
        return pending

    pending = await store.database.read(count)
    return ok({"observed": 0, "in_process": 0, "pending": pending, "updated_at": clock.text(clock.now())})


async def tasks(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")
    intake.limit(request, default=_DEFAULT_PAGE)
    intake.flag(request, "time_desc", default=False)
    cursor = intake.text(request, "cursor")
    await store.database.read(lambda connection: sessions.require(connection, session_id))
    try:
        paging.read_cursor(cursor)
    except paging.BadCursor as error:
        raise database_error(400) from error
    return ok({"items": [], "has_more": False})


async def flush(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id")
    await store.database.read(lambda connection: sessions.require(connection, session_id))
    raise Refusal(500, "failed to flush session")
