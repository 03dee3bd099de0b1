"""Tells who listens how each try to call Acontext went, and the log of each that is made again."""

import asyncio
import logging
from types import TracebackType

from stamina.instrumentation import RetryDetails

from gql_api import request_scope
from gql_api.errors import UpstreamFailure
from gql_api.telemetry import Call, Doing, notes
from gql_api.telemetry.work import retried
from gql_api.upstream.dates import seconds_until
from gql_api.upstream.exchange import Exchange, exchange
from gql_api.upstream.failures import Fate, Late, Unavailable
from gql_api.upstream.refusal import Refused

_LOG = logging.getLogger(__name__)


class Measured(Doing[Call]):
    """One try of the call at hand."""

    __slots__ = ()

    def __init__(self) -> None:
        told = exchange.get() or Exchange()
        call = told.current = Call(resent=told.tries)
        super().__init__(call)
        told.tries += 1
        noted = notes()
        if noted:
            noted.calls += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, UpstreamFailure):
            self.work.outcome = _outcome(error)
        elif isinstance(error, asyncio.CancelledError):
            request = request_scope.current()
            self.work.outcome = "timeout" if request and request.seconds_left <= 0 else "cancelled"
        super().__exit__(kind, error, trace)


def note_request(route: str, host: str, port: int | None) -> None:
    """Note where a try goes."""
    told = exchange.get()
    if told and told.current:
        told.route = told.current.route = route
        told.current.host, told.current.port = host, port


def note_answer(status: int, retry_after: str | None) -> None:
    """Note how a try is answered."""
    told = exchange.get()
    if not told:
        return
    if told.current:
        told.current.status = status
    if retry_after is not None:
        told.retry_after = _seconds(retry_after)


def note_retry(details: RetryDetails) -> None:
    """Log that a call is made again, as one of stamina's hooks; its own would log what it is given."""
    told = exchange.get()
    route = told.route if told else None
    cause = _outcome(details.caused_by) if isinstance(details.caused_by, UpstreamFailure) else "failed"
    _LOG.warning("%s: %s, is tried again in %.1f s", route or "Acontext", cause, details.wait_for)
    retried(route)


def _outcome(failure: UpstreamFailure) -> str:
    if isinstance(failure, Refused):
        return "refused"
    if isinstance(failure, Late):
        return "timeout"
    return "circuit_open" if isinstance(failure, Unavailable) and failure.fate is Fate.CIRCUIT_OPEN else "unavailable"


def _seconds(value: str) -> float | None:
    """Read Retry-After: seconds or a date."""
    if value.isascii() and value.isdecimal():
        return float(value)
    seconds = seconds_until(value)
    return None if seconds is None else max(0.0, seconds)
