"""Answers compressed for who takes that: large ones of JSON; streams, files and what fits one packet are left alone."""

import gzip
from collections.abc import Awaitable

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_api.web.headers import headers_of
from gql_api.web.negotiation import GRAPHQL, JSON, takes_gzip

LEAST = 1400
"""Bytes from which on an answer is compressed: what is smaller fits one packet anyhow."""
LEAST_FOR_A_THREAD = 64 * 1024
"""Bytes that are compressed beside the event loop: it would be held up for about a millisecond, or longer."""
LEVEL = 4
"""Level 1 takes two thirds of the time and leaves a tenth more; 6 takes twice the time, and leaves as much."""
_JSON = (JSON.encode(), GRAPHQL.encode())


class Compression:
    """Compresses answers with gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] == "HEAD":
            return self._app(scope, receive, send)
        return self._app(scope, receive, _Answer(scope, send).send)


class _Answer:
    """One answer: its head is held where its body, which is to follow in one piece, will be compressed."""

    __slots__ = ("_head", "_scope", "_send")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._head: Message | None = None

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            return self._begin(message)
        return self._send(message) if self._head is None else self._compressed(self._head, message)

    def _begin(self, message: Message) -> Awaitable[None]:
        if not _is_large(message["headers"]):
            return self._send(message)
        MutableHeaders(raw=message["headers"]).add_vary_header("Accept-Encoding")
        if not takes_gzip(",".join(headers_of(self._scope).all(b"accept-encoding"))):
            return self._send(message)
        self._head = message
        return _nothing()

    async def _compressed(self, head: Message, message: Message) -> None:
        self._head = None
        body = message["body"]
        packed = await anyio.to_thread.run_sync(_pack, body) if len(body) >= LEAST_FOR_A_THREAD else _pack(body)
        headers = MutableHeaders(raw=head["headers"])
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(packed))
        await self._send(head)
        await self._send({**message, "body": packed})


def _is_large(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether this is the head of a large answer of JSON; one without a length is a stream."""
    told = dict(headers)
    length = told.get(b"content-length")
    return length is not None and int(length) >= LEAST and told.get(b"content-type", b"").startswith(_JSON)


def _pack(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


async def _nothing() -> None:
    """Send nothing yet."""
