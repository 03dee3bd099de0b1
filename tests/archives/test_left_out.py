"""What Acontext does not have any more is told and left out, and the rest is carried all the same."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from api.odd_upstream import OddUpstream
from api.upstream import KEY
from archives import reader
from archives.servers import Ask, Server, make, put, say
from gql_api.embedded import open_acontext

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = {"base64": {"data": "iVBORw0KGgo=", "filename": "a.png"}}
SHOWN: dict[str, Any] = {"message": {"chat": {"role": "USER", "content": "look", "attachments": [PICTURE]}}}
GONE = "Acontext does not have it any more."
UNREADABLE = "The bytes of a file cannot be read from Acontext."


class Made(NamedTuple):
    """The ids of a session that will have lost something, and of one that has all."""

    harmed: str
    whole: str


async def fill(ask: Ask) -> Made:
    session, harmed = await make(ask)
    await say(ask, session, "hello", SHOWN)
    await put(ask, session, "/a.txt", b"content of a file")
    session, whole = await make(ask)
    await say(ask, session, "hello")
    return Made(harmed, whole)


def content(folder: Path, bytes_: bytes) -> Path:
    """Say where the embedded Acontext keeps bytes."""
    sha256 = hashlib.sha256(bytes_).hexdigest()
    return folder / "acontext" / "contents" / sha256[:2] / sha256


def deleted_upstream(folder: Path, id: str) -> None:
    """Delete a session past the server."""

    async def deleting() -> None:
        upstream = OddUpstream()
        async with open_acontext(folder / "acontext", api_key=KEY, public_url="http://api.test") as acontext:
            upstream.in_front_of(httpx.ASGITransport(acontext.app))
            await upstream.ask("DELETE", f"/session/{id}")

    asyncio.run(deleting())


Harm = Callable[[Path, str], object]
HARMS: dict[str, tuple[Harm, str]] = {
    "the session": (deleted_upstream, GONE),
    "a file of a message": (lambda folder, _: content(folder, PNG).unlink(), UNREADABLE),
    "a file": (lambda folder, _: content(folder, b"content of a file").unlink(), UNREADABLE),
    "what a file of a message was": (
        lambda folder, _: content(folder, PNG).write_bytes(b"another."),
        UNREADABLE,
    ),
}


@pytest.mark.parametrize("what", HARMS)
def test_a_session_that_has_lost_something_is_left_out(here: Server, there: Server, what: str) -> None:
    made: Made = here.within(fill)
    harm, reason = HARMS[what]
    harm(here.folder, made.harmed)

    code, _, err = here.run("export", "-o", "one.tar")

    first, last = err.splitlines()
    assert (code, first) == (1, f"session {made.harmed}: left out: {reason}")
    assert last.endswith("Left out: 1.")
    assert list(reader.read(Path("one.tar"))) == [made.whole]

    code, out, err = there.run("import", "one.tar")
    assert (code, out) == (1, "2 sessions: 1 in, 0 in already, 1 refused; 1 messages and 0 files were stored.\n")
    assert err == f"session {made.harmed}: The export has left it out: {reason}\n"


def test_what_was_left_out_before_a_kill_is_counted_after_it(here: Server) -> None:
    made: Made = here.within(fill)
    deleted_upstream(here.folder, made.harmed)
    assert here.run("export", "-o", "one.tar")[0] == 1
    Path("one.tar").rename("one.tar.part")

    code, _, err = here.run("export", "-o", "one.tar")

    told = "Exported: 0 sessions, 0 messages, 0 files, and 1 sessions before. Left out: 1.\n"
    assert (code, err) == (1, told)
    assert list(reader.read(Path("one.tar"))) == [made.whole]


async def plant(ask: Ask) -> None:
    """Make more files than one call lists, whose paths sort otherwise than a walk finds them."""
    session, _ = await make(ask)
    for number in range(70):
        for path in (f"/d/{number}/a", f"/d/{number}-b", f"/d/{number}.c"):
            await put(ask, session, path, path.encode())


def test_more_files_than_one_call_lists_are_all_there_in_order(here: Server, there: Server) -> None:
    here.within(plant)
    assert here.run("export", "-o", "one.tar")[0] == 0
    [found] = reader.read(Path("one.tar")).values()
    assert len(found["files"]) == 210
    assert list(found["files"]) == sorted(found["files"])
    whole = Path("one.tar").read_bytes()
    Path("one.tar.part").write_bytes(whole[: len(whole) // 2])
    assert here.run("export", "-o", "one.tar")[0] == 0
    assert reader.read(Path("one.tar")).popitem()[1]["files"] == found["files"]
