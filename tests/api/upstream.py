"""The network to Acontext as tests have it: calls are counted, and may fail before or after their effect."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

KEY = "sk-ac-tests"
Fault = Callable[[httpx.Request], str | None]


@dataclass
class Upstream:
    """Counts calls as `GET /session/{id}/messages`; `fault` tells of each whether it fails `before` or `after`.

    `lost` is one that was sent and never arrives.
    """

    calls: list[str] = field(default_factory=list)
    fault: Fault | None = None
    meanwhile: Callable[[Any], Awaitable[None]] | None = None
    """Runs while an answer is under way, and may alter its JSON in place."""
    _behind: httpx.AsyncBaseTransport | None = None

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        self._behind = transport
        return _Front(transport, self)

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask Acontext past the application, with its key; faults do not touch this."""
        assert self._behind is not None
        request = httpx.Request(
            method, f"http://embedded.invalid/api/v1{path}", headers={"authorization": f"Bearer {KEY}"}, **options
        )
        response = await self._behind.handle_async_request(request)
        return json.loads(await response.aread()).get("data")

    def clear(self) -> None:
        self.calls.clear()


class _Front(httpx.AsyncBaseTransport):
    def __init__(self, behind: httpx.AsyncBaseTransport, upstream: Upstream) -> None:
        self._behind = behind
        self._upstream = upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._upstream.calls.append(f"{request.method} {_shape(request.url.path)}")
        when = self._upstream.fault(request) if self._upstream.fault else None
        if when == "before":
            raise httpx.ConnectError("refused", request=request)
        if when == "lost":
            raise httpx.ReadError("reset", request=request)
        response = await self._behind.handle_async_request(request)
        if when == "after":
            await response.aread()
            raise httpx.ReadError("reset", request=request)
        return await self._under_way(response)

    async def _under_way(self, response: httpx.Response) -> httpx.Response:
        if self._upstream.meanwhile is None or "json" not in response.headers.get("content-type", ""):
            return response
        body = json.loads(await response.aread())
        await self._upstream.meanwhile(body)
        return httpx.Response(response.status_code, json=body)

    async def aclose(self) -> None:
        await self._behind.aclose()


def _shape(path: str) -> str:
    pieces = path.removeprefix("/api/v1").split("/")
    return "/".join("{id}" if piece.count("-") == 4 and len(piece) == 36 else piece for piece in pieces)
