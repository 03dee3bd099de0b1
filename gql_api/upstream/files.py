"""Calls about the files of a disk. A directory is given as `/` or `/a/b/`, beginning and ending with a slash."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gql_api import model
from gql_api.upstream import cursor
from gql_api.upstream.refusal import Refused, checked

if TYPE_CHECKING:
    from acontext.types.disk import Artifact

    from gql_api.upstream.call import Caller

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes that Acontext takes in one upload."""
GLOB_LIMIT = 200
"""Results that one glob gives at most; it says nowhere whether there are more."""

_SYSTEM_META = "__artifact_info__"


class FileCalls:
    """One method a call; ids are checked before the SDK sees them."""

    def __init__(self, call: "Caller") -> None:
        self._call = call

    async def directory(self, disk_id: UUID, directory: str) -> model.Listing:
        """List the direct children, sorted by name: upstream promises no order. An unknown directory is empty."""
        spelled = checked(disk_id)
        listed = await self._call(lambda sdk: sdk.disks.artifacts.list(spelled, path=directory))
        files = sorted((_file(artifact) for artifact in listed.artifacts), key=lambda file: file.filename)
        return model.Listing(files, sorted(name.strip("/") for name in listed.directories))

    async def all(self, disk_id: UUID) -> list[model.File] | None:
        """Return every file of the disk in one call, or None where there are too many for one."""
        spelled = checked(disk_id)
        found: Sequence[Artifact] = await self._call(
            lambda sdk: sdk.disks.artifacts.glob_artifacts(spelled, query="*", limit=GLOB_LIMIT)
        )
        return [_file(artifact) for artifact in found] if len(found) < GLOB_LIMIT else None

    async def get(self, disk_id: UUID, directory: str, filename: str) -> model.File | None:
        """Read what is known of a file; None where there is none."""
        found = await self._get(disk_id, directory, filename, with_public_url=False)
        return found and _file(found.artifact)

    async def public_url(self, disk_id: UUID, directory: str, filename: str, *, seconds: int) -> str | None:
        """Make a URL that works for so many seconds, at least 1 (0 would be for ever); None where there is no file."""
        if seconds < 1:
            raise ValueError("a public URL must expire")
        found = await self._get(disk_id, directory, filename, with_public_url=True, expire=seconds)
        return str(found.public_url) if found and found.public_url else None

    async def content(self, disk_id: UUID, directory: str, filename: str) -> bytes | None:
        """Download the bytes of a file; None where there is none."""
        path = f"/disk/{checked(disk_id)}/artifact/download"
        full_path = directory + filename
        try:
            return await self._call(lambda sdk: sdk.request_binary("GET", path, params={"file_path": full_path}))
        except Refused as refusal:
            if refusal.is_absence:
                return None
            raise

    async def upload(
        self,
        disk_id: UUID,
        *,
        directory: str,
        filename: str,
        content: bytes,
        metadata: model.JsonObject | None,
    ) -> model.File:
        """Store a file, in place of one with the same path. Of two at once for one disk upstream may fail one."""
        spelled = checked(disk_id)
        upload = (filename, content, "application/octet-stream")
        stored = await self._call(
            lambda sdk: sdk.disks.artifacts.upsert(spelled, file=upload, file_path=directory, meta=metadata)
        )
        return _file(stored)

    async def delete(self, disk_id: UUID, directory: str, filename: str) -> None:
        """Delete a file that is there: for one that is not, upstream fails as if its database had."""
        spelled = checked(disk_id)
        await self._call(lambda sdk: sdk.disks.artifacts.delete(spelled, file_path=directory, filename=filename))

    async def _get(self, disk_id: UUID, directory: str, filename: str, **options: Any) -> Any:
        spelled = checked(disk_id)
        try:
            return await self._call(
                lambda sdk: sdk.disks.artifacts.get(
                    spelled, file_path=directory, filename=filename, with_content=False, **options
                )
            )
        except Refused as refusal:
            if refusal.is_absence:
                return None
            raise


def _file(artifact: "Artifact") -> model.File:
    system = artifact.meta.get(_SYSTEM_META) or {}
    return model.File(
        disk_id=UUID(artifact.disk_id),
        directory=artifact.path,
        filename=artifact.filename,
        mime_type=str(system.get("mime") or "application/octet-stream"),
        size=int(system.get("size") or 0),
        metadata={key: value for key, value in artifact.meta.items() if key != _SYSTEM_META},
        created_at=cursor.moment(artifact.created_at),
        updated_at=cursor.moment(artifact.updated_at),
    )
