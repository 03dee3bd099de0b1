"""uvicorn's protocol for HTTP, whose writes of one turn of the event loop leave together."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 64 * 1024
"""So many bytes are held at most: what is more the transport must know of, so that it can say that a client is slow."""


class JoiningProtocol(HttpToolsProtocol):
    """Sends the head of an answer with its body: each write by itself costs more than making a small answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Joining(transport, self.loop)))

    def on_response_complete(self) -> None:
        """Send what is left of an answer before anything else is done."""
        cast(Joining, self.transport).flush()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over as it is: frames are sent by whole ones."""
        self.transport = cast(Any, self.transport).bare()
        super().handle_websocket_upgrade()

    def eof_received(self) -> None:
        """Send what is held: the transport closes itself when this returns."""
        cast(Joining, self.transport).flush()


class Joining:
    """A transport that holds what is written until the event loop's next turn; all else is the transport's own."""

    __slots__ = (
        "_held", "_loop", "_size", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Hold it until the next turn, or until it is too much."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self.flush()

    def close(self) -> None:
        """Close when all is sent."""
        self.flush()
        self._transport.close()

    def bare(self) -> asyncio.Transport:
        """Give the transport itself, to which all was given that was written."""
        self.flush()
        return self._transport

    def flush(self) -> None:
        """Give the transport what is held; nobody would get it where the connection was lost meanwhile."""
        held, size = self._held, self._size
        if not held:
            return
        self._held, self._size = [], 0
        if self._transport.is_closing():
            return
        for data in held if size > _MOST else (b"".join(held),):  # what is large is not copied
            self._transport.write(data)
