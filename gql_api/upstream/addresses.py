"""The addresses of a host, looked up again after some seconds, and connecting to whichever answers first."""

import asyncio
import socket
from collections import deque
from typing import Any

import aiohappyeyeballs

_KNOWN_SECONDS = 10.0
_HEAD_START = 0.25
"""Seconds that one address is tried alone."""
_AddressInfo = tuple[Any, ...]


class Addresses:
    """All connections share one look-up; who is cancelled leaves it to the others. They begin at each in turn."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._known: deque[_AddressInfo] = deque(_numeric(host, port))
        self._until = float("inf") if self._known else 0.0
        self._looking: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Look nothing up any more."""
        if self._looking:
            self._looking.cancel()

    async def connected(self) -> socket.socket:
        """Give a connected socket, or raise `OSError`."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            await self._found(loop)
        known = list(self._known)
        self._known.rotate(-1)
        return await aiohappyeyeballs.start_connection(known, happy_eyeballs_delay=_HEAD_START, interleave=1, loop=loop)

    async def _found(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._looking is None:
            self._looking = loop.create_task(self._look_up(loop))
            self._looking.add_done_callback(self._ended)
        await asyncio.shield(self._looking)

    def _ended(self, looking: "asyncio.Task[None]") -> None:
        self._looking = None
        if not looking.cancelled():
            looking.exception()  # whoever still waits is told

    async def _look_up(self, loop: asyncio.AbstractEventLoop) -> None:
        flags = socket.AI_ADDRCONFIG
        self._known = deque(await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags))
        self._until = loop.time() + _KNOWN_SECONDS


def _numeric(host: str, port: int) -> list[_AddressInfo]:
    """Read an address that is one already; none for a name."""
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        return []
