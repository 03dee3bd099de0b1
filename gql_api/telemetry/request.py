"""What belongs to one request: its id, the trace that it is a part of, and what its line in the log will say."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

from gql_api.telemetry.work import Listener, Operation, at, listening

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace_context: ContextVar[Mapping[str, str] | None] = ContextVar("trace_context", default=None)
"""The W3C trace headers that the request came with, once they were found to be well formed."""

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_LATER_PARENT = re.compile(r"(?!ff|00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}-[!-~]*")
_STATE = re.compile(r"[ -~\t]{1,512}", re.ASCII)


@dataclass(slots=True, eq=False)
class Notes:
    """What is noted of a request on its way. `user` is the identifier itself: it is for hashing, not for showing."""

    user: str | None = None
    operation: Operation | None = None
    events: int | None = None
    """Events that a subscriber was told; None where nothing was subscribed to."""
    calls: int = 0
    """Calls of Acontext, each try counted."""


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


def notes() -> Notes | None:
    """Give the notes of the request at hand; None outside of requests."""
    return _notes.get()


class _Observed:
    __slots__ = ("_id", "_listening", "_tokens", "_trace")

    def __init__(self, id: str, trace: Mapping[str, str], listeners: Sequence[Listener]) -> None:
        self._id = id
        self._trace = trace
        self._listening = listening(listeners)

    def __enter__(self) -> Notes:
        noted = Notes()
        self._tokens = request_id.set(self._id), trace_context.set(self._trace), _notes.set(noted)
        self._listening.__enter__()
        return noted

    def __exit__(self, *_: object) -> None:
        self._listening.__exit__(None, None, None)
        id, trace, noted = self._tokens
        request_id.reset(id)
        trace_context.reset(trace)
        _notes.reset(noted)


def observed(
    id: str, listeners: Sequence[Listener], *, traceparent: str = "", tracestate: str = ""
) -> AbstractContextManager[Notes]:
    """Let the block be one request with these headers; log lines and calls of Acontext then carry its id."""
    return _Observed(id, _trace(traceparent, tracestate), listeners)


def _trace(parent: str, state: str) -> dict[str, str]:
    """Read the trace headers (W3C Trace Context); what is malformed is as if it were not there."""
    if not parent or not (_PARENT.fullmatch(parent) or _LATER_PARENT.fullmatch(parent)):
        return {}
    return {"traceparent": parent, **({"tracestate": state} if _STATE.fullmatch(state) else {})}


def outgoing_headers() -> dict[str, str]:
    """Give the headers that let another server's logs and traces name the request at hand."""
    id, work = request_id.get(), at()
    # A listener that traces says so by what it keeps on the work.
    traced = getattr(work.span, "headers", None) if work else None
    trace = traced() if traced else trace_context.get()
    return {**(trace or {}), **({"x-request-id": id} if id else {})}
