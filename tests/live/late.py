"""An Acontext whose messages are there some time after the time that they bear, as those of slow writers are."""

import json
import time
from base64 import urlsafe_b64decode
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from api.upstream import Upstream
from gql_api.upstream import cursor

Place = tuple[int, str]
_PAGE = 7
"""Stands for the size of the largest page: a walk takes several."""


@dataclass
class LateUpstream(Upstream):
    """Half of all messages are shown up to `most` seconds late; which, and how late, their ids say."""

    most: float = 0.0

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return _Late(super().in_front_of(transport), self)

    def shown(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give those that are there now."""
        now = time.time()
        return [item for item in items if _seconds(item) + self._delay(item) <= now]

    def _delay(self, item: dict[str, Any]) -> float:
        chance = UUID(item["id"]).int % 1000
        return max(0.0, chance - 500) / 500 * self.most


class _Late(httpx.AsyncBaseTransport):
    def __init__(self, behind: httpx.AsyncBaseTransport, upstream: LateUpstream) -> None:
        self._behind = behind
        self._upstream = upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if request.method != "GET" or not request.url.path.endswith("/messages") or "edit_strategies" in asked:
            return await self._behind.handle_async_request(request)
        # What appears while the answer is under way is in the next one.
        request.url = request.url.copy_with(params=asked.remove("limit").remove("cursor").remove("time_desc"))
        response = await self._behind.handle_async_request(request)
        body = json.loads(await response.aread())
        if response.is_success:
            data = body["data"]
            data["items"], data["has_more"] = _page(self._upstream.shown(data["items"]), asked)
        return httpx.Response(response.status_code, json=body)

    async def aclose(self) -> None:
        await self._behind.aclose()


def _page(there: list[dict[str, Any]], asked: httpx.QueryParams) -> tuple[list[dict[str, Any]], bool]:
    """Cut the page that was asked for, in Acontext's own way."""
    if "limit" not in asked:
        return there, False
    limit = int(asked["limit"])
    if asked.get("time_desc") == "true":
        end = bisect_left(there, _read(asked["cursor"]), key=_place) if "cursor" in asked else len(there)
        return (there[:end], False) if end <= limit else (there[end - limit - 1 : end - 1], True)
    limit = min(limit, _PAGE)
    start = bisect_right(there, _read(asked["cursor"]), key=_place) if "cursor" in asked else 0
    return there[start : start + limit], len(there) - start > limit


def _seconds(item: dict[str, Any]) -> float:
    return cursor.moment(item["created_at"]).timestamp()


def _place(item: dict[str, Any]) -> Place:
    return round(_seconds(item) * 1_000_000), item["id"]


def _read(text: str) -> Place:
    nanoseconds, id = urlsafe_b64decode(text + "==").decode().split("|")
    return int(nanoseconds) // 1000, id
