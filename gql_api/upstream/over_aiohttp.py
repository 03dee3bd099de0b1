"""The sender by aiohttp: for an Acontext behind TLS or a proxy. It is imported where there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any

import aiohttp
import httpx
from yarl import URL

from gql_api.request_scope import Room
from gql_api.upstream.plain import CONNECT_SECONDS, KEPT_SECONDS
from gql_api.upstream.sender import Answer, NoAnswer, NotConnected, Request, Stream, TooLate, Unreached

_LONGEST_FIELD = 100 * 1024
_LARGE = 1024 * 1024
"""A body above it is handed over piece by piece."""
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class Network:
    """Sends each request once: what to do when that fails is decided by who knows what the request does."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, proxy: str | None) -> None:
        self._session = session
        self._origin = origin
        self._proxy = proxy

    async def send(self, request: Request) -> Answer:
        """Give the answer, or raise one of `NoAnswer`, or `Exceeded`."""
        try:
            async with self._session.request(
                request.method,
                URL(self._origin + request.target, encoded=True),
                headers=request.headers,
                data=_payload(request.body),
                allow_redirects=False,
                proxy=self._proxy,
                timeout=_timeout(request.seconds),
            ) as response:
                content = await _content(response, request.room)
                return Answer(response.status, response.reason or "", response.headers, content)
        except _FAILURES as error:
            raise failure_of(error) from error


async def _content(response: aiohttp.ClientResponse, room: Room | None) -> bytes:
    if room is None:
        return await response.read()
    pieces = []
    room.expect(response.content_length or 0)
    async for piece in response.content.iter_any():
        room.take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


@asynccontextmanager
async def by_aiohttp(base_url: str, proxy: str | None, *, connections: int) -> AsyncIterator[Network]:
    """Open the way to the server of this URL, with at most so many connections."""
    url = URL(base_url)
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEPT_SECONDS, **_trust(url))
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=[_once],
        max_line_size=_LONGEST_FIELD,
        max_field_size=_LONGEST_FIELD,
    ) as session:
        yield Network(session, str(url.origin()), proxy)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again whose connection broke: it does so for each DELETE and PUT."""
    try:
        return await send(request)
    except _FAILURES as error:
        raise failure_of(error) from error


def _payload(body: bytes | Stream) -> Any:
    if isinstance(body, Stream):
        return aiter(body)
    return (BytesIO(body) if len(body) > _LARGE else body) if body else None


@lru_cache
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=min(CONNECT_SECONDS, seconds), sock_read=seconds)


def failure_of(error: Exception) -> NoAnswer:
    """Tell what an error of aiohttp means for the request."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotConnected()
    if isinstance(error, TimeoutError):
        return TooLate()
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch):
        return Unreached()
    return NoAnswer()


def _trust(url: URL) -> dict[str, Any]:
    """Trust the authorities that httpx does, and SSL_CERT_FILE and SSL_CERT_DIR in their place."""
    if url.scheme != "https":
        return {}
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return {"ssl": context}
