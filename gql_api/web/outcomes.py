"""How a GraphQL request went, in one word and its codes, for metrics, traces and the log."""

import asyncio
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from starlette.requests import ClientDisconnect
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gql_api.errors import (
    DatabaseTimeout,
    DatabaseUnavailable,
    IdentityUnavailable,
    Overloaded,
    RateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from gql_api.schema.errors import INTERNAL
from gql_api.telemetry import Doing, Operation, notes
from gql_api.web.answers import Refused

_OURS = {
    INTERNAL,
    *(kind.code for kind in (UpstreamUnavailable, UpstreamTimeout, UpstreamRejected)),
    *(kind.code for kind in (DatabaseUnavailable, DatabaseTimeout, IdentityUnavailable)),
}
"""Codes of what is no fault of the client."""
_TURNED_AWAY = {Overloaded.code: "overloaded", RateLimited.code: "rate_limited"}
"""Codes of what was not begun, and the outcomes that they are counted as."""
_MOST_CODES = 10


class _Watched(Doing[Operation]):
    __slots__ = ()

    def __enter__(self) -> Operation:
        noted = notes()
        if noted:
            noted.operation = self.work
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            _note_failure(self.work, error)
        super().__exit__(kind, error, trace)


def watched() -> AbstractContextManager[Operation]:
    """Let the block be one GraphQL request."""
    return _Watched(Operation())


def note_turned_away(refused: Refused) -> None:
    """Note a request that was refused where nothing was begun that could be watched."""
    with suppress(Refused), watched():
        raise refused


def _note_failure(operation: Operation, error: BaseException) -> None:
    if isinstance(error, Refused):
        operation.codes = (str(error.extensions["code"]),)
        operation.outcome = _TURNED_AWAY.get(operation.codes[0]) or _fault(operation.codes)
    elif isinstance(error, ClientDisconnect | asyncio.CancelledError):
        operation.outcome = "gone"
    elif isinstance(error, Exception):
        operation.outcome, operation.codes = "failed", (INTERNAL,)


def note_result(operation: Operation, result: ExecutionResult) -> None:
    """Note what came of it."""
    if not result.errors:
        return
    codes = {str((error.extensions or {}).get("code")) for error in result.errors}
    operation.codes = tuple(sorted(codes)[:_MOST_CODES])
    if result.data is not None:
        operation.outcome = "partial"
    else:
        turned_away = _TURNED_AWAY.get(operation.codes[0]) if isinstance(result, PreExecutionError) else None
        operation.outcome = turned_away or _fault(operation.codes)


def _fault(codes: tuple[str, ...]) -> str:
    return "failed" if _OURS & set(codes) else "refused"
