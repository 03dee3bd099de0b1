"""Taking over mappings that were kept elsewhere, and giving all away: files, what is in them, and what it means."""

from typing import Literal

COLUMNS = ("user", "session", "disk", "title", "created_at", "pinned_at", "archived_at", "last_activity_at", "tags")
OPTIONAL = ("title", "pinned_at", "archived_at", "last_activity_at", "tags")
"""What may be missing, and null where it is there; in CSV that is nothing between the commas."""
Format = Literal["csv", "ndjson"]
