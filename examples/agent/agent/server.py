"""The server as the agent needs it: failures with a code, and tries until it answers; what is asked, others decide."""

from collections.abc import Callable
from typing import Any, TypeVar

import httpx
import stamina

from agent.client import (
    Client,
    GraphQLClientError,
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    Refusal,
)

T = TypeVar("T")
UNREACHABLE = "UNREACHABLE"
PASSING = {
    UNREACHABLE,
    "BUSY",
    "DATABASE_TIMEOUT",
    "DATABASE_UNAVAILABLE",
    "IDENTITY_UNAVAILABLE",
    "OVERLOADED",
    "RATE_LIMITED",
    "SERVER_STOPPING",
    "UPSTREAM_FAILED",
    "UPSTREAM_TIMEOUT",
    "UPSTREAM_UNAVAILABLE",
}
"""Codes of failures that another try may get past; whatever the agent sends, it may send twice."""
_LONGEST_ANSWER = 60.0


class Failure(Exception):
    """The server did not do it; `code` says why for programs, the text for people."""

    def __init__(self, code: str, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = float(retry_after) if retry_after.isdecimal() else None


class Server:
    """Asks until there is an answer, for `patience` seconds."""

    def __init__(self, url: str, *, headers: dict[str, str], patience: float) -> None:
        http: Any = httpx.Client(headers=headers, timeout=_LONGEST_ANSWER)  # the client's protocol says less of `post`
        self._client = Client(url, http_client=http)
        self._patience = patience

    def ask(self, operation: Callable[[Client], T | None]) -> T:
        """Give what an operation gives. Raises `Failure`, also for what stands in the errors of a payload."""
        for attempt in stamina.retry_context(on=_pause, attempts=None, timeout=self._patience):
            with attempt:
                found = _answer(operation, self._client)
                refusals: list[Refusal] = getattr(found, "errors", [])
                for refusal in refusals:
                    raise Failure(refusal.code, f"{'.'.join(refusal.path)}: {refusal.message}")
        if found is None:
            raise Failure("NOT_FOUND", "There is no such session.")
        return found


def _pause(error: Exception) -> bool | float:
    """Say whether to try again; the seconds to wait before, where the server has said."""
    if not isinstance(error, Failure) or error.code not in PASSING:
        return False
    return True if error.retry_after is None else error.retry_after


def _answer(operation: Callable[[Client], T], client: Client) -> T:
    try:
        return operation(client)
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
        raise Failure("BAD_REQUEST", str(error)) from error
    except httpx.TransportError as error:
        raise Failure(UNREACHABLE, "The server cannot be reached.") from error
    except GraphQLClientGraphQLMultiError as error:
        first = error.errors[0]
        raise Failure(str((first.extensions or {}).get("code")), first.message) from error
    except GraphQLClientHttpError as error:
        raise _of_status(error.response) from error
    except GraphQLClientError as error:
        raise Failure("BAD_RESPONSE", "What answers there is no GraphQL server.") from error


def _of_status(response: Any) -> Failure:
    """Read an answer that is an error as a whole: the server's own, or that of a proxy before it."""
    try:
        first = response.json()["errors"][0]
        code, message = first["extensions"]["code"], first["message"]
    except (ValueError, LookupError, TypeError):
        code = UNREACHABLE if response.is_server_error else "BAD_RESPONSE"
        message = f"The server answered with the status {response.status_code}."
    return Failure(code, message, response.headers.get("retry-after", ""))
