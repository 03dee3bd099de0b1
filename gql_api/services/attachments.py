"""What is attached to a message: uploaded or encoded bytes, files of disks, and links that nobody here follows."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from gql_api.content import Content, HeldContent, UploadedFile, sha256_of
from gql_api.errors import Invalid, NotFound, TooLarge
from gql_api.formats import media
from gql_api.model import JsonObject
from gql_api.services import contents, rules
from gql_api.services.ownership import present
from gql_api.store import mappings
from gql_api.upstream.files import LARGEST_FILE
from gql_api.upstream.gateway import Gateway

MOST_ATTACHMENTS = 10
LONGEST_URL = 2048
_WEB = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)


class Encoded(NamedTuple):
    """Bytes in base64."""

    data: str
    filename: str | None
    mime_type: str | None


class Linked(NamedTuple):
    """An address on the web."""

    url: str


class OnDisk(NamedTuple):
    """A file of a disk."""

    disk_id: UUID
    directory: str
    filename: str


Attachment = UploadedFile | Encoded | Linked | OnDisk
Files = Mapping[str, tuple[str, Content]]
"""Name and bytes of each file that goes with a message, by its field."""


class Enclosure(NamedTuple):
    """A file that is sent along with a message; `path` is where it stands in the caller's input."""

    field: str
    filename: str
    source: Content | OnDisk
    path: rules.Path


def parts_of(given: Sequence[Attachment], place: rules.Path) -> tuple[list[JsonObject], tuple[Enclosure, ...]]:
    """Make a part of each attachment, and say which files are to be sent along; raise `Invalid` or `TooLarge`."""
    if len(given) > MOST_ATTACHMENTS:
        raise TooLarge(f"A message has at most {MOST_ATTACHMENTS} attachments.", place)
    parts: list[JsonObject] = []
    files: list[Enclosure] = []
    for index, attachment in enumerate(given):
        path = (*place, str(index))
        if isinstance(attachment, Linked):
            parts.append(_link(attachment.url, (*path, "url")))
            continue
        kind, enclosure = _enclosure(attachment, f"file-{index}", path)
        parts.append({"type": kind, "file_field": enclosure.field})
        files.append(enclosure)
    return parts, tuple(files)


def _link(url: str, path: rules.Path) -> JsonObject:
    if len(url) > LONGEST_URL:
        raise TooLarge(f"A URL has at most {LONGEST_URL} characters.", path)
    rules.exact_text(url, path)
    if not _WEB.fullmatch(url):
        raise Invalid("This must be an absolute URL of http or https.", path)
    return {"type": media.kind_of(None, re.split("[?#]", url, maxsplit=1)[0]), "meta": {"url": url}}


def _enclosure(given: UploadedFile | Encoded | OnDisk, field: str, path: rules.Path) -> tuple[str, Enclosure]:
    if isinstance(given, OnDisk):
        kind = media.kind_of(None, given.filename)
        return kind, Enclosure(field, given.filename, given, (*path, "fileId"))
    if isinstance(given, Encoded):
        path = (*path, "base64")
        content = contents.of_base64(given.data, (*path, "data"))
    else:
        path = (*path, "upload")
        content = contents.of_upload(given, path)
    named = given.filename or media.filename_of({}, given.mime_type or "")
    name = contents.filename(named, (*path, "filename") if isinstance(given, Encoded) else path)
    return media.kind_of(given.mime_type, name), Enclosure(field, name, contents.within_limit(content, path), path)


async def fingerprints(files: Sequence[Enclosure]) -> list[list[str]]:
    """Say what the files are, by their bytes; those of disks by where they lie, for they may change."""
    return [[one.field, one.filename, await _fingerprint(one.source)] for one in files]


async def _fingerprint(source: Content | OnDisk) -> str:
    return f"{source.disk_id}:{source.directory}" if isinstance(source, OnDisk) else await sha256_of(source)


async def check(gateway: Gateway, owner: str, files: Sequence[Enclosure]) -> dict[str, int]:
    """Look whether the files of disks are there, the owner's, and not too large together; give their sizes by field.

    Raises `NotFound` for others' as for none. Those of one message are in memory while it is sent.
    """
    sizes: dict[str, int] = {}
    for one in files:
        if not isinstance(one.source, OnDisk):
            continue
        disk_id, directory, filename = one.source
        present((await mappings.ready_by_disk(owner, [disk_id])).get(disk_id), "file", one.path)
        found = await gateway.files.get(disk_id, directory, filename)
        if found is None:
            raise NotFound("There is no such file.", one.path)
        sizes[one.field] = found.size
        if sum(sizes.values()) > LARGEST_FILE:
            raise TooLarge(f"A message's attachments from disks have at most {LARGEST_FILE} bytes.", one.path)
    return sizes


async def fetched(gateway: Gateway, owner: str, files: Sequence[Enclosure]) -> Files:
    """Give name and bytes of each file by its field; those of disks are checked and read now.

    They may have been checked before, but not in every call: one that was cut goes on under its key.
    """
    sizes = await check(gateway, owner, files)
    found: dict[str, tuple[str, Content]] = {}
    for one in files:
        content = one.source
        if isinstance(content, OnDisk):
            read = await gateway.files.content(*content, size=sizes[one.field])
            if read is None:
                raise NotFound("There is no such file.", one.path)
            content = HeldContent(read)
        found[one.field] = (one.filename, content)
    return found
