"""Public URLs and what is behind them: bytes for whoever has the URL, always as an attachment."""

import os
import re
import sqlite3
import time
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from gql_api.embedded.envelope import Refusal
from gql_api.embedded.store import Store

_MILLISECONDS = 1000
_NEVER = 0
_LATEST = 2**47
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RANGES = (b"range", b"if-range")


class WholeFile(FileResponse):
    """A file in one piece with no headers but its type, whatever part of it was asked for, as upstream answers."""

    def __init__(self, path: os.PathLike[str], *, mime: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(path, headers={"content-type": header_text(mime), **(headers or {})})
        del self.headers["accept-ranges"]

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        self.headers["content-length"] = str(stat_result.st_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in scope["headers"] if header[0] not in _RANGES]
        await super().__call__({**scope, "headers": headers}, receive, send)


def header_text(text: str) -> str:
    """Give a text that goes out in a header as UTF-8; a type may hold what a page said of its character set."""
    return _CONTROL.sub(" ", text).strip().encode().decode("latin-1")


def material(connection: sqlite3.Connection, sha256: str, mime: str, filename: str) -> int:
    """Give the id under which bytes can be shown with this type and name."""
    key = (sha256, mime, filename)
    connection.execute("INSERT OR IGNORE INTO materials (sha256, mime, filename) VALUES (?, ?, ?)", key)
    query = "SELECT id FROM materials WHERE sha256 = ? AND mime = ? AND filename = ?"
    material_id: int = connection.execute(query, key).fetchone()["id"]
    return material_id


def url_for(store: Store, material_id: int, *, seconds: int) -> str:
    """Make a new URL that lives so long; for ever if `seconds` is not above 0."""
    expires_at = min(_now() + seconds * _MILLISECONDS, _LATEST) if seconds > 0 else _NEVER
    return store.signer.url(material_id, expires_at=expires_at)


async def serve(store: Store, request: Request) -> Response:
    material_id = store.signer.read(request.path_params["token"], now=_now())
    if material_id is None:
        raise Refusal(404, "material not found")

    def read(connection: sqlite3.Connection) -> Response:
        row = connection.execute("SELECT * FROM materials WHERE id = ?", (material_id,)).fetchone()
        if row is None or not store.storage.is_wanted(connection, row["sha256"]):
            raise Refusal(500, "failed to serve material")
        path = store.storage.path(row["sha256"])
        return WholeFile(path, mime=row["mime"], headers=_headers(row["filename"]))

    return await store.database.read(read)


def _headers(filename: str) -> dict[str, str]:
    """Keep a browser from showing a stranger's file as a page of this server."""
    return {
        "content-disposition": _disposition(filename),
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
    }


def _disposition(filename: str) -> str:
    if not _UNSAFE.search(filename):
        return f'attachment; filename="{header_text(filename)}"'
    plain = _UNSAFE.sub("_", filename).encode("ascii", "replace").decode().replace("?", "_")
    encoded = quote(filename, safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _now() -> int:
    return time.time_ns() // 1_000_000
