"""Ranges of what is written as it is sent, so that its length is known at its end only (RFC 9110, 14; RFC 8673)."""

import re
from typing import NamedTuple, Self

from gql_api.web.headers import Headers

_ENDLESS = "9007199254740991"
"""The last byte where a client names none: the largest integer that programs in JavaScript can count to."""
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{12,16})?", re.IGNORECASE)
"""From a byte on, to the end: with no last byte, or with one that lies beyond any end."""
_TAG = re.compile(r'"([!#-~]+)"')


class Rest(NamedTuple):
    """What a client wants of what it was cut off from: from the byte `start` on, of that which has this tag."""

    tag: str
    start: int
    last: str

    @classmethod
    def of(cls, headers: Headers) -> Self | None:
        """Read what is asked for; None where it is the whole.

        That it is too, as it may be, for a range that says not what it is of, for one that has an end, also before its
        start, and for several.
        """
        wanted = _RANGE.fullmatch(headers.get(b"range"))
        tag = _TAG.fullmatch(headers.get(b"if-range"))
        if not wanted or not tag:
            return None
        start, last = int(wanted[1]), wanted[2] or _ENDLESS
        return cls(tag[1], start, last) if start <= int(last) else None

    @property
    def content_range(self) -> str:
        """Say what is sent: to an end that nobody knows yet."""
        return f"bytes {self.start}-{self.last}/*"
