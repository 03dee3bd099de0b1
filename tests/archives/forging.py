"""Archives by hand, right and wrong, as docs/archive.md says them."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

SESSION = "11111111-2222-4333-8444-555555555555"
FOLDER = f"sessions/{SESSION}"
MANIFEST: dict[str, Any] = {
    "format": "gql-api archive",
    "version": 1,
    "id": "0123456789abcdef0123456789abcdef",
    "program": "by hand",
    "startedAt": "2026-01-01T00:00:00.000000Z",
    "selection": {"user": None, "sessions": None},
}
RECORD: dict[str, Any] = {
    "id": SESSION,
    "user": "ada",
    "title": None,
    "tags": [],
    "configs": {},
    "createdAt": "2026-01-01T00:00:00.000000Z",
    "messages": 1,
    "files": 1,
}
MESSAGE: dict[str, Any] = {"role": "user", "parts": [{"type": "text", "text": "hello"}], "meta": {}, "metadata": {}}
CONTENT = b"content"
HASH = hashlib.sha256(CONTENT).hexdigest()
FILE: dict[str, Any] = {"path": "/a.txt", "sha256": HASH, "size": len(CONTENT), "metadata": {}}

Members = list[tuple[str, bytes]]


def line(record: Any) -> bytes:
    return json.dumps(record).encode() + b"\n"


def members(*, manifest: Any = MANIFEST, record: Any = RECORD, messages: Any = None, files: Any = None) -> Members:
    """Give the files of an archive with one session: one message and one file, if nothing else is said."""
    return [
        ("archive.json", line(manifest)),
        (f"{FOLDER}/messages/000001.ndjson", b"".join(map(line, [MESSAGE] if messages is None else messages))),
        (f"{FOLDER}/blobs/{HASH}", CONTENT),
        (f"{FOLDER}/files/000001.ndjson", b"".join(map(line, [FILE] if files is None else files))),
        (f"{FOLDER}/session.json", line(record)),
    ]


def summed(found: Members) -> Members:
    """Add the sums."""
    lines = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in found)
    return [*found, ("SHA256SUMS", lines.encode())]


def taped(found: Members, **kinds: bytes) -> bytes:
    """Write the tar; `kinds` are types of entries other than files, by the last part of their name."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in found:
            entry = tarfile.TarInfo(name)
            entry.type = kinds.get(name.rpartition("/")[2].partition(".")[0], tarfile.REGTYPE)
            entry.linkname = "/etc/passwd" if entry.type != tarfile.REGTYPE else ""
            entry.size = 0 if entry.linkname else len(content)
            tar.addfile(entry, None if entry.linkname else io.BytesIO(content))
    return output.getvalue()


def write(file: str, content: bytes) -> str:
    Path(file).write_bytes(content)
    return file
