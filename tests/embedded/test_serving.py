"""The embedded Acontext alone on a port, and what its database promises when a commit fails."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from embedded.opened import API_KEY, Client
from gql_api.embedded import __main__ as command_line
from gql_api.embedded.database import Database, connect, create_tables
from gql_api.embedded.server import Address, listen


async def test_it_serves_on_a_free_port_and_tells_it(folder: Path) -> None:
    announced: asyncio.Queue[str] = asyncio.Queue()
    address = Address(host="127.0.0.1", port=0)
    task = asyncio.create_task(listen(address, data_dir=folder, api_key=API_KEY, announce=announced.put_nowait))
    bound = await asyncio.wait_for(announced.get(), 30)
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(base_url=bound, headers=headers, timeout=30) as http:
        client = Client(http)
        disk = await client.disk()
        await client.put(disk, "/a.txt", b"x")
        file = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/a.txt"})

        assert file["public_url"].startswith(f"{bound}/api/v1/material/")
        assert (await http.get(file["public_url"])).content == b"x"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_its_flags_are_explained(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["embedded", "--help"])

    with pytest.raises(SystemExit):
        command_line.main()

    told = capsys.readouterr().out
    assert all(flag in told for flag in ("--host", "--port", "--data-dir", "--api-key", "--public-url"))


def _orphan(connection: sqlite3.Connection) -> None:
    """Write what makes the commit fail, not the statement."""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    connection.execute("INSERT INTO disks VALUES ('d', 'nobody', 1, 1)")


async def test_a_failed_commit_is_told_to_every_writer_and_the_next_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with closing(connect(path)) as connection:
        create_tables(connection)
    database = Database(path, before_commit=lambda: None, after_commit=lambda _: None)

    def add(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO facts VALUES ('a', 'b')")
        return "added"

    try:
        outcome = await asyncio.gather(database.write(_orphan), return_exceptions=True)
        assert [type(each) for each in outcome] == [sqlite3.IntegrityError]
        assert await database.read(lambda db: db.execute("SELECT count(*) FROM disks").fetchone()[0]) == 0
        assert await database.write(add) == "added"
    finally:
        await asyncio.to_thread(database.close)


async def test_writes_that_wait_at_the_end_are_finished(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with closing(connect(path)) as connection:
        create_tables(connection)
    database = Database(path, before_commit=lambda: None, after_commit=lambda _: None)
    waiting = [
        asyncio.ensure_future(
            database.write(lambda db, n=number: db.execute("INSERT INTO facts VALUES (?, '')", (str(n),)).rowcount)
        )
        for number in range(100)
    ]
    await asyncio.sleep(0)

    await asyncio.to_thread(database.close)

    assert await asyncio.gather(*waiting) == [1] * 100
    with pytest.raises(sqlite3.ProgrammingError):
        await database.write(_orphan)
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM facts").fetchone()[0] == 100


async def test_a_broken_database_is_an_error_of_upstream_s_kind(
    folder: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    session = await client.session()
    with closing(sqlite3.connect(folder / "acontext.sqlite3")) as connection:
        connection.execute("DROP TABLE events")

    assert await client.refused("GET", f"/session/{session}/events") == (500, 500, "database error")
    assert [record.getMessage() for record in caplog.records] == ["GET /session/{session_id}/events failed"]
    assert (await client.say(session, "still there"))["parent_id"] is None


async def test_tidying_that_fails_does_not_undo_a_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "db"
    with closing(connect(path)) as connection:
        create_tables(connection)

    def failing(_: sqlite3.Connection) -> None:
        raise OSError("disk")

    database = Database(path, before_commit=lambda: None, after_commit=failing)
    try:
        assert await database.write(lambda db: db.execute("INSERT INTO facts VALUES ('a', 'b')").rowcount) == 1
    finally:
        await asyncio.to_thread(database.close)
    assert [record.getMessage() for record in caplog.records] == ["tidying up after a commit failed"]
