"""Writing files: owner first, paths checked, one write at a time for each disk."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.content import Content
from gql_api.errors import NotFound
from gql_api.services import contents, paths, rules
from gql_api.services.locks import SessionLocks
from gql_api.services.ownership import own_session, present
from gql_api.store import mappings
from gql_api.upstream.gateway import Gateway

_SESSION = ("input", "sessionId")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to store. `path` is whole, the name included."""

    path: str
    content: Content
    metadata: Any


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was written, where, and whether there was one with its path before."""

    session: model.Session
    file: model.File
    replaced: bool


class Files:
    """The writes to disks."""

    def __init__(self, gateway: Gateway, locks: SessionLocks) -> None:
        self._gateway = gateway
        self._locks = locks

    async def upload(self, owner: str, session_id: UUID, upload: Upload) -> StoredFile:
        """Store a file, in place of one with the same path.

        Raises `NotFound`, `Invalid`, `TooLarge` (above 16 MiB), `Busy` or an `UpstreamFailure`.
        """
        await own_session(owner, session_id, _SESSION)
        directory, filename = paths.file(upload.path, ("input", "path"))
        metadata = rules.json_object(upload.metadata, ("input", "metadata"))
        contents.within_limit(upload.content, ("input", "content"))
        async with self._locks.holding(owner, session_id, _SESSION) as held:
            disk_id = held.session.disk_id
            replaced = await self._gateway.files.get(disk_id, directory, filename) is not None
            await held.confirm(transfer=True)
            file = await self._gateway.files.upload(
                disk_id, directory=directory, filename=filename, content=upload.content, metadata=metadata
            )
        return StoredFile(held.session, file, replaced)

    async def delete(self, session: model.Session, *, directory: str, filename: str, path: rules.Path) -> model.File:
        """Delete a file of the caller's own session; raise `NotFound` where there is none. Returns what it was."""
        async with self._locks.holding(session.user, session.id, path) as held:
            file = await self._there(session.disk_id, directory, filename, path)
            await held.confirm()
            await self._gateway.files.delete(session.disk_id, directory, filename)
        return file

    async def replace_metadata(
        self, session: model.Session, *, directory: str, filename: str, metadata: Any, path: rules.Path
    ) -> model.File:
        """Put metadata in place of all that a file of the caller's own session has; what is in the file stays.

        Raises `Invalid`, `TooLarge`, or `NotFound` where there is no such file.
        """
        checked = rules.json_object(metadata, ("input", "metadata")) or {}
        async with self._locks.holding(session.user, session.id, path) as held:
            await self._there(session.disk_id, directory, filename, path)
            await held.confirm()
            return await self._gateway.files.replace_metadata(session.disk_id, directory, filename, metadata=checked)

    async def _there(self, disk_id: UUID, directory: str, filename: str, path: rules.Path) -> model.File:
        file = await self._gateway.files.get(disk_id, directory, filename)
        if file is None:
            raise NotFound("There is no such file.", path)
        return file

    async def session_at(self, owner: str, session_id: UUID, path: rules.Path) -> model.Session:
        """Find the caller's session by its id; raise `NotFound`."""
        return await own_session(owner, session_id, path)

    async def session_of_disk(self, owner: str, disk_id: UUID, path: rules.Path) -> model.Session:
        """Find the caller's session by its disk; raise `NotFound`."""
        return present((await mappings.ready_by_disk(owner, [disk_id])).get(disk_id), "file", path)
