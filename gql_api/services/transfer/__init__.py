"""Taking over mappings that were kept elsewhere, and giving all away: files, what is in them, and what it means."""

from typing import Literal

OPTIONAL = ("title", "pinned_at", "archived_at", "last_activity_at", "tags", "forked_from")
"""What may be missing, and null where it is there; in CSV that is nothing between the commas."""
COLUMNS = (
    "user",
    "session",
    "disk",
    "title",
    "created_at",
    "pinned_at",
    "archived_at",
    "last_activity_at",
    "tags",
    "forked_from",
)
Format = Literal["csv", "ndjson"]
