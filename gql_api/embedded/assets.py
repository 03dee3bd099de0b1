"""Files that come with a message: kept as assets, named in its parts, read back by their key."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import intake, mime, serving, sessions
from gql_api.embedded.envelope import Refusal, bad_parameter, database_error
from gql_api.embedded.storage import Staged
from gql_api.embedded.store import Store
from gql_api.embedded.uploads import Upload

FIELD = "file_field"

_BUCKET = "embedded"
_FIND = "SELECT sha256 FROM assets WHERE s3_key = ? LIMIT 1"

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded file on its way into a message."""

    staged: Staged
    key: str
    mime: str
    filename: str


def require_files(parts: list[Part], files: Mapping[str, Upload]) -> None:
    """Refuse parts that name a file that did not come."""
    for part in parts:
        if FIELD in part and part[FIELD] not in files:
            raise bad_parameter(f"missing file {part[FIELD]}")


def refuse_files(parts: list[Part]) -> None:
    """Refuse parts that name a file, as none could come."""
    if any(FIELD in part for part in parts):
        raise database_error(400)


async def attach(store: Store, parts: list[Part], files: Mapping[str, Upload]) -> tuple[list[Part], list[Attachment]]:
    """Give the parts with assets in place of the names of files, and the files, which are safe on disk by then."""
    attached: dict[str, Attachment] = {}
    for name in {part[FIELD] for part in parts if FIELD in part}:
        attached[name] = await asyncio.to_thread(_stage, store, files[name])
    described = [_described(part, attached[part[FIELD]]) if FIELD in part else part for part in parts]
    return described, list(attached.values())


def _stage(store: Store, file: Upload) -> Attachment:
    staged = store.storage.stage(file.data)
    _, dot, ending = file.filename.rpartition(".")
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    return Attachment(
        staged=staged,
        key=f"assets/{store.project_id}/{day}/{staged.sha256}{(dot + ending).lower() if dot else ''}",
        mime=mime.detect(file.data, file.filename),
        filename=file.filename,
    )


def _described(part: Part, attachment: Attachment) -> Part:
    asset = {
        "bucket": _BUCKET,
        "s3_key": attachment.key,
        "etag": "",
        "sha256": attachment.staged.sha256,
        "mime": attachment.mime,
        "size_b": attachment.staged.size,
    }
    rest = {key: value for key, value in part.items() if key != FIELD}
    return {**rest, "asset": asset, "filename": attachment.filename}


def keep(connection: sqlite3.Connection, store: Store, message_id: str, attachments: list[Attachment]) -> None:
    for each in attachments:
        store.storage.keep(each.staged)
        material_id = serving.material(connection, each.staged.sha256, each.mime, each.filename)
        row = (message_id, each.staged.sha256, each.key, material_id)
        connection.execute("INSERT OR IGNORE INTO assets VALUES (?, ?, ?, ?)", row)


async def download(store: Store, request: Request) -> Response:
    session_id = intake.path_id(request, "session_id", message="invalid session_id")
    key = intake.text(request, "s3_key", strict=False)

    def read(connection: sqlite3.Connection) -> Response:
        sessions.require(connection, session_id)
        if not key:
            raise bad_parameter()
        if not key.startswith(f"assets/{store.project_id}/"):
            raise Refusal(403, "access denied: asset does not belong to this project")
        row = connection.execute(_FIND, (key,)).fetchone()
        if row is None:
            raise Refusal(500, "download asset failed")
        path = store.storage.path(row["sha256"])
        return serving.WholeFile(path, mime="application/octet-stream")

    return await store.database.read(read)
