"""Writes sessions into an archive: conversation, media, files, and what our own database has of each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from gql_api import model
from gql_api.content import sha256_of_bytes
from gql_api.errors import UpstreamFailure, UpstreamTimeout
from gql_api.services import rules
from gql_api.services.archive import layout, records
from gql_api.services.archive.forms import written
from gql_api.services.archive.tree import files_after
from gql_api.services.archive.writing import Begun, Writer
from gql_api.store import tags
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused
from gql_api.upstream.walking import walk

T = TypeVar("T")

_FILES_OF_A_LIST = 20
"""After so many files a list is written: an export that is killed reads no more than these again."""
_AT_ONCE, _BYTES_AT_ONCE = 4, 16 * 1024 * 1024
"""Files that are in memory together, and their bytes, of which one file may have as many."""


@dataclass(slots=True)
class Tally:
    """What has been written so far, in all."""

    sessions: int = 0
    left_out: int = 0
    messages: int = 0
    files: int = 0


class _Unreadable(Exception):
    """Acontext answers, and does not have what it must have of this session."""


class Export:
    """One run. What others write meanwhile is in it or not; a conversation is without gaps up to its last message."""

    def __init__(self, gateway: Gateway, writer: Writer, forms: Sequence[str] = ()) -> None:
        self._gateway = gateway
        self._writer = writer
        self._forms = forms
        self.tally = Tally()

    async def session(self, session: model.Session, begun: Begun | None) -> AsyncIterator[str | None]:
        """Write a session, or the rest of one that is begun; yields at each step, and why it was left out if it was.

        Raises an `UpstreamFailure`, after which it is to be gone on with later.
        """
        begun = begun or Begun.new(session.id)
        try:
            configs = await self._configs(session.id)
            async for _ in self._messages(begun):
                yield None
            async for _ in self._files(session, begun):
                yield None
        except (_Unreadable, Refused) as reason:
            if isinstance(reason, Refused) and not reason.is_for_good:
                raise
            told = str(reason) if isinstance(reason, _Unreadable) else "Acontext does not have all of it any more."
            self._writer.end_session(session.id, "left-out", {**_named(session), "reason": told})
            self.tally.left_out += 1
            yield told
            return
        self._writer.end_session(session.id, "session", await _record(session, configs, begun))
        self.tally.sessions += 1
        yield None

    async def _configs(self, id: UUID) -> model.JsonObject:
        if not await self._gateway.sessions.exists(id):
            raise _Unreadable("Acontext does not have it any more.")
        return rules.without_ours((await self._gateway.sessions.get(id)).configs or {})

    async def _messages(self, begun: Begun) -> AsyncIterator[None]:
        last = begun.last.get("messages")
        start = cursor.after(cursor.moment(last["createdAt"]), UUID(last["id"])) if last else None
        async for page in walk(partial(self._gateway.messages.read, begun.id), start, size=layout.MOST_LINES):
            lines = await asyncio.to_thread(_lines, page, self._forms)
            at = 0
            for group in layout.grouped(lines):
                async for _ in self._media(begun, page[at : at + len(group)]):
                    yield
                at += len(group)
                self._add_list(begun, "messages", group)
                begun.last["messages"] = records.place(page[at - 1])
                self.tally.messages += len(group)
                yield

    async def _media(self, begun: Begun, messages: Iterable[model.Message]) -> AsyncIterator[None]:
        """Write what the parts of these messages hold and is not there yet."""
        for part in (part for message in messages for part in message.parts if part.get("asset")):
            asset = part["asset"]
            if asset["sha256"] in begun.blobs:
                continue
            read = self._gateway.messages.asset(begun.id, asset["s3_key"], asset["sha256"])
            [content] = await self._bytes(begun.id, [read])
            self._blob(begun, asset["sha256"], content)
            yield

    async def _bytes(self, id: UUID, reads: Sequence[Awaitable[T]]) -> list[T]:
        """Read bytes at once; some that are gone are answered as a failure of Acontext, so see whether it is one."""
        try:
            return await asyncio.gather(*reads)
        except UpstreamTimeout:
            raise
        except UpstreamFailure:
            if not await self._gateway.sessions.exists(id):
                raise _Unreadable("Acontext does not have it any more.") from None
            raise _Unreadable("The bytes of a file cannot be read from Acontext.") from None

    async def _files(self, session: model.Session, begun: Begun) -> AsyncIterator[None]:
        last = begun.last.get("files")
        lines: list[bytes] = []
        async for files in _together(files_after(self._gateway, session.disk_id, last["path"] if last else None)):
            lines += await self._read(begun, files)
            yield
            if len(lines) >= _FILES_OF_A_LIST:
                self._add_list(begun, "files", lines)
                lines = []
                yield
        if lines:
            self._add_list(begun, "files", lines)
            yield

    async def _read(self, begun: Begun, files: list[model.File]) -> list[bytes]:
        """Read files at once, write what is not there yet, and give their lines; one deleted just now has none."""
        contents = await self._bytes(begun.id, [self._gateway.files.content_now(file) for file in files])
        lines = []
        for file, content in zip(files, contents, strict=True):
            if content is None:
                continue
            sha256 = await sha256_of_bytes(content)
            if sha256 not in begun.blobs:
                self._blob(begun, sha256, content)
            lines.append(layout.encoded(records.file_line(file, sha256=sha256, size=len(content))))
            self.tally.files += 1
        return lines

    def _blob(self, begun: Begun, sha256: str, content: bytes) -> None:
        self._writer.add(layout.blob_name(begun.id, sha256), content, sha256)
        begun.blobs.add(sha256)

    def _add_list(self, begun: Begun, kind: str, lines: list[bytes]) -> None:
        begun.lists[kind] += 1
        begun.counts[kind] += len(lines)
        self._writer.add(layout.list_name(begun.id, kind, begun.lists[kind]), b"".join(lines))


def _lines(messages: Sequence[model.Message], forms: Sequence[str]) -> list[bytes]:
    return [_line(message, forms) for message in messages]


def _line(message: model.Message, forms: Sequence[str]) -> bytes:
    record = records.message_line(message, rules.without_ours(message.user_meta))
    if forms:
        line = layout.encoded({**record, "forms": written(message, forms)})
        if len(line) <= layout.LARGEST_LINE:
            return line
    line = layout.encoded(record)
    if len(line) > layout.LARGEST_LINE:
        raise _Unreadable(f"A message has more than {layout.LARGEST_LINE} bytes.")
    return line


async def _together(files: AsyncIterator[model.File]) -> AsyncIterator[list[model.File]]:
    group: list[model.File] = []
    size = 0
    async for file in files:
        if group and (len(group) == _AT_ONCE or size + file.size > _BYTES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(file)
        size += file.size
    if group:
        yield group


def _named(session: model.Session) -> model.JsonObject:
    return {"id": str(session.id), "user": session.user, "title": session.title}


def _last_activity(session: model.Session, begun: Begun) -> datetime | None:
    """Tell when something was said last: our own row may be a second behind, or not know what others said."""
    last = begun.last.get("messages")
    said = [cursor.moment(last["createdAt"])] if last else []
    return max([*said, *filter(None, [session.last_activity_at])], default=None)


async def _record(session: model.Session, configs: model.JsonObject, begun: Begun) -> model.JsonObject:
    tagged = await tags.of([session.id])
    return {
        **_named(session),
        "tags": tagged.get(session.id, []),
        "configs": configs,
        "createdAt": layout.time_text(session.created_at),
        "updatedAt": layout.time_text(session.updated_at),
        "lastActivityAt": layout.time_text(_last_activity(session, begun)),
        "pinnedAt": layout.time_text(session.pinned_at),
        "archivedAt": layout.time_text(session.archived_at),
        "forkedFrom": str(session.forked_from) if session.forked_from else None,
        **begun.counts,
    }
