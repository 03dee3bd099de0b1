"""The shape of every answer: data in upstream's envelope, refusals in upstream's words."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import PlainTextResponse, Response

_JSON = "application/json; charset=utf-8"
_DATABASE_ERROR = "database error"
PARAMETER_ERROR = "parameter error"


class Refusal(Exception):
    """An error to answer with: the HTTP status and the code in the body may differ, as upstream's do."""

    def __init__(self, status: int, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = status if code is None else code
        self.message = message

    def response(self) -> Response:
        return _json({"code": self.code, "msg": self.message}, status=self.status)


def bad_parameter(message: str = PARAMETER_ERROR) -> Refusal:
    return Refusal(400, message)


def session_not_found() -> Refusal:
    return Refusal(404, "session not found")


def database_error(status: int = 500) -> Refusal:
    """Upstream's word for most failures, unknown ids among them."""
    return Refusal(status, _DATABASE_ERROR, code=500)


def ok(data: Any, *, status: int = 200) -> Response:
    """Answer with data; text that is JSON already goes in as an orjson.Fragment."""
    return _json({"code": 0, "data": data, "msg": ""}, status=status)


def many(values: Iterable[Any]) -> orjson.Fragment:
    """Write a long list value by value, as no other thread runs while a value is written."""
    return orjson.Fragment(b"[" + b",".join(map(orjson.dumps, values)) + b"]")


def done() -> Response:
    return _json({"code": 0, "msg": ""}, status=200)


def said(message: str) -> Response:
    return _json({"code": 0, "msg": message}, status=200)


def page_not_found() -> Response:
    """The router's answer to unknown paths and methods: no JSON."""
    return PlainTextResponse("404 page not found", status_code=404, headers={"content-type": "text/plain"})


def _json(body: Any, *, status: int) -> Response:
    return Response(orjson.dumps(body), status_code=status, headers={"content-type": _JSON})
