"""Files of a disk: upload, read, update, delete; looking for them is in searching.py."""

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gql_api.embedded import clock, contents, disks, gojson, intake, mime, paths, serving
from gql_api.embedded.envelope import PARAMETER_ERROR, Refusal, bad_parameter, database_error, done, ok
from gql_api.embedded.storage import Staged
from gql_api.embedded.store import Store
from gql_api.embedded.uploads import Form, Upload, read_form

INFO = "__artifact_info__"

_MOST_BYTES = 16 * 1024 * 1024
_MOST_BODY = _MOST_BYTES + 1024 * 1024
_LARGE = 256 * 1024
_DEFAULT_EXPIRE = 3600
_FIND = "SELECT * FROM artifacts WHERE disk_id = ? AND path = ? AND filename = ?"
_DELETE = "DELETE FROM artifacts WHERE disk_id = ? AND path = ? AND filename = ?"
_INSERT = "INSERT INTO artifacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "UPDATE artifacts SET meta = ?, updated_at = ? WHERE disk_id = ? AND path = ? AND filename = ?"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is: a disk, a directory and a name."""

    disk_id: str
    path: str
    filename: str

    def find(self, connection: sqlite3.Connection) -> sqlite3.Row | None:
        row: sqlite3.Row | None = connection.execute(_FIND, self.key).fetchone()
        return row

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.disk_id, self.path, self.filename)


def show(row: sqlite3.Row) -> dict[str, Any]:
    info = {name: row[name] for name in ("filename", "mime", "path", "size")}
    return {
        "disk_id": row["disk_id"],
        "path": row["path"],
        "filename": row["filename"],
        "meta": {**orjson.loads(row["meta"]), INFO: info},
        "created_at": clock.text(row["created_at"]),
        "updated_at": clock.text(row["updated_at"]),
    }


async def upload(store: Store, request: Request) -> Response:
    """Store a file in place of the one at its path; a reader sees the old or the new one."""
    disk_id = intake.path_id(request, "disk_id")
    form = await _uploaded(request)
    file = form.files["file"]
    if len(file.data) > _MOST_BYTES:
        raise Refusal(413, PARAMETER_ERROR, code=400)
    directory, _ = paths.split(form.fields.get("file_path", ""))
    meta = await intake.aside(request, lambda: _meta_text(form.fields.get("meta", "")))
    is_large = len(file.data) > _LARGE
    kind, content_type, staged = await store.lanes.run(lambda: _prepare(store, file), large=is_large)
    place = Place(disk_id, directory, intake.storable_text(file.filename))

    def put(connection: sqlite3.Connection) -> sqlite3.Row:
        return _put(connection, store, place, (meta, kind, content_type, staged))

    try:
        return ok(show(await store.database.write(put)), status=201)
    finally:
        await asyncio.to_thread(store.storage.discard, staged)


async def _uploaded(request: Request) -> Form:
    """Read the form of an upload; a body of another type is read before it is refused for having no file."""
    if intake.content_type(request) != "multipart/form-data":
        fields = await intake.body(request)
        form = Form(fields={name: intake.text_field(fields, name) for name in ("file_path", "meta")}, files={})
    else:
        form = await read_form(request, most=_MOST_BODY)
    if not form.files.keys().isdisjoint(("file_path", "meta")):
        raise bad_parameter()
    if "file" not in form.files:
        raise bad_parameter("file is required")
    return form


def _prepare(store: Store, file: Upload) -> tuple[str, str | None, Staged]:
    kind = mime.detect(file.data, file.filename)
    content_type = contents.kind(file.data, filename=file.filename, mime=kind)
    return kind, content_type, store.storage.stage(file.data)


def _put(
    connection: sqlite3.Connection, store: Store, place: Place, file: tuple[str, str, str | None, Staged]
) -> sqlite3.Row:
    meta, kind, content_type, staged = file
    if not disks.exists(connection, place.disk_id):
        raise disks.disk_not_found()
    old = place.find(connection)
    if old is not None:
        store.storage.release(old["sha256"])
        connection.execute(_DELETE, place.key)
    store.storage.keep(staged)
    material_id = serving.material(connection, staged.sha256, kind, place.filename)
    now = store.clock.tick()
    told = (*place.key, meta, kind, staged.size, staged.sha256, material_id, content_type, now, now)
    connection.execute(_INSERT, told)
    row: sqlite3.Row = connection.execute(_FIND, place.key).fetchone()
    return row


async def get(store: Store, request: Request) -> Response:
    place = _asked_place(request)
    with_url = intake.flag(request, "with_public_url", default=True)
    with_content = intake.flag(request, "with_content", default=True)
    expire = intake.whole(request, "expire", default=_DEFAULT_EXPIRE)

    def read(connection: sqlite3.Connection) -> Response:
        row = _require(connection, place)
        found: dict[str, Any] = {"artifact": show(row)}
        if with_url:
            found["public_url"] = serving.url_for(store, row["material_id"], seconds=expire)
        if with_content and row["content_type"]:
            raw = orjson.Fragment(contents.json_text(store.storage.read(row["sha256"])))
            found["content"] = {"type": row["content_type"], "raw": raw}
        return ok(found)

    def is_large(connection: sqlite3.Connection) -> bool:
        row = place.find(connection)
        return with_content and row is not None and row["size"] > _LARGE

    return await store.database.read(read, large=is_large)


async def download(store: Store, request: Request) -> Response:
    place = _asked_place(request)
    row = await store.database.read(lambda connection: _require(connection, place))
    return serving.WholeFile(store.storage.path(row["sha256"]), mime=row["mime"])


async def update(store: Store, request: Request) -> Response:
    """Replace the caller's own metadata."""
    disk_id = intake.path_id(request, "disk_id")
    fields = await intake.body(request)
    file_path, meta = intake.text_field(fields, "file_path"), intake.text_field(fields, "meta")
    if not file_path or not meta:
        raise bad_parameter()
    written = await intake.aside(request, lambda: _meta_text(meta))
    place = Place(disk_id, *paths.split(file_path))

    def change(connection: sqlite3.Connection) -> sqlite3.Row:
        disks.require(connection, disk_id)
        connection.execute(_UPDATE, (written, store.clock.tick(), *place.key))
        row = place.find(connection)
        if row is None:
            raise database_error()
        return row

    return ok({"artifact": show(await store.database.write(change))})


async def delete(store: Store, request: Request) -> Response:
    disk_id = intake.path_id(request, "disk_id")
    file_path = intake.text_field(await intake.body(request), "file_path")
    if not file_path:
        raise bad_parameter()
    place = Place(disk_id, *paths.split(file_path))

    def remove(connection: sqlite3.Connection) -> None:
        disks.require(connection, place.disk_id)
        row = place.find(connection)
        if row is None:
            raise database_error()
        store.storage.release(row["sha256"])
        connection.execute(_DELETE, place.key)

    await store.database.write(remove)
    return done()


def _asked_place(request: Request) -> Place:
    disk_id = intake.path_id(request, "disk_id")
    return Place(disk_id, *paths.split(intake.text(request, "file_path", required=True)))


def _require(connection: sqlite3.Connection, place: Place) -> sqlite3.Row:
    disks.require(connection, place.disk_id)
    row = place.find(connection)
    if row is None:
        raise Refusal(404, "artifact not found", code=500)
    return row


def _meta_text(text: str) -> str:
    """Give the JSON text of a caller's metadata; empty and null are none."""
    try:
        meta = gojson.as_floats(gojson.loads(text, control_characters=True)) if text else None
    except gojson.NotJson as error:
        raise bad_parameter("invalid meta JSON format") from error
    if not isinstance(meta, dict | None):
        raise bad_parameter("invalid meta JSON format")
    if INFO in (meta or {}):
        raise bad_parameter()
    return intake.storable(gojson.dumps(meta or {}))
