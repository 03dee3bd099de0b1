"""Ids that say how much is behind them, so that the stub needs no memory of what there is.

A session of the benchmarks is `<messages>-be9c-4<files>-8<files>-<serial>`, in hexadecimal digits; its disk has `be9d`
in the second place. Any other id is a session of `MESSAGES` messages, or a disk of `FILES` files.
"""

from datetime import UTC, datetime, timedelta

MESSAGES, FILES = 20, 10
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = 60
"""What the stub counts for each message."""
_SESSION, _DISK = "-be9c-", "-be9d-"
_LOW = 12


def session_id(serial: int, *, messages: int = MESSAGES, files: int = FILES) -> str:
    """Give the id of a session of so many messages and files."""
    high, low = files >> _LOW, files & ((1 << _LOW) - 1)
    return f"{messages:08x}{_SESSION}4{high:03x}-8{low:03x}-{serial:012x}"


def disk_of(session: str) -> str:
    """Give the id of its disk."""
    return session.replace(_SESSION, _DISK)


def message_count(session: str) -> int:
    """Tell how many messages a session had before any was stored."""
    return int(session[:8], 16) if _SESSION in session else MESSAGES


def file_count(disk: str) -> int:
    """Tell how many files a disk has."""
    return int(disk[15:18], 16) << _LOW | int(disk[20:23], 16) if _DISK in disk else FILES


def message_id(session: str, place: int) -> str:
    """Give the id of the message at this place, counted from 0."""
    return f"{place:08x}-ae55-4000-8000-{session[-12:]}"


def moment(place: int) -> str:
    """Tell when the message at this place was stored: one a second."""
    return (BEGUN + timedelta(seconds=place)).strftime("%Y-%m-%dT%H:%M:%SZ")
