"""An application on a port of its own, within the process and the loop of its test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals of the tests alone."""
        yield


@asynccontextmanager
async def on_a_port(
    app: Any, *, buffer: int | None = None, at_once: bool = False, **options: Any
) -> AsyncIterator[str]:
    """Serve to the end of the block; give the address. `buffer`: bytes that the kernel keeps for a client.

    `at_once`, as the embedded Acontext serves: the parts of an answer do not wait 40 ms for each other.
    """
    server = _Server(uvicorn.Config(app, port=0, log_config=None, **options))
    bound = socket.create_server(("127.0.0.1", 0))
    if at_once:
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if buffer:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        async with asyncio.timeout(20):
            while not server.started:
                assert not task.done(), task
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
