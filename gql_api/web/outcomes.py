"""How a GraphQL request went, in one word and its codes, for metrics, traces and the log."""

import asyncio
from contextlib import AbstractContextManager

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


class _Watched:
    __slots__ = ("_doing", "_operation")

    def __enter__(self) -> Operation:
        self._operation = Operation()
        self._doing = doing(self._operation)
        self._doing.__enter__()
        noted = notes()
        if noted:
            noted.operation = self._operation
        return self._operation

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            _note_failure(self._operation, error)
        self._doing.__exit__(None, None, None)


def watched() -> AbstractContextManager[Operation]:
    """Let the block be one GraphQL request."""
    return _Watched()


def _note_failure(operation: Operation, error: BaseException) -> None:
    if isinstance(error, Refused):
        operation.codes = (str(error.extensions["code"]),)
        operation.outcome = _fault(operation.codes)
    elif isinstance(error, ClientDisconnect | asyncio.CancelledError):
        operation.outcome = "gone"
    elif isinstance(error, Exception):
        operation.outcome, operation.codes = "failed", (INTERNAL,)


def note_result(operation: Operation, result: ExecutionResult) -> None:
    """Note what came of it."""
    codes = {str((error.extensions or {}).get("code")) for error in result.errors or ()}
    operation.codes = tuple(sorted(codes)[:_MOST_CODES])
    if codes:
        operation.outcome = "partial" if result.data is not None else _fault(operation.codes)


def _fault(codes: tuple[str, ...]) -> str:
    return "failed" if _OURS & set(codes) else "refused"
