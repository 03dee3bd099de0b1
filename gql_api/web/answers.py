"""JSON bodies and refusals, as all parts of the web give them; when to refuse is left to those parts."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from gql_api.web.negotiation import JSON


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

    def answer(self, media: str = JSON) -> Response:
        """Make the answer: an error as GraphQL writes it."""
        body = {"errors": [{"message": self.message, "extensions": dict(self.extensions)}]}
        return answer(body, self.status, media=media, headers=self.headers)


class BodyTooLarge(Refused):
    """A body beyond the limit; raised while the body is read."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"The body is larger than {most} bytes.", extensions={"code": "TOO_LARGE"})


def answer(body: Any, status: int, *, media: str = JSON, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that nobody may keep."""
    return Response(
        encode(body), status, {"cache-control": "no-store", **(headers or {})}, media_type=f"{media}; charset=utf-8"
    )


def encode(body: Any) -> bytes:
    """Write JSON: fast, or slowly what orjson does not take: integers beyond 64 bits, lone surrogates, deep nesting."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
