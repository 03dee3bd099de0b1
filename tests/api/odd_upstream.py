"""A network to Acontext with something odd in between: a proxy, a broken server, or nobody at all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from api.upstream import Upstream

INSIDE = "words-of-the-inside"
Answer = httpx.Response | Exception
Make = Callable[[httpx.Request], Awaitable[Answer]]


@dataclass
class OddUpstream(Upstream):
    """Answers in place of Acontext the calls that `is_odd` picks, with what `instead` makes."""

    instead: Make | None = None
    is_odd: Callable[[httpx.Request], bool] = lambda request: True

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return _Odd(super().in_front_of(transport), self)


class _Odd(httpx.AsyncBaseTransport):
    def __init__(self, behind: httpx.AsyncBaseTransport, upstream: OddUpstream) -> None:
        self._behind = behind
        self._upstream = upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        instead = self._upstream.instead
        if instead is None or not self._upstream.is_odd(request):
            return await self._behind.handle_async_request(request)
        answer = await instead(request)
        if isinstance(answer, Exception):
            raise answer
        if room := request.extensions.get("room"):
            room.take(len(answer.content))  # as by each way to Acontext
        return answer

    async def aclose(self) -> None:
        await self._behind.aclose()


def answering(status: int, body: object = None, *, text: str | None = None, kind: str = "application/json") -> Make:
    """Answer with a status and a body."""

    async def make(_: httpx.Request) -> Answer:
        if text is None:
            return httpx.Response(status, json=body)
        return httpx.Response(status, text=text, headers={"content-type": kind, "location": f"http://{INSIDE}/"})

    return make


def failing(kind: type[httpx.TransportError]) -> Make:
    """Fail as httpx does."""

    async def make(request: httpx.Request) -> Answer:
        return kind(f"{INSIDE} at {request.url}", request=request)

    return make


async def never(_: httpx.Request) -> Answer:
    """Do not answer at all."""
    await asyncio.Event().wait()
    raise AssertionError


UNAVAILABLE, TIMEOUT, REJECTED = "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_REJECTED"
ODDITIES: dict[str, tuple[Make, str]] = {
    "refuses the connection": (failing(httpx.ConnectError), UNAVAILABLE),
    "resets the connection": (failing(httpx.ReadError), UNAVAILABLE),
    "breaks off": (failing(httpx.RemoteProtocolError), UNAVAILABLE),
    "is slow to connect": (failing(httpx.ConnectTimeout), TIMEOUT),
    "is slow to answer": (failing(httpx.ReadTimeout), TIMEOUT),
    "fails": (answering(500, {"code": 500, "msg": INSIDE}), UNAVAILABLE),
    "fails in words of its own": (answering(502, text=f"<html>{INSIDE}", kind="text/html"), UNAVAILABLE),
    "fails with a good status": (answering(200, {"code": 500, "msg": INSIDE}), UNAVAILABLE),
    "has too many requests": (answering(429, {"code": 429, "msg": INSIDE}), UNAVAILABLE),
    "refuses the key": (answering(401, {"code": 401, "msg": INSIDE}), REJECTED),
    "refuses with a good status": (answering(200, {"code": 418, "msg": INSIDE}), REJECTED),
    "forbids": (answering(403, {"code": 403, "msg": INSIDE}), REJECTED),
    "is a page": (answering(200, text=f"<html>{INSIDE}", kind="text/html"), UNAVAILABLE),
    "is broken JSON": (answering(200, text='{"code": 0, "data": {' + INSIDE), UNAVAILABLE),
    "is a list": (answering(200, [INSIDE]), UNAVAILABLE),
    "is a string": (answering(200, INSIDE), UNAVAILABLE),
    "is null": (answering(200, None), UNAVAILABLE),
    "has no data": (answering(200, {"code": 0, "msg": INSIDE}), UNAVAILABLE),
    "has other data": (answering(200, {"code": 0, "data": {"x": INSIDE}}), UNAVAILABLE),
    "is empty": (answering(200, text="", kind="text/plain"), UNAVAILABLE),
    "is nothing": (answering(204, text="", kind="application/json"), UNAVAILABLE),
    "leads elsewhere": (answering(302, text=INSIDE, kind="text/html"), UNAVAILABLE),
    "is not there": (answering(404, text="404 page not found", kind="text/plain"), REJECTED),
}
"""What the answer of Acontext is or does, and the code that a client learns of it."""
