"""Dates in HTTP headers, as seconds from now."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_until(date: str) -> float | None:
    """Tell how far ahead of now a date is, below 0 when it is past; None when it cannot be read."""
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
