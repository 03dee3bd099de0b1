"""A relay in front of Acontext that lets calls fail, by lot: before their effect, after it, without one, or late."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp
from aiohttp import web

WAYS = (
    *("failed before", "failed after", "busy", "unreachable"),
    *("reset before", "reset amid", "reset after", "cut off", "not JSON", "late", "slow"),
)
LATE = 4.0
"""Seconds after which a call has its effect for which nobody waits any more: longer than a server waits."""
_SLOW = 0.3
_SOON = 0.5
"""Seconds in which a call has its effect whose connection is gone: others that come after it may be sooner."""
_REFUSALS: dict[str, Callable[[], web.Response]] = {
    "failed before": lambda: web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html"),
    "busy": lambda: web.Response(status=429, headers={"retry-after": "0"}, text="{}"),
    "unreachable": lambda: web.Response(status=503, text=""),
}
"""Without an effect."""
_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"}


class Call(NamedTuple):
    """One that is to be carried, and when it came."""

    request: web.BaseRequest
    body: bytes
    came: float


@dataclass
class Faults:
    """Carries calls to `upstream`, of which this share fails; `is_calm` lets all through."""

    upstream: str
    lot: random.Random
    share: float
    is_calm: bool = False
    injected: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    url: str = ""
    latest: float = 0.0
    """Seconds after which the latest effect came."""
    unworded: int = 0
    """Refusals of Acontext's own that came without its words, as from a proxy that knows no such address."""
    _under_way: int = 0
    _late: set["asyncio.Task[None]"] = field(default_factory=set)

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._late or self._under_way:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.1)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen on a free port of loopback."""
        limits = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=limits, auto_decompress=False) as self._http:
            runner = web.ServerRunner(web.Server(self._handle))
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield
            finally:
                await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.calls += 1
        self._under_way += 1
        try:
            body = await request.read()
            fails = not self.is_calm and self.lot.random() < self.share
            way = self.lot.choice(WAYS) if fails else "well"
            if fails:
                self.injected[way] += 1
            return await self._carried(Call(request, body, time.monotonic()), way)
        finally:
            self._under_way -= 1

    async def _carried(self, call: Call, way: str) -> web.StreamResponse:
        if way in _REFUSALS:
            return _REFUSALS[way]()
        if way == "reset before":
            return _reset(call.request)
        if way == "reset amid":
            self._go_on_with(self._soon(call))
            return _reset(call.request)
        if way == "late":
            self._go_on_with(self._later(call))
            await asyncio.sleep(LATE)
            return _reset(call.request)
        if way == "slow":
            await asyncio.sleep(_SLOW)
        return await self._answered(call.request, way, *await self._forward(call))

    async def _answered(
        self, request: web.BaseRequest, way: str, status: int, headers: dict[str, str], answer: bytes
    ) -> web.StreamResponse:
        if way == "reset after":
            return _reset(request)
        if way == "failed after":
            return web.Response(status=500, text="internal error")
        if way == "not JSON":
            self.unworded += 400 <= status < 500
            return web.Response(status=status, text="{", content_type="application/json")
        if way == "cut off":
            return await _cut(request, status, headers, answer)
        return web.Response(status=status, headers=headers, body=answer)

    def _go_on_with(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _soon(self, call: Call) -> None:
        await asyncio.sleep(self.lot.uniform(0, _SOON))
        await self._forward(call)

    async def _later(self, call: Call) -> None:
        await asyncio.sleep(LATE - 0.1)
        await self._forward(call)

    async def _forward(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        request = call.request
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._http.request(
            request.method, self.upstream + request.raw_path, data=call.body or None, headers=headers
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            told = answer.status, kept, await answer.read()
        self.latest = max(self.latest, time.monotonic() - call.came)
        return told


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport:  # else who asked has gone already
        request.transport.abort()
    return web.Response(status=500)


async def _cut(request: web.BaseRequest, status: int, headers: dict[str, str], body: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(status=status, headers=headers)
    answer.content_length = len(body) + 10
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    return _reset(request)
