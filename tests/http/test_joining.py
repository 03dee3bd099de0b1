"""Answers over a real socket: what is written in one turn of the loop leaves together, and all else is as it was."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from gql_api.web import protocol
from gql_api.web.protocol import JoiningProtocol
from on_a_port import on_a_port

SECONDS = 20
PIECE = b"x" * 16_000
PIECES = 1000
LARGE = bytes(range(256)) * 16_000


class Counting:
    """The connection of a server, whose writes are counted."""

    def __init__(self, transport: asyncio.Transport, server: "Server") -> None:
        self._transport = transport
        self._server = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._server.written.append(data)
        self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        return self._server.left.pop(0) if self._server.left else self._transport.get_write_buffer_size()


class Server:
    """An application on a port, what its connections were given to send, and how much of `/pieces` was made.

    `left` is what they say, one after the other, that clients have not taken yet, in place of what it is.
    """

    def __init__(self) -> None:
        self.connections: list[JoiningProtocol] = []
        self.written: list[bytes] = []
        self.left: list[int] = []
        self.made = 0
        self.let = asyncio.Event()

    def protocol(self, *args: Any, **options: Any) -> JoiningProtocol:
        server = self

        class Counted(JoiningProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                server.connections.append(self)
                super().connection_made(Counting(transport, server))  # type: ignore[arg-type]

        return Counted(*args, **options)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        answers: dict[str, Callable[[Send], Awaitable[None]]] = {"/pieces": self.pieces, "/events": self.events}
        if path in answers:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await answers[path](send)
            return
        if path == "/waits":
            await self.let.wait()
        answer = Response(LARGE) if path == "/large" else PlainTextResponse(f"This is {path}.")
        await answer(scope, receive, send)
        if path == "/last":
            self.connections[-1].shutdown()

    async def pieces(self, send: Send) -> None:
        """Give up control only where `send` does."""
        for self.made in range(1, PIECES + 1):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def events(self, send: Send) -> None:
        for number in range(3):
            await send({"type": "http.response.body", "body": b"event %d" % number, "more_body": True})
            await self.let.wait()
            self.let.clear()
        await send({"type": "http.response.body", "body": b""})


class Caller:
    """One connection of a client."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = url
        self.reader = reader
        self.writer = writer

    def ask(self, *paths: str, headers: str = "") -> None:
        lines = [f"GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n" for path in paths]
        self.writer.write("".join(lines).encode())

    async def answer(self) -> bytes:
        """Read an answer that tells its length; give its body."""
        head = await self.head()
        [length] = [line[16:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
        return await asyncio.wait_for(self.reader.readexactly(int(length)), SECONDS)

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SECONDS)

    async def chunk(self) -> bytes:
        size = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), SECONDS)
        return (await asyncio.wait_for(self.reader.readexactly(int(size, 16) + 2), SECONDS))[:-2]

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(-1), SECONDS)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def caller(server: Server) -> AsyncIterator[Caller]:
    """A client that takes little at a time, of a server whose kernel keeps little."""
    options: dict[str, Any] = {"http": server.protocol, "interface": "asgi3", "lifespan": "off"}
    async with on_a_port(server.app, buffer=20_000, **options) as url, calling(url) as one:
        yield one
        server.let.set()


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Caller]:
    address = urlsplit(url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            yield Caller(url, reader, writer)
        finally:
            writer.close()


async def test_head_and_body_of_a_small_answer_leave_in_one_write(server: Server, caller: Caller) -> None:
    for path in ("/one", "/two"):
        server.written.clear()
        caller.ask(path)
        assert await caller.answer() == f"This is {path}.".encode()
        assert len(server.written) == 1
    assert len(server.connections) == 1


async def test_requests_that_come_at_once_are_answered_in_their_order(server: Server, caller: Caller) -> None:
    caller.ask("/waits", "/one", "/large", "/two")
    server.let.set()

    bodies = [await caller.answer() for _ in range(4)]

    assert bodies == [b"This is /waits.", b"This is /one.", LARGE, b"This is /two."]


@pytest.mark.parametrize(("path", "body"), [("/one", b"This is /one."), ("/large", LARGE)])
async def test_a_connection_that_is_to_be_closed_is_closed_after_the_whole_answer(
    caller: Caller, path: str, body: bytes
) -> None:
    caller.ask(path, headers="Connection: close\r\n")

    assert await caller.answer() == body
    assert await caller.rest() == b""


async def test_a_server_that_stops_right_after_an_answer_sends_it(caller: Caller) -> None:
    caller.ask("/last")

    assert await caller.answer() == b"This is /last."
    assert await caller.rest() == b""


async def test_each_event_of_a_stream_leaves_by_itself(server: Server, caller: Caller) -> None:
    caller.ask("/events")
    await caller.head()
    for number in range(3):
        assert await caller.chunk() == b"event %d" % number
        server.let.set()
    assert await caller.chunk() == b""


async def test_no_more_is_made_than_a_slow_client_takes(server: Server, caller: Caller) -> None:
    caller.ask("/pieces")
    await caller.head()
    assert server.made * len(PIECE) < 1_000_000

    chunks = [await caller.chunk() for _ in range(PIECES + 1)]

    assert chunks == [PIECE] * PIECES + [b""]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are looked at very often."""
    monkeypatch.setattr(protocol, "STALLED_SECONDS", 0.02)


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_takes_nothing_is_cut_off_and_holds_up_nobody(server: Server, caller: Caller) -> None:
    caller.ask("/large")
    await caller.head()
    async with calling(caller.url) as other:
        other.ask("/one")
        assert await other.answer() == b"This is /one."
    await until(server.connections[0].transport.is_closing)

    with suppress(ConnectionResetError):
        assert len(await caller.rest()) < len(LARGE)
    assert server.connections[0].flow.write_paused is False  # what waits to write more is told


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_takes_a_little_is_not_cut_off(server: Server, caller: Caller) -> None:
    server.left = [500, 400, 300, 200, 100, 100]
    caller.ask("/large")
    await until(lambda: server.connections != [] and server.connections[0].transport.is_closing())

    assert server.left == []


async def test_a_client_that_says_no_more_is_sent_what_was_written(server: Server, caller: Caller) -> None:
    caller.ask("/one")
    caller.writer.write_eof()

    assert await caller.answer() == b"This is /one."


async def test_what_is_written_for_a_client_that_has_gone_disturbs_nobody(
    server: Server, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caller.ask("/waits")
    await until(lambda: bool(server.connections and server.connections[0].cycle))
    [connection] = server.connections
    connection.transport.write(b"held")
    connection.transport.abort()
    await caller.rest()

    assert b"held" not in server.written
    assert caplog.records == []


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
