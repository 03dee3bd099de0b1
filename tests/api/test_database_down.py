"""A database that is away, locked or late: each field says so by a code, one line is logged, and all comes back."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from api.client import CREATE, STORE, UPLOAD, Client
from api.odd_upstream import OddUpstream
from api.test_errors import DELETE_FILE, UPDATE
from api.test_session import DELETE, GET_OR_CREATE
from databases import PostgresDatabases
from gql_api.store.models import SessionMapping

ON_POSTGRES = pytest.mark.parametrize("databases", ["postgres"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
Start = Callable[..., AbstractAsyncContextManager[Client]]
COUNT = "{ sessions { totalCount } }"
AWAY = "The database could not be reached, or failed."
LATE = "The database did not answer in time."
DRIVERS = {"ObjectNotInPrerequisiteStateError", "AdminShutdownError", "ConnectionDoesNotExistError", "InterfaceError"}
"""What may be said by one that takes no connections, and ends those that there are."""


def told(answer: dict[str, Any], message: str, code: str) -> list[list[str | int]]:
    """See that all errors of an answer are this one, and that nothing came but nulls; give their places."""
    assert {(error["message"], error["extensions"]["code"]) for error in answer["errors"]} == {(message, code)}
    assert {value for value in answer["data"].values()} == {None}
    return [error["path"] for error in answer["errors"]]


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what we log of requests that is more than a note, and see that it is no traceback."""
    ours = [record for record in caplog.records if record.name.startswith("gql_api.")]
    loud = [record for record in ours if record.levelno >= logging.WARNING]
    others = ("the sweep is put off", "events of other servers do not arrive", "places of messages could not be kept")
    records = [record for record in loud if not record.getMessage().startswith(others)]
    assert [record.name for record in records if record.exc_info] == []
    return [record.getMessage() for record in records]


def operations(session: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    id, disk = session["id"], session["disk"]["id"]
    messages = [{"message": {"chat": {"role": "USER", "content": "x"}}}]
    return [
        ("{ sessions { nodes { id } } count: sessions { totalCount } }", {}),
        ("query ($id: ID!) { session(id: $id) { title } }", {"id": id}),
        ("query ($id: ID!) { disk(id: $id) { id } }", {"id": disk}),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": id}),
        (CREATE, {"input": {}}),
        (CREATE, {"input": {"acontextId": "0f8fad5b-d9cb-469f-a165-70867728950e"}}),
        (GET_OR_CREATE, {"input": {"id": session["acontextId"]}}),
        (UPDATE, {"id": id}),
        (STORE, {"session": id, "messages": messages}),
        (UPLOAD, {"input": {"sessionId": id, "path": "/b.txt", "content": {"text": "x"}}}),
        (DELETE_FILE, {"id": id}),
        (DELETE, {"id": id}),
    ]


@ON_POSTGRES
async def test_while_it_takes_no_connections_all_fields_say_so_and_acontext_is_not_asked(
    client: Client,
    upstream: OddUpstream,
    database_url: str,
    postgres_databases: PostgresDatabases,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = await client.create()
    await client.upload(session["id"], "/a.txt")
    async with shut(postgres_databases, database_url):
        upstream.clear()
        for document, variables in operations(session):
            caplog.clear()
            answer = await client.answer(document, **variables)
            paths = told(answer, AWAY, "DATABASE_UNAVAILABLE")
            assert paths == [[field] for field in answer["data"]]
            [line] = warned(caplog)
            assert line in {
                f"Database failures: DATABASE_UNAVAILABLE ({driver}) x{len(paths)}" for driver in DRIVERS
            }, document
        assert upstream.calls == []
        ready = await client.http.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"database": "failed", "acontext": "ok"})
    assert await client.data("{ sessions { totalCount nodes { id } } }") == {
        "sessions": {"totalCount": 1, "nodes": [{"id": session["id"]}]}
    }


@asynccontextmanager
async def shut(databases: PostgresDatabases, url: str) -> AsyncIterator[None]:
    await databases.shut(url)
    try:
        yield
    finally:
        await databases.open(url)


@ON_POSTGRES
async def test_one_that_takes_no_writes_is_not_ready_until_it_does(
    client: Client, database_url: str, postgres_databases: PostgresDatabases, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written meanwhile: who is not ready is not asked."""
    await client.create()
    await postgres_databases.only_read(database_url, begins=True)
    try:
        async with shut(postgres_databases, database_url):
            pass
        ready = await client.http.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"database": "failed", "acontext": "ok"})
        assert "the database takes no writes" in caplog.text
        assert await client.data(COUNT) == {"sessions": {"totalCount": 1}}
    finally:
        await postgres_databases.only_read(database_url, begins=False)
    async with asyncio.timeout(20):
        while (await client.http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - the answer is kept for a while
            await asyncio.sleep(0.1)
    assert await client.create()


def when_answered(upstream: OddUpstream, call: str, do: Callable[[], Any]) -> None:
    """Do something once, when such a call has had its effect and before its answer comes."""
    waiting = [do]

    async def meanwhile(_: Any) -> None:
        if upstream.calls[-1] == call and waiting:
            await waiting.pop()()

    upstream.meanwhile = meanwhile


@ON_POSTGRES
async def test_a_session_whose_binding_is_lost_is_undone_by_the_next_server(
    start: Start,
    upstream: OddUpstream,
    database_url: str,
    postgres_databases: PostgresDatabases,
    caplog: pytest.LogCaptureFixture,
) -> None:
    id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    async with start() as client:
        when_answered(upstream, "POST /disk", lambda: postgres_databases.shut(database_url))
        answer = await client.answer(CREATE, input={"acontextId": id})
        assert told(answer, AWAY, "DATABASE_UNAVAILABLE") == [["createSession"]]
        undoing, told_of = warned(caplog)
        assert undoing == "a half-made session is left to the sweep: DatabaseUnavailable"
        assert told_of.startswith("Database failures: DATABASE_UNAVAILABLE (")
        assert await made_upstream(upstream) == (1, 1)  # whether it was bound nobody knows just now

        await postgres_databases.open(database_url)
        assert await client.data(COUNT) == {"sessions": {"totalCount": 0}}
        payload = (await client.data(CREATE, input={"acontextId": id}))["createSession"]
        assert [error["code"] for error in payload["errors"]] == ["BUSY"]
    async with start() as client:
        assert await made_upstream(upstream) == (0, 0)
        assert (await client.create(acontextId=id))["acontextId"] == id
        assert await made_upstream(upstream) == (1, 1)


async def made_upstream(upstream: OddUpstream) -> tuple[int, int]:
    """Count the sessions and disks that Acontext has."""
    sessions, disks = [(await upstream.ask("GET", path))["items"] for path in ("/session", "/disk")]
    return len(sessions), len(disks)


@ON_POSTGRES
async def test_a_deletion_that_was_begun_is_told_as_done_and_ended_by_the_next_server(
    start: Start, upstream: OddUpstream, database_url: str, postgres_databases: PostgresDatabases
) -> None:
    async with start() as client:
        id = (await client.create())["id"]
        when_answered(upstream, "DELETE /session/{id}", lambda: postgres_databases.shut(database_url))
        payload = (await client.data(DELETE, id=id))["deleteSession"]
        assert payload == {"deletedSessionId": id, "errors": []}
        await postgres_databases.open(database_url)
        assert await client.data(COUNT) == {"sessions": {"totalCount": 0}}
        [row] = await SessionMapping.all().values("state")
        assert row == {"state": "deleting"}
    async with start():
        assert await made_upstream(upstream) == (0, 0)
        [row] = await SessionMapping.all().values("state")
        assert row == {"state": "deleted"}


@ON_POSTGRES
@pytest.mark.parametrize("pooled", [False, True])
async def test_a_statement_beyond_its_time_is_told_so(
    start: Start, database_url: str, caplog: pytest.LogCaptureFixture, *, pooled: bool
) -> None:
    locker = await asyncpg.connect(database_url)
    async with start(database_statement_timeout=0.1, database_direct_url=database_url if pooled else None) as client:
        async with locker.transaction():
            await locker.execute("LOCK TABLE session_mappings")
            answer = await client.answer(COUNT)
            assert told(answer, LATE, "DATABASE_TIMEOUT") == [["sessions"]]
            kind = "TimeoutError" if pooled else "QueryCanceledError"
            assert warned(caplog) == [f"Database failures: DATABASE_TIMEOUT ({kind}) x1"]
        assert await client.data(COUNT) == {"sessions": {"totalCount": 0}}
    await locker.close()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Write to SQLite, and do not come to an end with it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@ON_SQLITE
async def test_a_sqlite_that_others_lock_can_be_read_and_says_that_it_cannot_be_written(
    client: Client, upstream: OddUpstream, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = await client.create()
    await SessionMapping._meta.db.execute_query("PRAGMA busy_timeout = 1")
    with locked(database_url):
        upstream.clear()
        for document, variables in ((CREATE, {"input": {}}), (DELETE, {"id": session["id"]})):
            caplog.clear()
            [path] = told(await client.answer(document, **variables), AWAY, "DATABASE_UNAVAILABLE")
            assert warned(caplog) == ["Database failures: DATABASE_UNAVAILABLE (OperationalError) x1"], path
        assert upstream.calls == []
        assert await client.data(COUNT) == {"sessions": {"totalCount": 1}}
    assert await client.create()
