"""An Acontext that lies: the tests of the contract must notice each of its lies."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from embedded.opened import ROOT

Answer = dict[str, Any]


def _surplus_key(data: Answer) -> None:
    data["surplus"] = None


def _missing_key(data: Answer) -> None:
    data.pop("has_more", None)


def _another_number(data: Answer) -> None:
    data.update({key: value + 1 for key, value in data.items() if key == "this_time_tokens"})


def _item_too_few(data: Answer) -> None:
    data["items"] = data.get("items", [])[:-1]


def _another_order(data: Answer) -> None:
    data.get("ids", []).reverse()


def _null_for_absent(data: Answer) -> None:
    data.setdefault("next_cursor", None)


LIES: dict[str, Callable[[Answer], None]] = {
    "a surplus key": _surplus_key,
    "a missing key": _missing_key,
    "another number": _another_number,
    "an item too few": _item_too_few,
    "the ids in another order": _another_order,
    "null for what is absent": _null_for_absent,
    "another status": lambda _data: None,
}


class Liar:
    """Stands before the real answers and changes one thing in each."""

    def __init__(self, app: ASGIApp, lie: str) -> None:
        self._transport, self._lie = httpx.ASGITransport(app), lie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        async with httpx.AsyncClient(transport=self._transport, base_url=ROOT) as http:
            headers, body = dict(request.headers), await request.body()
            told = await http.request(request.method, str(request.url), headers=headers, content=body)
        if not told.headers.get("content-type", "").startswith("application/json"):
            await Response(told.content, told.status_code)(scope, receive, send)
            return
        answer = told.json()
        if isinstance(answer.get("data"), dict):
            LIES[self._lie](answer["data"])
        status = told.status_code + (self._lie == "another status")
        response = Response(json.dumps(answer), status, media_type="application/json")
        await response(scope, receive, send)
