"""The records of an archive as values: what each must have, whoever wrote it. What else they have is passed over."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.services.archive.layout import time_text
from gql_api.services.archive.tape import UnfitArchive

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BOOK_KEEPING = "__"
"""Keys of a message's meta that begin so are Acontext's own."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class Message(NamedTuple):
    """A message. `assets` are hash and name of what its parts hold, by the part's number; the parts have none then."""

    role: Any
    parts: list[model.JsonObject]
    meta: model.JsonObject
    metadata: model.JsonObject
    assets: dict[int, tuple[str, str]]


class File(NamedTuple):
    """A file of the disk."""

    path: str
    sha256: str
    size: int
    metadata: model.JsonObject


class Session(NamedTuple):
    """What ends a session, with how many lists, messages and files it has."""

    id: UUID
    user: str
    title: str | None
    tags: list[str]
    configs: model.JsonObject
    created_at: datetime
    pinned_at: datetime | None
    archived_at: datetime | None
    forked_from: UUID | None
    messages: int
    files: int


def message_line(message: model.Message, metadata: model.JsonObject) -> model.JsonObject:
    """Write a message; `metadata` are its caller's own."""
    return {
        "id": message.id_text,
        "role": message.role,
        "parts": [_part_line(part) for part in message.parts],
        "meta": {key: value for key, value in message.meta.items() if not key.startswith(_BOOK_KEEPING)},
        "metadata": metadata,
        "createdAt": time_text(message.created_at),
    }


def place(message: model.Message) -> model.JsonObject:
    """Write what of a message's line says where it stands."""
    return {"id": message.id_text, "createdAt": time_text(message.created_at)}


def _part_line(part: model.JsonObject) -> model.JsonObject:
    asset = part.get("asset")
    if not asset:
        return part
    return {**part, "asset": {"sha256": asset["sha256"], "mime": asset.get("mime"), "size": asset.get("size_b")}}


def read_message(line: model.JsonObject, where: str) -> Message:
    """Read a message; raise `UnfitArchive`."""
    parts = _field(line, "parts", list, where)
    if not all(isinstance(part, dict) for part in parts):
        raise UnfitArchive(f"{where} parts: each is a JSON object.")
    assets = {index: _asset(part, f"{where} parts.{index}") for index, part in enumerate(parts) if part.get("asset")}
    bare = [
        {key: value for key, value in part.items() if key not in ("asset", "filename")} if index in assets else part
        for index, part in enumerate(parts)
    ]
    meta, metadata = (_field(line, name, dict, where) for name in ("meta", "metadata"))
    return Message(line.get("role"), bare, meta, metadata, assets)


def _asset(part: model.JsonObject, where: str) -> tuple[str, str]:
    asset = _field(part, "asset", dict, where)
    return _hash(asset, where), _field(part, "filename", str, where)


def file_line(file: model.File, *, sha256: str, size: int) -> model.JsonObject:
    """Write a file; hash and size are those of the bytes that were read."""
    return {
        "path": file.path,
        "sha256": sha256,
        "size": size,
        "mimeType": file.mime_type,
        "metadata": file.metadata,
        "createdAt": time_text(file.created_at),
        "updatedAt": time_text(file.updated_at),
    }


def read_file(line: model.JsonObject, where: str) -> File:
    """Read a file; raise `UnfitArchive`."""
    path, size = _field(line, "path", str, where), _field(line, "size", int, where)
    return File(path, _hash(line, where), size, _field(line, "metadata", dict, where))


def read_session(record: model.JsonObject, where: str) -> Session:
    """Read the record of a session; raise `UnfitArchive`."""
    tags = _field(record, "tags", list, where)
    if not all(isinstance(tag, str) for tag in tags):
        raise UnfitArchive(f"{where} tags: each is a text.")
    return Session(
        id=_parsed(record, "id", UUID, where),
        user=_field(record, "user", str, where),
        title=None if record.get("title") is None else _field(record, "title", str, where),
        tags=tags,
        configs=_field(record, "configs", dict, where),
        created_at=_parsed(record, "createdAt", _moment, where),
        pinned_at=_time(record, "pinnedAt", where),
        archived_at=_time(record, "archivedAt", where),
        forked_from=None if record.get("forkedFrom") is None else _parsed(record, "forkedFrom", UUID, where),
        messages=_field(record, "messages", int, where),
        files=_field(record, "files", int, where),
    )


def _time(record: model.JsonObject, name: str, where: str) -> datetime | None:
    return None if record.get(name) is None else _parsed(record, name, _moment, where)


def _moment(text: str) -> datetime:
    """Read a time; `ValueError` for one before 1970, after which there is no place in a list of sessions."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    if moment < _EARLIEST:
        raise ValueError(text)
    return moment


def _parsed(record: model.JsonObject, name: str, parse: Callable[[str], Any], where: str) -> Any:
    try:
        return parse(_field(record, name, str, where))
    except (ValueError, OverflowError):
        raise UnfitArchive(f"{where} {name}: this cannot be read.") from None


def _hash(record: model.JsonObject, where: str) -> str:
    found: str = _field(record, "sha256", str, where)
    if not _SHA256.fullmatch(found):
        raise UnfitArchive(f"{where} sha256: this is no hash.")
    return found


def _field(record: model.JsonObject, name: str, kind: type, where: str) -> Any:
    value = record.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UnfitArchive(f"{where} {name}: it is missing, or of another kind.")
    return value
