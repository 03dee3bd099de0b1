"""What the server tells about itself: events of its work, and who listens to them; a leaf that anybody may import.

The work says only that it begins and how it ended. What becomes of that, metrics or traces, is in `metrics` and
`traces`, which are imported where they are wanted and nowhere else.
"""

from gql_api.telemetry.logs import RequestIdFilter
from gql_api.telemetry.request import Notes, notes, observed, outgoing_headers, request_id
from gql_api.telemetry.work import (
    Batch,
    Call,
    Doing,
    Event,
    Finishing,
    Listener,
    Operation,
    Stream,
    Wait,
    Work,
    doing,
    is_watched,
    listening,
)

__all__ = [
    "Batch",
    "Call",
    "Doing",
    "Event",
    "Finishing",
    "Listener",
    "Notes",
    "Operation",
    "RequestIdFilter",
    "Stream",
    "Wait",
    "Work",
    "doing",
    "is_watched",
    "listening",
    "notes",
    "observed",
    "outgoing_headers",
    "request_id",
]
