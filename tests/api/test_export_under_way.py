"""Exports that are under way: bounded, ended when nobody listens, and never whole when they are not."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.client import Client
from api.exporting import cut_off, on_port, path_of, refusal, sessions_in, until, url_of, url_of_all
from api.odd_upstream import OddUpstream
from databases import Databases
from gql_api.settings import Settings
from gql_api.web import exports as view

MIB = 1024 * 1024
LINES = b"0 line of words\n" * (100_000 // 16)
"""What is in the first file, but where another size is asked for."""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: what is under way is Acontext's and the client's."""
    return sqlite_databases


class Gate:
    """Holds those calls of Acontext that read bytes, until it is opened; then they fail if they are to."""

    def __init__(self, upstream: OddUpstream) -> None:
        self.waiting = 0
        self._opened = asyncio.Event()
        upstream.is_odd = lambda request: request.url.path.endswith("/artifact/download")
        upstream.instead = self._wait
        self.answer: httpx.Response = httpx.Response(500, json={"code": 500, "msg": "no"})

    async def _wait(self, request: httpx.Request) -> httpx.Response:
        self.waiting += 1
        try:
            await self._opened.wait()
        finally:
            self.waiting -= 1
        return httpx.Response(self.answer.status_code, content=self.answer.content, headers=self.answer.headers)

    def open(self) -> None:
        self._opened.set()

    async def until(self, waiting: int) -> None:
        """Wait until so many calls are held."""

        async def is_so() -> bool:
            return self.waiting == waiting

        await until(is_so)


async def with_a_file(client: Client, *, files: int = 1, size: int = 100_000) -> str:
    """Make a session with files; give the path of its URL."""
    session = await client.create()
    await client.store(session["id"], "hello")
    for number in range(files):
        await client.upload(session["id"], f"/{number}.txt", text=f"{number} line of words\n" * (size // 16))
    return path_of(await url_of(client, session["id"]))


@asynccontextmanager
async def reading(client: Client, path: str) -> AsyncIterator[httpx.Response]:
    """Begin to read."""
    async with client.http.stream("GET", path) as answer:
        assert answer.status_code == 200
        yield answer


async def test_so_many_at_once_and_no_more_and_half_of_them_one_users(
    settings: Settings, upstream: OddUpstream
) -> None:
    async with on_port(settings, upstream, max_exports=2) as (client, _):
        paths = {name: await with_a_file(client.as_user(name)) for name in ("ada", "bob", "eve")}
        gate = Gate(upstream)
        async with asyncio.TaskGroup() as group:
            ada = group.create_task(client.http.get(paths["ada"]))
            await gate.until(1)
            second = await client.http.get(paths["ada"])
            assert refusal(second) == (429, "RATE_LIMITED")
            bob = group.create_task(client.http.get(paths["bob"]))
            await gate.until(2)
            third = await client.http.get(paths["eve"])
            assert (refusal(third), third.headers["retry-after"]) == ((503, "OVERLOADED"), "1")
            assert (await client.http.head(paths["eve"])).status_code == 200
            assert await client.data("{ viewer { identifier } }")
            upstream.instead = None
            gate.answer = httpx.Response(200, content=LINES, headers={"content-type": "text/plain"})
            gate.open()
        assert {(await ada).status_code, (await bob).status_code} == {200}
        assert (await client.http.get(paths["eve"])).status_code == 200


async def test_who_leaves_stops_it(settings: Settings, upstream: OddUpstream) -> None:
    async with on_port(settings, upstream, max_exports=1) as (client, _):
        path = await with_a_file(client)
        gate = Gate(upstream)
        asking = asyncio.create_task(client.http.get(path))
        await gate.until(1)

        asking.cancel()

        await gate.until(0)
        upstream.instead = None

        async def is_free() -> bool:
            return (await client.http.get(path)).status_code == 200

        await until(is_free)


async def test_who_takes_nothing_is_not_read_for(settings: Settings, upstream: OddUpstream) -> None:
    async with on_port(settings, upstream, buffer=16_384) as (client, _):
        path = await with_a_file(client, files=60, size=MIB)
        upstream.clear()
        url = client.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port, limit=4096)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != len(upstream.calls):
            before = len(upstream.calls)
            await asyncio.sleep(0.5)
        assert before < 40, "it reads on though nobody takes it"
        writer.close()


async def test_who_takes_a_piece_too_slowly_is_let_go(
    settings: Settings, upstream: OddUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(view, "_SLOWEST", 0.2)
    async with on_port(settings, upstream, buffer=16_384, max_exports=1) as (client, _):
        path = await with_a_file(client, files=60, size=MIB)

        async def is_told() -> bool:
            return "an export was cut off: SLOW_CONSUMER" in caplog.text

        async with reading(client, path):
            await until(is_told)
        assert (await client.http.head(path)).status_code == 200


@pytest.mark.parametrize("calls", [0, 1, 5, 11])
async def test_what_breaks_off_in_the_middle_has_no_end(
    settings: Settings, upstream: OddUpstream, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_port(settings, upstream) as (client, _):
        path = await with_a_file(client, files=12)
        whole = (await client.http.get(path)).content
        came = 0

        def fault(request: httpx.Request) -> str | None:
            nonlocal came
            came += request.url.path.endswith("/artifact/download")
            return "before" if came > calls else None

        upstream.fault = fault
        async with reading(client, path) as answer:
            part = await cut_off(answer)
        assert len(part) < len(whole)
        assert b"SHA256SUMS" not in part
        assert "an export was cut off: UPSTREAM_UNAVAILABLE" in caplog.text


async def test_one_that_is_deleted_meanwhile_has_no_end(settings: Settings, upstream: OddUpstream) -> None:
    async with on_port(settings, upstream) as (client, _):
        path = await with_a_file(client)
        gate = Gate(upstream)
        async with reading(client, path) as answer, asyncio.TaskGroup() as group:
            cut = group.create_task(cut_off(answer))
            await gate.until(1)
            [session] = (await client.data("{ sessions { nodes { id acontextId } } }"))["sessions"]["nodes"]
            await upstream.ask("DELETE", f"/session/{session['acontextId']}")
            gate.open()
        assert b"left-out" not in await cut


async def test_of_several_what_is_lost_meanwhile_is_left_out_and_told(
    settings: Settings, upstream: OddUpstream, tmp_path: Path
) -> None:
    async with on_port(settings, upstream) as (client, _):
        await with_a_file(client)
        lost = await client.create()
        path = path_of(await url_of_all(client))
        await upstream.ask("DELETE", f"/session/{lost['acontextId']}")
        content = (await client.http.get(path)).content
        assert len(sessions_in(content, tmp_path)) == 1
        assert f"sessions/{lost['acontextId']}/left-out.json".encode() in content


async def test_the_end_of_the_server_ends_it(
    settings: Settings, upstream: OddUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_port(settings, upstream) as (client, stop):
        path = await with_a_file(client)
        gate = Gate(upstream)
        async with reading(client, path) as answer, asyncio.TaskGroup() as group:
            cut = group.create_task(cut_off(answer))
            await gate.until(1)
            stop.close()
            await cut
        assert "an export was cut off: SERVER_STOPPING" in caplog.text
        assert gate.waiting == 0
        assert refusal(await client.http.get(path)) == (503, "OVERLOADED")


async def test_the_log_names_no_token_and_the_metrics_count(
    settings: Settings, upstream: OddUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with on_port(settings, upstream, metrics_token=settings.acontext_api_key) as (client, _):
        path = await with_a_file(client)
        await client.http.get(path)
        await client.http.get(path[:-1])
        token = path.rpartition("/")[2]
        lost = [f"/{path}", f"/prefix{path}", path.replace("/api", "/API")]
        for elsewhere in lost:  # as a proxy or a hand may write it
            assert (await client.http.get(f"{client.http.base_url}{elsewhere}")).status_code == 404
        ours = [record.getMessage() for record in caplog.records if record.name == "gql_api.web.recording"]
        lines = [told for told in ours if "GET /api" in told]
        assert [re.sub(r"[0-9.]+ ms", "- ms", line) for line in lines][1:] == [
            "GET /api/v1/exports/- 404 - ms, operation -, NOT_FOUND"
        ]
        told = r"GET /api/v1/exports/- 200 [0-9.]+ ms, operation -, user [0-9a-f]+, [0-9]+ calls of Acontext"
        assert re.fullmatch(told, lines[0])
        assert sum("/exports/" in told for told in ours) == len(lines) + len(lost)
        assert token[:40] not in "".join(ours)
        assert settings.acontext_api_key
        headers = {"authorization": f"Bearer {settings.acontext_api_key.get_secret_value()}"}
        counted = (await client.http.get("/metrics", headers=headers)).text
        for outcome in ("ok", "refused"):
            assert f'gql_api_operations_total{{operation="(export)",outcome="{outcome}"}} 1.0' in counted
