"""Taking over mappings that were kept elsewhere, and giving all away: files, what is in them, and what it means."""

from typing import Literal

COLUMNS = ("user", "session", "disk", "title", "created_at")
OPTIONAL = "title"
Format = Literal["csv", "ndjson"]
