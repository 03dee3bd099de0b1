"""uvicorn's protocol for HTTP: what heads take is bounded, writes of one turn leave together, the idle are cut off."""

import asyncio
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gql_api.errors import TooLarge
from gql_api.web.answers import Refused, encode
from gql_api.web.negotiation import JSON

MOST_WITHOUT_BODY = 64 * 1024
"""Bytes of a request in a row that are none of its body, as its head, with those that were read together with others.

They are in memory, and put together by the parser piece by piece: many megabytes of them would hold up everybody.
"""
_TOO_LARGE = {"code": TooLarge.code}
_MOST = 64 * 1024
"""So many bytes are held at most: what is more the transport must know of, so that it can say that a client is slow."""

STALLED_SECONDS = 30.0
"""Seconds in which a client takes nothing of a large answer, after which it is cut off: its rest is in memory."""


class JoiningProtocol(HttpToolsProtocol):
    """Sends the head of an answer with its body: each write by itself costs more than making a small answer."""

    _look: asyncio.TimerHandle | None = None
    _bodiless = 0

    def data_received(self, data: bytes) -> None:
        """Take what comes, unless too much of it has come that is no body."""
        self._bodiless += len(data)
        super().data_received(data)
        if self._bodiless > MOST_WITHOUT_BODY and not self.transport.is_closing():
            self._hear_no_more()

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._bodiless = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Leave the body to be counted by others."""
        self._bodiless = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP as all else is refused."""
        self._give_up(Refused(400, msg))

    def _hear_no_more(self) -> None:
        """Refuse a head; where anything else is being answered nobody would take the refusal for what it is."""
        if self.cycle and (self.cycle.scope is self.scope or not self.cycle.response_complete):
            self.transport.abort()
        else:
            status = 414 if len(self.url) > MOST_WITHOUT_BODY // 2 else 431
            told = f"The head of a request has at most {MOST_WITHOUT_BODY} bytes."
            self._give_up(Refused(status, told, extensions=_TOO_LARGE))

    def _give_up(self, refused: Refused) -> None:
        body = encode(refused.body)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", f"{JSON}; charset=utf-8".encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = (b"%s: %s\r\n" % header for header in headers)
        status = f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}\r\n".encode()
        self.transport.write(b"".join((status, *lines, b"\r\n", body)))
        self.transport.close()

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
