"""A server that is told to stop: sockets are closed so that clients come back, and streams break off."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import httpx

from commands import address_told, running
from databases import Databases
from live.socket import connected
from live.test_lists import FOLLOW
from live.test_socket import CREATE
from standin import KEY, Standin, standin

SOCKETS = 6
DRAIN_SECONDS = 1


@asynccontextmanager
async def streaming(url: str) -> AsyncIterator[httpx.Response]:
    """Follow a list by an event stream."""
    body, headers = {"query": FOLLOW}, {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=60) as http,
        http.stream("POST", f"{url}/graphql", json=body, headers=headers) as stream,
    ):
        yield stream


async def test_what_is_open_stays_while_workers_drain_and_ends_so_that_clients_come_back(
    postgres_databases: Databases, tmp_path: Path
) -> None:
    database_url = await postgres_databases.migrated()
    with standin() as acontext:
        settings = {"DATABASE_URL": database_url, "ACONTEXT_BASE_URL": acontext.url, "ACONTEXT_API_KEY": KEY}
        settings |= {"GQL_API_DRAIN_SECONDS": f"{DRAIN_SECONDS}"}
        with running("serve", "--port", "0", "--workers", "2", cwd=tmp_path, **settings) as process:
            await stop_while_open(process, acontext)
    connection = await asyncpg.connect(database_url)
    made = await connection.fetch("SELECT title, state FROM session_mappings")
    await connection.close()
    assert [tuple(row) for row in made] == [("By socket", "ready")]
    await postgres_databases.drop(database_url)


async def stop_while_open(process: "subprocess.Popen[str]", acontext: Standin) -> None:
    """Tell a server to stop that has sockets and streams, and a mutation under way that came over a socket."""
    url = address_told(process).removesuffix("/graphql")
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(streaming(url)) for _ in range(SOCKETS)]
        sockets = [await stack.enter_async_context(connected(url)) for _ in range(SOCKETS)]
        for socket in sockets:
            await socket.begin()
            await socket.subscribe(FOLLOW)
            await socket.settled()
        acontext.may.clear()
        await sockets[0].subscribe(CREATE)
        assert await asyncio.to_thread(acontext.came.wait, 30)
        began = time.monotonic()
        process.terminate()
        assert [(await socket.until_closed())[0] for socket in sockets] == [1012] * SOCKETS
        assert [line for stream in streams async for line in stream.aiter_lines()] == []
        assert time.monotonic() - began >= DRAIN_SECONDS
        acontext.may.set()
        assert await asyncio.to_thread(process.wait, 30) == 0
