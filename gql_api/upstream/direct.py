"""The sender that calls an Acontext in this process, as a server would."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from gql_api.request_scope import Exceeded
from gql_api.upstream.sender import Answer, NoAnswer, Request, Stream

_Message = MutableMapping[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]
_CRASHED = 500


class Direct:
    """Calls an ASGI application. It knows no time limits; who is cancelled cancels the application's work."""

    def __init__(self, app: _App) -> None:
        self._app = app

    async def send(self, request: Request) -> Answer:
        """Give the answer; that of an application that breaks before it has begun one is an empty 500.

        Raises `NoAnswer` where it ends without one, or `Exceeded`.
        """
        exchange = _Exchange(request)
        try:
            await self._app(_scope(request), exchange.receive, exchange.send)
        except Exception:
            exchange.status = exchange.status or _CRASHED
        else:
            if not (exchange.ended.is_set() or exchange.exceeded):
                raise NoAnswer
        if exchange.exceeded:  # whatever the application has made of it
            raise exchange.exceeded
        return Answer(exchange.status, "", exchange.headers, b"".join(exchange.body))


class _Exchange:
    """One request and its answer, in the messages of ASGI."""

    def __init__(self, request: Request) -> None:
        content = request.body
        self._room = request.room
        self._pieces = aiter(content) if isinstance(content, Stream) else None
        self._content: bytes | None = b"" if isinstance(content, Stream) else content
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.exceeded: Exceeded | None = None
        self.ended = asyncio.Event()

    async def receive(self) -> _Message:
        if self._content is None:
            await self.ended.wait()
            return {"type": "http.disconnect"}
        if self._pieces and (piece := await anext(self._pieces, None)) is not None:
            return {"type": "http.request", "body": piece, "more_body": True}
        content, self._content = self._content, None
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", ())
            self.headers = {_text(name).lower(): _text(value) for name, value in headers}
        elif message["type"] == "http.response.body":
            self._take(message.get("body", b""))
            if not message.get("more_body", False):
                self.ended.set()

    def _take(self, piece: bytes) -> None:
        try:
            if self._room:
                self._room.take(len(piece))
        except Exceeded as error:
            self.body.clear()
            self.exceeded = error
            raise
        self.body.append(piece)


def _text(name: bytes) -> str:
    """Read a part of a header as aiohttp does."""
    return name.decode("utf-8", "surrogateescape")


def _scope(request: Request) -> _Message:
    path, _, query = request.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers.items()],
        "client": ("127.0.0.1", 123),
        "server": None,
        "root_path": "",
    }
