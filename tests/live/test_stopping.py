"""A server that is told to stop: sockets are closed so that clients come back, and streams break off."""

import asyncio
import signal
import time
from pathlib import Path

import httpx
import pytest

from commands import address_told, running
from live.socket import connected
from live.test_lists import FOLLOW


@pytest.mark.parametrize("settings", [{}, {"GQL_API_DRAIN_SECONDS": "1"}])
async def test_sockets_and_streams_end_so_that_clients_come_back(tmp_path: Path, settings: dict[str, str]) -> None:
    with running("serve", "--port", "0", "--data-dir", "data", cwd=tmp_path, **settings) as process:
        url = address_told(process).removesuffix("/graphql")
        async with (
            connected(url) as socket,
            httpx.AsyncClient(timeout=20) as http,
            http.stream(
                "POST", f"{url}/graphql", json={"query": FOLLOW}, headers={"accept": "text/event-stream"}
            ) as stream,
        ):
            await socket.begin()
            await socket.subscribe(FOLLOW)
            await socket.settled()
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert (await socket.until_closed())[0] == 1012
            assert [line async for line in stream.aiter_lines()] == []
            assert time.monotonic() - began >= float(settings.get("GQL_API_DRAIN_SECONDS", "0"))
        assert await asyncio.to_thread(process.wait, 20) == 0
