"""What belongs to one request: its id, the trace that it is a part of, and what its line in the log will say."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from gql_api.telemetry.work import Listener, Operation, Surroundings, Within, at, surroundings

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_LATER_PARENT = re.compile(r"(?!ff|00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}-[!-~]*")
_STATE = re.compile(r"[ -~\t]{1,512}", re.ASCII)


@dataclass(slots=True, eq=False)
class Notes(Surroundings):
    """One request, and what is noted of it on its way. `user` is the identifier: it is for hashing, not for showing."""

    id: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)
    """The W3C trace headers that the request came with, once they were found to be well formed."""
    user: str | None = None
    operation: Operation | None = None
    events: int | None = None
    """Events that a subscriber was told; None where nothing was subscribed to."""
    calls: int = 0
    """Calls of Acontext, each try counted."""


def notes() -> Notes | None:
    """Give the notes of the request at hand; None outside of requests."""
    found = surroundings.get()
    return found if isinstance(found, Notes) else None


def request_id() -> str | None:
    """Give the id of the request at hand; None outside of requests."""
    found = surroundings.get()
    return found.id if isinstance(found, Notes) else None


def observed(
    id: str, listeners: Sequence[Listener], *, traceparent: str = "", tracestate: str = ""
) -> AbstractContextManager[Notes]:
    """Let the block be one request with these headers; log lines and calls of Acontext then carry its id."""
    return Within(Notes(listeners, id, _trace(traceparent, tracestate) if traceparent else {}))


def _trace(parent: str, state: str) -> dict[str, str]:
    """Read the trace headers (W3C Trace Context); what is malformed is as if it were not there."""
    if not (_PARENT.fullmatch(parent) or _LATER_PARENT.fullmatch(parent)):
        return {}
    return {"traceparent": parent, **({"tracestate": state} if _STATE.fullmatch(state) else {})}


def outgoing_headers() -> dict[str, str]:
    """Give the headers that let another server's logs and traces name the request at hand."""
    noted, work = notes(), at()
    # A listener that traces says so by what it keeps on the work.
    traced = getattr(work.span, "headers", None) if work else None
    trace = traced() if traced else noted.trace if noted else {}
    return {**trace, "x-request-id": noted.id} if noted else dict(trace)
