"""Time as the store writes it: microseconds since 1970, never the same twice, also over restarts."""

import time
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)


class Clock:
    """Gives strictly rising moments, so that the order of `created_at` is the order of storing."""

    def __init__(self, *, after: int) -> None:
        self._last = after

    def tick(self) -> int:
        """Give the next moment; only the one writing thread may ask, here and in `skip`."""
        self._last = max(self._last + 1, now())
        return self._last

    def skip(self, count: int) -> int:
        """Give the moment before the next `count`, which then are the caller's."""
        before = max(self._last, now() - 1)
        self._last = before + count
        return before


def now() -> int:
    return time.time_ns() // 1000


def text(moment: int) -> str:
    """Write a moment as upstream does: RFC 3339, UTC, trailing zeros cut."""
    written = (_EPOCH + timedelta(microseconds=moment)).isoformat()
    return f"{written.rstrip('0') if '.' in written else written}Z"
