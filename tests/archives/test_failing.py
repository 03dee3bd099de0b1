"""Acontext fails, and the network to it: commands stop with one line, or go on, and have everything in the end once."""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from archives import reader
from archives.servers import Ask, Server, make, put, say
from databases import PostgresDatabases
from embedded.alone import KEY, alone
from interrupting import Terminal, in_a_thread
from soak.faults import LATE, Call, Faults

ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("databases", ["postgres"], indirect=True)
Way = Callable[[web.BaseRequest, int], str]
CLEAR = "\r\x1b[K"


class Chosen(Faults):
    """Lets those calls fail that `way` chooses, in the way it says; it hears how many came before of the same kind."""

    way: Way = staticmethod(lambda request, number: "well")
    seen: dict[str, int]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        kind = f"{request.method} {request.path.rpartition('/')[2]}"
        number = self.seen[kind] = self.seen.get(kind, -1) + 1
        return await self._carried(Call(request, await request.read(), time.monotonic()), self.way(request, number))


@contextmanager
def listening(relay: Faults) -> Iterator[Faults]:
    """Let the relay listen in a thread of its own: commands have an event loop of their own."""
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with relay.open():
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait()
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@contextmanager
def chosen(upstream: str) -> Iterator[Chosen]:
    relay = Chosen(upstream.removesuffix("/api/v1"), random.Random(0), 0)  # noqa: S311 - nothing fails by lot
    relay.seen = {}
    with listening(relay):
        yield relay


def by(server: Server, relay: Faults, **more: str) -> None:
    """Let a server reach its Acontext by the relay."""
    settings = {"ACONTEXT_BASE_URL": f"{relay.url}/api/v1", "ACONTEXT_API_KEY": KEY, "GQL_API_STORE_SETTLING": "5"}
    settings["GQL_API_UPSTREAM_TIMEOUT"] = "5"
    server.more = {**settings, **more}
    assert LATE < 5


async def fill(ask: Ask) -> str:
    session, id = await make(ask)
    picture = {"base64": {"data": "iVBORw0KGgo=", "filename": "a.png"}}
    shown: dict[str, Any] = {"message": {"chat": {"role": "USER", "content": "look", "attachments": [picture]}}}
    await say(ask, session, *[f"message {number}" for number in range(120)], shown)
    for number in range(12):
        await put(ask, session, f"/{number}.txt", f"file {number}".encode())
    return id


def posting(number: int, way: str) -> Way:
    """Choose one message that is stored."""

    def choose(request: web.BaseRequest, before: int) -> str:
        is_it = request.method == "POST" and request.path.endswith("/messages") and before == number
        return way if is_it else "well"

    return choose


def test_whatever_fails_on_the_way_everything_is_in_the_end_once(here: Server, there: Server, tmp_path: Path) -> None:
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    with alone(tmp_path) as acontext:
        lot = random.Random(1)  # noqa: S311 - the same faults in each run
        relay = Faults(acontext.base_url.removesuffix("/api/v1"), lot, 0.03)
        with listening(relay):
            by(there, relay)
            ends = [there.run("import", "one.tar")]
            while ends[-1][0] != 0 and len(ends) < 60:
                assert ends[-1][0] == 2, ends[-1]
                ends.append(there.run("import", "one.tar"))
            relay.is_calm = True
            assert there.run("export", "-o", "two.tar")[0] == 0
    assert relay.injected.total() > 3
    assert reader.same_elsewhere(reader.read(Path("two.tar"))) == reader.same_elsewhere(reader.read(Path("one.tar")))


@ON_SQLITE
def test_a_message_of_which_nobody_knows_whether_it_is_stored_is_waited_for(
    here: Server, there: Server, tmp_path: Path
) -> None:
    """It comes after the connection was lost: sent again at once it would be there twice."""
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    with alone(tmp_path) as acontext, chosen(acontext.base_url) as relay:
        by(there, relay)
        relay.way = posting(50, "late")
        assert there.run("import", "one.tar")[0] == 0
        assert there.all() == here.all()


@ON_SQLITE
def test_an_import_that_loses_acontext_says_how_far_it_is_and_goes_on(
    here: Server, there: Server, tmp_path: Path
) -> None:
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    with alone(tmp_path) as acontext, chosen(acontext.base_url) as relay:
        by(there, relay)
        relay.way = lambda request, before: "unreachable" if "artifact" in request.path else "well"
        code, out, err = there.run("import", "one.tar")
        assert (code, out) == (2, "")
        assert err.endswith(
            "What is in stays (0 sessions: 0 in, 0 in already, 0 refused); the same command goes on from there.\n"
        )
        relay.way = lambda request, before: "well"
        done = "1 sessions: 1 in, 0 in already, 0 refused; 0 messages and 12 files were stored.\n"
        assert there.run("import", "one.tar") == (0, done, "")
        assert there.all() == here.all()


@ON_SQLITE
def test_an_export_that_loses_acontext_leaves_nothing_out_and_goes_on(here: Server, tmp_path: Path) -> None:
    with alone(tmp_path) as acontext, chosen(acontext.base_url) as relay:
        by(here, relay)
        here.within(fill)
        assert here.run("export", "-o", "whole.tar")[0] == 0
        downloads = {"now": 0}

        def lost(request: web.BaseRequest, before: int) -> str:
            downloads["now"] += request.path.endswith("/download")
            return "unreachable" if downloads["now"] > 6 else "well"

        relay.way = lost
        code, _, err = here.run("export", "-o", "one.tar")
        told = "What is written stays in one.tar.part; the same command goes on from there.\n"
        assert (code, err.endswith(told)) == (2, True), err
        relay.way = lambda request, before: "well"
        assert here.run("export", "-o", "one.tar")[0] == 0
        assert reader.read(Path("one.tar")) == reader.read(Path("whole.tar"))


@ON_POSTGRES
def test_an_export_whose_database_is_lost_goes_on(
    here: Server, postgres_databases: PostgresDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.within(fill)
    assert here.run("export", "-o", "whole.tar")[0] == 0
    terminal = Terminal(at_progress=partial(in_a_thread, postgres_databases.shut, here.database_url))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        assert here.run("export", "-o", "one.tar")[0] == 2
    told = terminal.getvalue().rpartition(CLEAR)[2]
    assert told.startswith(f"{CLEAR}gql-api: ") or "What is written stays in one.tar.part" in told
    asyncio.run(postgres_databases.open(here.database_url))
    assert here.run("export", "-o", "one.tar")[0] == 0
    assert reader.read(Path("one.tar")) == reader.read(Path("whole.tar"))


@ON_SQLITE
def test_progress_is_told_in_one_line_of_a_terminal(
    here: Server, there: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.within(fill)
    told = {}
    for server, command in ((here, ("export", "-o", "one.tar")), (there, ("import", "one.tar"))):
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", terminal)
            assert server.run(*command)[0] == 0
        told[command[0]] = terminal.getvalue().split(CLEAR)
    assert "1 of 1 sessions, 100 messages, 0 files" in told["export"]
    assert [line for line in told["import"] if line.endswith("% checked")]
    assert "100 % 1 sessions: 1 in, 0 in already, 0 refused" in told["import"]
