"""Fetching a JWK Set: bounded in time, in size and in redirects, and never less safe than the first step."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

SECONDS = 5.0
"""For all of it, redirects included."""
LARGEST = 512 * 1024
"""Bytes of a set."""
_MOST_STEPS = 4
# A packed answer could unpack to far more than its size.
_HEADERS = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}


class NoKeys(Exception):
    """The issuer's answer is not what it should be. The message says why, and nothing of the answer."""


async def fetch(http: httpx.AsyncClient, url: str) -> Any:
    """Get the JSON at a URL; raise `NoKeys`, `httpx.HTTPError`, `TimeoutError` or what reading JSON raises."""
    async with asyncio.timeout(SECONDS):
        return json.loads(await _follow(http, http.build_request("GET", url, headers=_HEADERS)))


async def _follow(http: httpx.AsyncClient, request: httpx.Request) -> bytes:
    for _ in range(_MOST_STEPS):
        async with _sent(http, request) as response:
            if response.next_request is None:
                return await _body(response)
            request = _next(request, response.next_request)
    raise NoKeys("too many redirects")


@asynccontextmanager
async def _sent(http: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    response = await http.send(request, stream=True, follow_redirects=False)
    try:
        yield response
    finally:
        await response.aclose()


def _next(before: httpx.Request, after: httpx.Request) -> httpx.Request:
    if after.url.scheme != "https" and after.url.host != before.url.host:
        raise NoKeys("a redirect to another host without TLS")
    if before.url.scheme == "https" and after.url.scheme != "https":
        raise NoKeys("a redirect off https")
    return after


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise NoKeys(f"status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoKeys("a packed answer")
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise NoKeys(f"more than {LARGEST} bytes")
    return body
