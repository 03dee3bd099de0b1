"""JSON bodies and refusals, as all parts of the web give them; when to refuse is left to those parts."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Scope
from strawberry.types import ExecutionResult

from gql_api.web.headers import headers_of
from gql_api.web.negotiation import JSON, choose

_NOT_KEPT = (b"cache-control", b"no-store")


class Refused(Exception):
    """A request that is answered with a status of its own before GraphQL sees it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        extensions: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.extensions = extensions or {"code": "BAD_REQUEST"}
        self.headers = headers

    def answer(self, media: str = JSON, status: int | None = None) -> "JsonAnswer":
        """Make the answer, with another status where that is given."""
        return answer(self.body, status or self.status, media=media, headers=self.headers)

    @property
    def body(self) -> dict[str, Any]:
        """An error as GraphQL writes it."""
        return {"errors": [{"message": self.message, "extensions": dict(self.extensions)}]}


class Malformed(Refused):
    """A request that can be read, and whose parameters are not what GraphQL over HTTP says."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class BodyTooLarge(Refused):
    """A body beyond the limit; raised while the body is read."""

    def __init__(self, most: int, *, what: str = "The body", advice: str = "") -> None:
        super().__init__(413, f"{what} is larger than {most} bytes{advice}.", extensions={"code": "TOO_LARGE"})


def refuse(refused: Refused, scope: Scope) -> "JsonAnswer":
    """Answer with a refusal, in the media type that the client wants."""
    return refused.answer(choose(",".join(headers_of(scope).all(b"accept"))) or JSON)


def body_of(result: ExecutionResult) -> dict[str, Any]:
    """Write what an operation gave; `data` is there, null or not, where execution began, and only there."""
    errors = result.errors or []
    body: dict[str, Any] = {"errors": [error.formatted for error in errors]} if errors else {}
    # An error of a field has a path; without any, execution did not begin.
    if result.data is not None or any(error.path for error in errors):
        body["data"] = result.data
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def answer(body: Any, status: int, *, media: str = JSON, headers: Mapping[str, str] | None = None) -> "JsonAnswer":
    """Answer with JSON that nobody may keep."""
    return JsonAnswer(encode(body), status, media, headers or {})


class JsonAnswer(Response):
    """JSON that nobody may keep, with the same headers as any response would have, made without asking for each."""

    body: bytes

    def __init__(self, body: bytes, status: int, media: str, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            _NOT_KEPT,
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"%s; charset=utf-8" % media.encode("ascii")),
        ]
        if headers:
            self.raw_headers[1:1] = [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
            ]


def encode(body: Any) -> bytes:
    """Write JSON: fast, or slowly what orjson does not take: integers beyond 64 bits, lone surrogates, deep nesting."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
