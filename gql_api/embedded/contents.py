"""The text of a file as upstream shows and searches it: its kind by extension, then by type; binary files have none."""

import csv
import io
import re
from pathlib import PurePosixPath

import orjson

_CODE = re.compile(r"\.(py|[jt]sx?|java|cc?|cpp|h|hpp|cs|go|rs|rb|php|sh|bash|sql|kt|swift|scala|r|lua|pl)")
_TEXTUAL = ("text/", "application/json", "application/xml", "application/x-ndjson")


def kind(data: bytes, *, filename: str, mime: str) -> str | None:
    """Give json, csv, code or text; None if the content is not shown. Slow when it is large."""
    suffix, plain = PurePosixPath(filename).suffix.lower(), mime.partition(";")[0]
    if suffix == ".json" or (not suffix and plain == "application/json"):
        return "json" if _is_json(data) else None
    if suffix == ".csv" or (not suffix and plain == "text/csv"):
        return "csv" if _is_csv(data) else None
    if not mime.startswith(_TEXTUAL):
        return None
    return "code" if _CODE.fullmatch(suffix) else "text"


def text(data: bytes) -> str:
    """Give the text; bytes that are no UTF-8 become U+FFFD."""
    return data.decode(errors="replace")


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_csv(data: bytes) -> bool:
    """Tell whether every record has as many fields as the first, which Go's reader insists on."""
    try:
        widths = {len(row) for row in csv.reader(io.StringIO(text(data), newline=""), strict=True) if row}
    except csv.Error:
        return False
    return len(widths) <= 1
