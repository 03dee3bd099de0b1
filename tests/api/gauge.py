"""A network to Acontext that tells how many calls are under way, and holds them until enough are."""

import asyncio
from dataclasses import dataclass, field

import httpx

from api.upstream import Upstream


@dataclass
class Gauge(Upstream):
    """Holds every call until `wanted` are under way at once; `most` were."""

    wanted: int = 0
    under_way: int = 0
    most: int = 0
    _enough: asyncio.Event = field(default_factory=asyncio.Event)

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return _Gauged(super().in_front_of(transport), self)

    def hold_until(self, wanted: int) -> None:
        """Begin to measure: from now on calls wait until so many are under way."""
        self.most, self.wanted = 0, wanted
        self._enough.clear()

    async def pass_through(self) -> None:
        """Come in; leave only when enough have come."""
        self.most = max(self.most, self.under_way)
        if self.under_way >= self.wanted:
            self._enough.set()
        async with asyncio.timeout(20):
            await self._enough.wait()
        await asyncio.sleep(0)


class _Gauged(httpx.AsyncBaseTransport):
    def __init__(self, behind: httpx.AsyncBaseTransport, gauge: Gauge) -> None:
        self._behind = behind
        self._gauge = gauge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._gauge.under_way += 1
        try:
            await self._gauge.pass_through()
            return await self._behind.handle_async_request(request)
        finally:
            self._gauge.under_way -= 1

    async def aclose(self) -> None:
        await self._behind.aclose()
