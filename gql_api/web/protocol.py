"""uvicorn's protocol for HTTP: writes of one turn of the event loop leave together; who takes nothing is cut off."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 64 * 1024
"""So many bytes are held at most: what is more the transport must know of, so that it can say that a client is slow."""

STALLED_SECONDS = 30.0
"""Seconds in which a client takes nothing of a large answer, after which it is cut off: its rest is in memory."""


class JoiningProtocol(HttpToolsProtocol):
    """Sends the head of an answer with its body: each write by itself costs more than making a small answer."""

    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Joining(transport, self.loop)))

    def on_response_complete(self) -> None:
        """Send what is left of an answer before anything else is done."""
        cast(Joining, self.transport).flush()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over as it is: frames are sent by whole ones."""
        self._look_no_more()
        self.transport = cast(Any, self.transport).bare()
        super().handle_websocket_upgrade()

    def eof_received(self) -> None:
        """Send what is held: the transport closes itself when this returns."""
        cast(Joining, self.transport).flush()

    def pause_writing(self) -> None:
        """Wait for the client to take what is held for it."""
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        """Write on."""
        self._look_no_more()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._look_no_more()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._look = self.loop.call_later(STALLED_SECONDS, self._cut_off_if_stalled, left)

    def _look_no_more(self) -> None:
        if self._look:
            self._look.cancel()

    def _cut_off_if_stalled(self, left: int) -> None:
        # Closing would wait for the client; while it takes nothing, nothing is added either.
        if self.transport.get_write_buffer_size() >= left:
            self.transport.abort()
        else:
            self._look_later()


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
