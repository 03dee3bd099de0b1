"""The status and the media type of each answer, by the edition of GraphQL over HTTP, and nothing of their text."""

from typing import Any, Protocol

from starlette.responses import Response
from strawberry.types import ExecutionResult

from gql_api.errors import RateLimited
from gql_api.schema.errors import INTERNAL, UNPARSABLE
from gql_api.web.answers import Malformed, Refused, answer, body_of
from gql_api.web.negotiation import GRAPHQL

PARTIAL_SUCCESS = 294
_SUCCESSES = range(200, 300)


class Statuses(Protocol):
    """What an edition says."""

    def answer(self, result: ExecutionResult, media: str) -> Response:
        """Answer with what an operation gave, to a client that wants this media type."""

    def refuse(self, refused: Refused, media: str) -> Response:
        """Answer a request whose operation was not looked at."""


class Audited:
    """The drafts up to 2025, which the public audit asks for.

    Clients of application/json take any status but 200 for a failure of the transport, and so are told 200 by it.
    """

    def answer(self, result: ExecutionResult, media: str) -> Response:
        body = body_of(result)
        if "data" in body:
            return answer(body, 200, media=media)
        return _failed(body, media, 400 if media == GRAPHQL else 200)

    def refuse(self, refused: Refused, media: str) -> Response:
        return refused.answer(media)


class September2026:
    """The edition of September 2026: every failure has its status, whatever the client takes.

    What failed has the new media type for clients of application/json too: it tells that the body is GraphQL.
    """

    def answer(self, result: ExecutionResult, media: str) -> Response:
        body = body_of(result)
        if "data" in body:
            # The edition wants its own status beside its own media type only.
            is_told = "errors" in body and media == GRAPHQL
            return answer(body, PARTIAL_SUCCESS if is_told else 200, media=media)
        return _failed(body, GRAPHQL, 400 if UNPARSABLE in _codes(body) else 422)

    def refuse(self, refused: Refused, media: str) -> Response:
        if refused.status in _SUCCESSES:
            # Of automatic persisted queries. Clients of application/json look for it under this status alone.
            return refused.answer(media, status=422 if media == GRAPHQL else refused.status)
        return refused.answer(GRAPHQL, status=422 if isinstance(refused, Malformed) else refused.status)


def _failed(body: dict[str, Any], media: str, fault: int) -> Response:
    """Answer where an operation was not begun: with the status `fault` where that was the client's."""
    codes = _codes(body)
    if RateLimited.code in codes:
        waits = [error.get("extensions", {}).get("retryAfter", 1) for error in body["errors"]]
        return answer(body, 429, media=media, headers={"retry-after": str(max(waits))})
    return answer(body, 500 if INTERNAL in codes else fault, media=media)


def _codes(body: dict[str, Any]) -> set[str]:
    return {error.get("extensions", {}).get("code", "") for error in body.get("errors", ())}
