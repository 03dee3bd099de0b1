"""What files an archive has, and the records in them, as docs/archive.md says; written and read here alike."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.services.archive.tape import Entry, UnfitArchive

FORMAT, VERSION = "gql-api archive", 1
MANIFEST, SUMS = "archive.json", "SHA256SUMS"
MOST_LINES = 100
"""Lines of one list."""
LARGEST_LIST = 4 * 1024 * 1024
"""Bytes of a list of more than one line."""
LARGEST_LINE = 32 * 1024 * 1024
"""Bytes of a line, and of a record that is a file of its own."""
_FEW = 10_000
_LONGEST = 500
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # one without an end too: it is not looked for twice
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(
    rf"sessions/(?P<session>{_UUID})/(?:(?P<record>session|left-out)\.json"
    r"|(?P<list>messages|files)/(?P<number>[0-9]{6})\.ndjson|blobs/(?P<blob>[0-9a-f]{64}))",
    re.ASCII,
)


class Name(NamedTuple):
    """What a file of a session is: a numbered list, a blob by its SHA-256, or the record that ends the session.

    `kind` is messages, files, blob, session or left-out.
    """

    session: UUID
    kind: str
    number: int = 0
    blob: str = ""


def parsed(name: str) -> Name:
    """Read a name; raise `UnfitArchive` for one that no session has."""
    found = _NAME.fullmatch(name)
    if not found or UUID(found["session"]).int == 0:
        raise UnfitArchive(f"{shown(name)} is nothing that an archive of version {VERSION} has.")
    session = UUID(found["session"])
    if found["list"]:
        return Name(session, found["list"], number=int(found["number"]))
    return Name(session, "blob", blob=found["blob"]) if found["blob"] else Name(session, found["record"])


def is_id(text: Any) -> bool:
    """Tell whether this is the id of an archive."""
    return isinstance(text, str) and bool(re.fullmatch("[0-9a-f]{32}", text))


def shown(name: str) -> str:
    """Write a name of the file so that it does no harm where it is shown."""
    return ascii(name[:200])


def harmless(text: str) -> str:
    """Write what is said of an archive, in whose own words it may be, so that it does no harm where it is shown."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:_LONGEST])


def list_name(session: UUID, kind: str, number: int) -> str:
    """Name a list of messages or of files."""
    return f"sessions/{session}/{kind}/{number:06}.ndjson"


def blob_name(session: UUID, sha256: str) -> str:
    """Name the bytes with this hash."""
    return f"sessions/{session}/blobs/{sha256}"


def record_name(session: UUID, kind: str) -> str:
    """Name the record that ends a session: session or left-out."""
    return f"sessions/{session}/{kind}.json"


def encoded(value: Any) -> bytes:
    """Write a record as one line; texts that are no Unicode, as strangers may have stored, in escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def decoded(line: bytes, where: str) -> model.JsonObject:
    """Read a record; raise `UnfitArchive`."""
    try:
        value = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnfitArchive(f"{where} is not JSON.") from None
    if not isinstance(value, dict):
        raise UnfitArchive(f"{where} is no JSON object.")
    return value


def record(file: BinaryIO, entry: Entry) -> model.JsonObject:
    """Read a file that is one record; raise `UnfitArchive`."""
    if entry.size > LARGEST_LINE:
        raise UnfitArchive(f"{entry.name} has more than {LARGEST_LINE} bytes.")
    file.seek(entry.start)
    return decoded(file.read(entry.size), entry.name)


def lines(file: BinaryIO, entry: Entry) -> Iterator[tuple[str, model.JsonObject]]:
    """Read the records of a list, each with where it stands; raise `UnfitArchive`."""
    if not entry.size:
        raise UnfitArchive(f"{entry.name} is empty.")
    file.seek(entry.start)
    number, left = 0, entry.size
    while left:
        number += 1
        where = f"{entry.name}, line {number},"
        line = file.readline(min(left, LARGEST_LINE + 1))
        left -= len(line)
        if len(line) > LARGEST_LINE or not line.endswith(b"\n"):
            raise UnfitArchive(f"{where} has more than {LARGEST_LINE} bytes, or no end.")
        if number > MOST_LINES or (number > 1 and entry.size > LARGEST_LIST):
            raise UnfitArchive(f"{entry.name} has more than {MOST_LINES} lines, or {LARGEST_LIST} bytes.")
        yield where, decoded(line, where)


def values(file: BinaryIO, entry: Entry) -> int:
    """Tell about how many values of JSON a file has, or more, without reading them; commas in texts are none."""
    file.seek(entry.start)
    content = file.read(entry.size)
    found = _separators(content)
    return found if found <= _FEW else _separators(_TEXT.sub(b"", content))


def _separators(content: bytes) -> int:
    return sum(map(content.count, (b",", b"[", b"{")))


def grouped(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Divide lines into lists."""
    group: list[bytes] = []
    size = 0
    for one in records:
        if group and (len(group) == MOST_LINES or size + len(one) > LARGEST_LIST):
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one)
    if group:
        yield group


def time_text(moment: datetime | None) -> str | None:
    """Write a time as all times are written: in UTC, to the microsecond."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _no_number(text: str) -> Any:
    raise ValueError(text)
