"""The senders that reach an Acontext over the network: our own where it is plain HTTP, aiohttp for TLS and proxies."""

import urllib.request
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any

import aiohttp
import httpx
from yarl import URL

from gql_api.upstream.plain import CONNECT_SECONDS, KEPT_SECONDS, plainly
from gql_api.upstream.sender import Answer, NoAnswer, NotConnected, Request, Sender, TooLate, Unreached

_HTTP = 80
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
        """Give the answer, or raise one of `NoAnswer`."""
        body = request.body
        try:
            async with self._session.request(
                request.method,
                URL(self._origin + request.target, encoded=True),
                headers=request.headers,
                data=(BytesIO(body) if len(body) > _LARGE else body) if body else None,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=_timeout(request.seconds),
            ) as response:
                return Answer(response.status, response.reason or "", response.headers, await response.read())
        except _FAILURES as error:
            raise failure_of(error) from error


@asynccontextmanager
async def reaching(base_url: str, *, connections: int) -> AsyncIterator[Sender]:
    """Open the way to the server of `base_url`, with at most so many connections; proxies are the environment's."""
    url = URL(base_url)
    proxy = _proxy(url)
    way: AbstractAsyncContextManager[Sender]
    if url.scheme == "http" and proxy is None:
        way = plainly(url.host or "", url.port or _HTTP, connections=connections)
    else:
        way = by_aiohttp(url, proxy, connections=connections)
    async with way as sender:
        yield sender


@asynccontextmanager
async def by_aiohttp(url: URL, proxy: str | None, *, connections: int) -> AsyncIterator[Network]:
    """Open the way by aiohttp."""
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


def _proxy(url: URL) -> str | None:
    """Name the proxy that the environment has for this address; aiohttp's own look knows no ALL_PROXY."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if URL(proxy).scheme not in {"http", "https"}:
        raise ValueError("Acontext can be reached by a proxy only where that speaks HTTP.")
    return proxy
