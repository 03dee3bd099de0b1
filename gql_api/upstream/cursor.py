"""Acontext's own cursor text: base64url without padding of `<created_at in unix ns>|<uuid>`, the same in every list."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = UUID(int=2**128 - 1)


def after(created_at: datetime, id: UUID) -> str:
    """Return the cursor of the place just after this item."""
    nanoseconds = (created_at - _EPOCH) // _MICROSECOND * 1000
    return urlsafe_b64encode(f"{nanoseconds}|{id}".encode()).decode().rstrip("=")


def just_before(created_at: datetime, id: UUID) -> str:
    """Return the cursor of the place just before this item, so that a forward read begins with it.

    The nil UUID counts as no cursor at all, hence the step back in time for the id after it.
    """
    if id.int > 1:
        return after(created_at, UUID(int=id.int - 1))
    return after(created_at - _MICROSECOND, _LARGEST)


def end_of(moment: datetime) -> str:
    """Return the cursor of the place after everything of that time."""
    return after(moment, _LARGEST)


def moment(text: str) -> datetime:
    """Read an RFC 3339 time as Acontext writes it (0 to 9 fraction digits), cut to microseconds, in UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is UTC else read.astimezone(UTC)
