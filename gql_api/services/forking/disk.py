"""Copies the files of a disk, one after the other, each with its metadata."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.content import HeldContent
from gql_api.errors import Conflict, TooLarge, UpstreamFailure
from gql_api.services import rules
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

if TYPE_CHECKING:
    from gql_api.services.forking.work import Work

MOST_FILES = 10_000
FILES: rules.Path = ("input", "includeFiles")


class DiskCopy:
    """The files of one fork."""

    def __init__(self, work: "Work", source: UUID, target: UUID) -> None:
        self._work = work
        self._calls = work.tools.gateway.files
        self._source, self._target = source, target

    async def run(self) -> None:
        """Copy what is not there yet. What was deleted since it was listed is left out."""
        gateway = self._work.tools.gateway
        there = {file.path for file in await files_of(gateway, self._target, self._work.hold)}
        for file in await files_of(gateway, self._source, self._work.hold):
            if file.path not in there:
                await self._copy(file)
            self._work.done += 1

    async def _copy(self, file: model.File) -> None:
        await self._work.hold()
        content = await self._calls.content_now(file)
        if content is None:
            await self._work.source()
            return
        try:
            async with self._work.sending():
                copied = await self._upload(file, content)
        except Refused as refusal:
            if not refusal.is_mistake:
                raise
            raise Conflict("Acontext refused a copy of a file.", FILES) from None
        except UpstreamFailure:
            if not self._work.is_in_doubt or not await self._is_there(file):
                raise
            self._work.settle()
            return
        if copied.path != file.path:
            raise Conflict("A file has a name that cannot be copied.", FILES)

    async def _upload(self, file: model.File, content: bytes) -> model.File:
        return await self._calls.upload(
            self._target,
            directory=file.directory,
            filename=file.filename,
            content=HeldContent(content),
            metadata=file.metadata or None,
        )

    async def _is_there(self, file: model.File) -> bool:
        with suppress(UpstreamFailure):
            return await self._calls.get(self._target, file.directory, file.filename) is not None
        return False


async def files_of(gateway: Gateway, disk_id: UUID, hold: Callable[[], Awaitable[None]]) -> list[model.File]:
    """List all files of a disk, by path: in one call, or where there are many directory by directory.

    Raises `TooLarge`, where there are more than can be copied.
    """
    found = await gateway.files.all(disk_id)
    if found is None:
        found, waiting, walked = [], ["/"], 0
        while waiting and len(found) + walked <= MOST_FILES:
            await hold()
            path = waiting.pop()
            listing = await gateway.files.directory(disk_id, path)
            found += listing.files
            waiting += [f"{path}{name}/" for name in listing.directories]
            walked += not listing.files
        if waiting:
            raise _too_many()
    if len(found) > MOST_FILES:
        raise _too_many()
    return sorted(found, key=lambda file: file.path)


def _too_many() -> TooLarge:
    return TooLarge(f"At most {MOST_FILES} files can be copied.", FILES)
