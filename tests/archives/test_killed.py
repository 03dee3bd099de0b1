"""Commands killed at any place are run again, go on, and have everything in the end once."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from archives import reader
from archives.conftest import Another
from archives.servers import UPDATE, Ask, Server, make, put, say
from commands import environment
from databases import Databases
from embedded.alone import KEY, alone

ON_POSTGRES = pytest.mark.parametrize("databases", ["postgres"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
MESSAGES, FILES = 230, 45
LOOKING = 0.005
"""Seconds between two looks at how far a command is: each takes some of the processor that it works on."""


async def fill(ask: Ask) -> None:
    """Make two sessions, one of several lists of each kind."""
    small, _ = await make(ask, title="small")
    await say(ask, small, "hello")
    await put(ask, small, "/a", b"a")
    session, _ = await make(ask, title="large")
    picture = {"base64": {"data": "iVBORw0KGgo=", "filename": "a.png"}}
    await say(ask, session, *[f"message {number}" for number in range(MESSAGES - 1)])
    await say(ask, session, {"message": {"chat": {"role": "USER", "content": "look", "attachments": [picture]}}})
    for number in range(FILES):
        await put(ask, session, f"/{number % 3}/{number}", f"file {number}".encode() * 200)
    await ask(UPDATE, i={"id": session, "pinned": True, "tags": ["a"]})


def killed(server: Server, *arguments: str, when: Callable[[], bool]) -> bool:
    """Run a command, and kill it when something is so; tell whether it was killed before its end."""
    command = [sys.executable, "-m", "gql_api", *arguments]
    with subprocess.Popen(command, env=environment(**server.settings), stderr=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None and not when():
            time.sleep(LOOKING)
        process.kill()
    return process.returncode == -signal.SIGKILL


def larger_than(file: Path, size: int) -> Callable[[], bool]:
    return lambda: file.exists() and file.stat().st_size > size


def beginnings(file: Path) -> list[int]:
    """Give where the files of an archive begin."""
    raw, at, found = file.read_bytes(), 0, []
    while raw[at : at + 512].strip(b"\0"):
        found.append(at)
        at += 512 + -(-int(raw[at + 124 : at + 135], 8) // 512) * 512
    return found


@ON_SQLITE
def test_an_export_that_is_killed_again_and_again_goes_on_each_time(here: Server) -> None:
    here.within(fill)
    assert here.run("export", "-o", "whole.tar")[0] == 0
    whole = Path("whole.tar").stat().st_size
    part, kills, sizes = Path("one.tar.part"), 0, []
    for size in range(whole // 4, whole, whole // 4):
        kills += killed(here, "export", "-o", "one.tar", when=larger_than(part, size))
        sizes.append(part.stat().st_size if part.exists() else whole)

    assert kills >= 2
    assert sizes == sorted(sizes)
    assert here.run("export", "-o", "one.tar")[0] == 0
    assert reader.read(Path("one.tar")) == reader.read(Path("whole.tar"))
    assert not part.exists()


@ON_SQLITE
def test_an_export_goes_on_wherever_it_was_cut(here: Server) -> None:
    """Within a header, within bytes, between files, before its end; and past bytes that never reached the disk."""
    here.within(fill)
    assert here.run("export", "-o", "whole.tar")[0] == 0
    whole, expected = Path("whole.tar").read_bytes(), reader.read(Path("whole.tar"))
    places = beginnings(Path("whole.tar"))
    cuts = [0, 100, *(place + more for place in places[1::24] for more in (0, 300, 700)), len(whole) - 600]
    for cut in cuts:
        Path("one.tar.part").write_bytes(whole[:cut])
        assert here.run("export", "-o", "one.tar")[0] == 0, cut
        assert reader.read(Path("one.tar")) == expected, cut
    for place in places[2::24]:
        Path("one.tar.part").write_bytes(whole[: place + 512] + bytes(len(whole) - place - 512))
        assert here.run("export", "-o", "one.tar")[0] == 0, place
        assert reader.read(Path("one.tar")) == expected, place


@ON_SQLITE
def test_what_was_begun_for_others_is_not_gone_on_with(here: Server) -> None:
    here.within(fill)
    assert here.run("export", "-o", "whole.tar")[0] == 0
    Path("one.tar.part").write_bytes(Path("whole.tar").read_bytes()[:5000])
    told = "gql-api: one.tar.part was begun for others, or in other forms; remove it, or write to another file.\n"
    assert here.run("export", "-o", "one.tar", "--user", "ada") == (2, "", told)


def test_an_import_that_is_killed_again_and_again_stores_everything_once(
    here: Server, another: Another, databases: Databases
) -> None:
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    there = another()
    kills = 0
    for size in (1, 110):
        kills += killed(there, "import", "one.tar", when=lambda size=size: stored(there.folder) >= size)  # type: ignore[misc]
    kills += killed(there, "import", "one.tar", when=lambda: has_files(there.folder))

    assert kills >= 2
    code, out, _ = there.run("import", "one.tar")
    assert (code, out.partition(":")[0]) == (0, "2 sessions")
    assert there.all() == here.all()
    assert there.run("export", "-o", "two.tar")[0] == 0
    assert reader.same_elsewhere(reader.read(Path("two.tar"))) == reader.same_elsewhere(reader.read(Path("one.tar")))


@ON_POSTGRES
def test_an_import_that_is_killed_goes_on_when_its_lease_on_the_session_is_over(
    here: Server, there: Server, tmp_path: Path
) -> None:
    """Others may be at work on the same database and the same Acontext: nobody but time tells that one is dead."""
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    (tmp_path / "other").mkdir()
    with alone(tmp_path / "other") as acontext:
        there.more = {
            "ACONTEXT_BASE_URL": acontext.base_url,
            "ACONTEXT_API_KEY": KEY,
            "GQL_API_STORE_SETTLING": "10",
            "GQL_API_UPSTREAM_TIMEOUT": "2",
            "GQL_API_LOCK_PATIENCE": "1",
        }
        assert killed(there, "import", "one.tar", when=lambda: stored(tmp_path / "other" / "data") >= 110)
        code, out, _ = there.run("import", "one.tar")
        assert (code, out.partition(":")[0]) == (0, "2 sessions")
        assert there.all() == here.all()


def rows(folder: Path, statement: str) -> int:
    """Count something in the embedded Acontext's file, past the command."""
    [file, *_] = [*folder.glob("acontext/*.sqlite3"), Path("none")]
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute(statement).fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # its tables are being made


def stored(folder: Path) -> int:
    return rows(folder, "SELECT COUNT(*) FROM messages")


def has_files(folder: Path) -> bool:
    return rows(folder, "SELECT COUNT(*) FROM artifacts") > FILES // 2


@contextmanager
def heard(number: signal.Signals) -> Iterator[None]:
    """Let commands that are started in the block hear a signal, also where a shell runs all this in its background."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def told_to_stop(server: Server, *arguments: str, when: Callable[[], bool]) -> tuple[int, str]:
    """Run a command, and interrupt it at the keyboard when something is so; give exit code and errors."""
    command = [sys.executable, "-m", "gql_api", *arguments]
    with (
        heard(signal.SIGINT),
        subprocess.Popen(command, env=environment(**server.settings), stderr=subprocess.PIPE, text=True) as process,  # noqa: S603
    ):
        while process.poll() is None and not when():
            time.sleep(LOOKING)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    return process.returncode, told


@ON_SQLITE
def test_commands_that_are_told_to_stop_say_how_far_they_are_and_go_on(here: Server, there: Server) -> None:
    here.within(fill)
    for _ in range(20):
        Path("one.tar").unlink(missing_ok=True)
        code, told = told_to_stop(here, "export", "-o", "one.tar", when=larger_than(Path("one.tar.part"), 1))
        if code:  # else it was at its end before it heard of it
            break
    kept = "It was told to stop. What is written stays in one.tar.part; the same command goes on from there.\n"
    assert (code, told) == (2, f"gql-api: {kept}")
    assert here.run("export", "-o", "one.tar")[0] == 0

    code, told = told_to_stop(there, "import", "one.tar", when=lambda: stored(there.folder) >= 50)
    kept = "What is in stays (1 sessions: 1 in, 0 in already, 0 refused); the same command goes on from there.\n"
    assert (code, told.endswith(kept)) == (2, True), told
    assert there.run("import", "one.tar")[0] == 0
    assert there.all() == here.all()


NOW_AND_THEN = "UPDATE session_imports SET is_whole = false, message_lists = 1, noted_micros = {micros}"


def test_what_was_begun_long_ago_is_not_gone_on_with(here: Server, there: Server, databases: Databases) -> None:
    """The keys by which nothing is stored twice are forgotten by then."""
    here.within(fill)
    here.run("export", "-o", "one.tar")
    assert there.run("import", "one.tar")[0] == 0
    before = there.all()
    old = int((time.time() - 6.1 * 86400) * 1e6)
    asyncio.run(databases.execute(there.database_url, NOW_AND_THEN.format(micros=old)))

    code, out, err = there.run("import", "one.tar")

    assert (code, out.partition(";")[0]) == (1, "2 sessions: 0 in, 0 in already, 2 refused")
    lines: list[Any] = err.splitlines()
    assert all("begun too long ago" in line and "A part of it is in, as session" in line for line in lines)
    assert len(lines) == 2
    assert there.all() == before
