"""What all log lines of a request share: its id; where and how lines are written is left to who starts the server."""

import logging
from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class RequestIdFilter(logging.Filter):
    """Put `request_id` on each record, `-` outside of requests, so that a format may name it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True
