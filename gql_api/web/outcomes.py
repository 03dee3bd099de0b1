"""How a GraphQL request went, in one word and its codes, for metrics, traces and the log."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect
from strawberry.types import ExecutionResult

from gql_api.errors import (
    DatabaseTimeout,
    DatabaseUnavailable,
    IdentityUnavailable,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from gql_api.schema.errors import INTERNAL
from gql_api.telemetry import Operation, doing, notes
from gql_api.web.answers import Refused

_OURS = {
    INTERNAL,
    *(kind.code for kind in (UpstreamUnavailable, UpstreamTimeout, UpstreamRejected)),
    *(kind.code for kind in (DatabaseUnavailable, DatabaseTimeout, IdentityUnavailable)),
}
"""Codes of what is no fault of the client."""
_MOST_CODES = 10


@contextmanager
def watched() -> Iterator[Operation]:
    """Let the block be one GraphQL request."""
    with doing(Operation()) as operation:
        noted = notes()
        if noted:
            noted.operation = operation
        try:
            yield operation
        except Refused as refused:
            operation.codes = (str(refused.extensions["code"]),)
            operation.outcome = _fault(operation.codes)
            raise
        except (ClientDisconnect, asyncio.CancelledError):
            operation.outcome = "gone"
            raise
        except Exception:
            operation.outcome, operation.codes = "failed", (INTERNAL,)
            raise


def note_result(operation: Operation, result: ExecutionResult) -> None:
    """Note what came of it."""
    codes = {str((error.extensions or {}).get("code")) for error in result.errors or ()}
    operation.codes = tuple(sorted(codes)[:_MOST_CODES])
    if codes:
        operation.outcome = "partial" if result.data is not None else _fault(operation.codes)


def _fault(codes: tuple[str, ...]) -> str:
    return "failed" if _OURS & set(codes) else "refused"
