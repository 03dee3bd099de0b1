"""Calls about the files of a disk. A directory is given as `/` or `/a/b/`, beginning and ending with a slash."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from gql_api import model
from gql_api.content import Content
from gql_api.errors import UpstreamUnavailable
from gql_api.upstream import cursor
from gql_api.upstream.kinds import DOWNLOAD, ONCE, OVERWRITE, READ, SEARCH, UPLOAD
from gql_api.upstream.materials import through_us
from gql_api.upstream.refusal import Refused, checked

if TYPE_CHECKING:
    from acontext.types.disk import Artifact, GetArtifactResp, ListArtifactsResp

    from gql_api.upstream.counted_calls import CountedCalls
    from gql_api.upstream.guarded_calls import GuardedCalls

T = TypeVar("T")

BINARY = "application/octet-stream"
"""The media type that all files are sent with: Acontext looks at their bytes and names."""
LARGEST_FILE = 16 * 1024 * 1024
"""Bytes that Acontext takes in one upload."""
MOST_FOUND = 200
"""Results that one glob, or one search of texts, gives at most; it says nowhere whether there are more."""

_SYSTEM_META = "__artifact_info__"
_OTHER_BYTES = "Acontext gave other bytes of a file than it has told of."


class FileCalls:
    """One method a call; ids are checked before the SDK sees them."""

    def __init__(self, call: "GuardedCalls | CountedCalls", *, shown_at: str | None) -> None:
        self._call = call
        self._shown_at = shown_at

    def by(self, call: "CountedCalls") -> "FileCalls":
        """Give the same calls, made by another."""
        return FileCalls(call, shown_at=self._shown_at)

    async def directory(self, disk_id: UUID, directory: str) -> model.Listing:
        """List the direct children, sorted by name: upstream promises no order. An unknown directory is empty."""
        spelled = checked(disk_id)
        return await self._call.reading(
            READ,
            lambda sdk: sdk.disks.artifacts.list(spelled, path=directory),
            lambda answer: _listing(disk_id, spelled, answer),
        )

    async def all(self, disk_id: UUID) -> list[model.File] | None:
        """Return every file of the disk in one call, or None where there are too many for one."""
        spelled = checked(disk_id)
        found = await self._call.reading(
            READ,
            lambda sdk: sdk.disks.artifacts.glob_artifacts(spelled, query="*", limit=MOST_FOUND),
            lambda found: _files(disk_id, spelled, found),
        )
        return found if len(found) < MOST_FOUND else None

    async def grep(self, disk_id: UUID, expression: str) -> list[model.File]:
        """Find the text files that hold a match of PostgreSQL's regular expression, sorted by path.

        Whose pattern is wrong is told by Acontext in the words for a database that fails. Where more than `MOST_FOUND`
        match, which of them are given is Acontext's choice.
        """
        spelled = checked(disk_id)
        found = await self._call.reading(
            SEARCH,
            lambda sdk: sdk.disks.artifacts.grep_artifacts(spelled, query=expression, limit=MOST_FOUND),
            lambda found: _files(disk_id, spelled, found),
        )
        return sorted(found, key=lambda file: file.path)

    async def get(self, disk_id: UUID, directory: str, filename: str) -> model.File | None:
        """Read what is known of a file; None where there is none."""
        spelled = checked(disk_id)
        return await self._get(
            spelled,
            directory,
            filename,
            read=lambda found: _file(disk_id, spelled, found.artifact),
            with_public_url=False,
        )

    async def public_url(self, disk_id: UUID, directory: str, filename: str, *, seconds: int) -> str | None:
        """Make a URL that works for so many seconds, at least 1 (0 would be for ever); None where there is no file."""
        if seconds < 1:
            raise ValueError("a public URL must expire")
        spelled = checked(disk_id)
        url = await self._get(
            spelled,
            directory,
            filename,
            read=lambda found: _of(spelled, found.artifact) and found.public_url,
            with_public_url=True,
            expire=seconds,
        )
        return through_us(url, self._shown_at) if url else None

    async def content(self, disk_id: UUID, directory: str, filename: str, *, size: int | None = None) -> bytes | None:
        """Download the bytes of a file; None where there is none.

        Another number than `size` is a failure of Acontext: a page of something in between is bytes too.
        """
        path = f"/disk/{checked(disk_id)}/artifact/download"
        full_path = directory + filename
        try:
            content = await self._call(
                DOWNLOAD, lambda sdk: sdk.request_binary("GET", path, params={"file_path": full_path})
            )
        except Refused as refusal:
            if refusal.is_absence:
                return None
            raise
        if size is not None and len(content) != size:
            raise UpstreamUnavailable(_OTHER_BYTES)
        return content

    async def content_now(self, file: model.File) -> bytes | None:
        """Download the bytes of a file that may be written over meanwhile; None where there is none any more.

        Another number than Acontext has told of it, or tells of it now, is a failure of Acontext.
        """
        content = await self.content(file.disk_id, file.directory, file.filename)
        if content is None or len(content) == file.size:
            return content
        now = await self.get(file.disk_id, file.directory, file.filename)
        if now is None:
            return None
        if len(content) != now.size:
            raise UpstreamUnavailable(_OTHER_BYTES)
        return content

    async def upload(
        self,
        disk_id: UUID,
        *,
        directory: str,
        filename: str,
        content: Content,
        metadata: model.JsonObject | None,
    ) -> model.File:
        """Store a file, in place of one with the same path. Of two at once for one disk upstream may fail one."""
        spelled = checked(disk_id)
        return await self._call.reading(
            UPLOAD,
            lambda sdk: sdk.disks.artifacts.upsert(
                spelled, file=(filename, content.open(), BINARY), file_path=directory, meta=metadata
            ),
            lambda stored: _file(disk_id, spelled, stored),
        )

    async def replace_metadata(
        self, disk_id: UUID, directory: str, filename: str, *, metadata: model.JsonObject
    ) -> model.File:
        """Put metadata in place of all that the caller gave a file that is there: for one that is not, upstream fails.

        The time of the change is as precise as Acontext's clock here, and cut to microseconds in later reads.
        """
        spelled = checked(disk_id)
        return await self._call.reading(
            OVERWRITE,
            lambda sdk: sdk.disks.artifacts.update(spelled, file_path=directory, filename=filename, meta=metadata),
            lambda answer: _file(disk_id, spelled, answer.artifact),
        )

    async def delete(self, disk_id: UUID, directory: str, filename: str) -> None:
        """Delete a file that is there: for one that is not, upstream fails as if its database had."""
        spelled = checked(disk_id)
        await self._call(ONCE, lambda sdk: sdk.disks.artifacts.delete(spelled, file_path=directory, filename=filename))

    async def _get(
        self, spelled: str, directory: str, filename: str, *, read: "Callable[[GetArtifactResp], T]", **options: Any
    ) -> T | None:
        try:
            return await self._call.reading(
                READ,
                lambda sdk: sdk.disks.artifacts.get(
                    spelled, file_path=directory, filename=filename, with_content=False, **options
                ),
                read,
            )
        except Refused as refusal:
            if refusal.is_absence:
                return None
            raise


def _listing(disk_id: UUID, spelled: str, answer: "ListArtifactsResp") -> model.Listing:
    files = sorted(_files(disk_id, spelled, answer.artifacts), key=lambda file: file.filename)
    return model.Listing(files, sorted(name.strip("/") for name in answer.directories))


def _files(disk_id: UUID, spelled: str, artifacts: "Sequence[Artifact]") -> list[model.File]:
    return [_file(disk_id, spelled, artifact) for artifact in artifacts]


def _of(spelled: str, artifact: "Artifact") -> "Artifact":
    """Give it, if it is this disk's: a cache in between may take one answer for another."""
    if artifact.disk_id != spelled:
        raise ValueError("an answer about another disk")
    return artifact


def _file(disk_id: UUID, spelled: str, artifact: "Artifact") -> model.File:
    metadata = dict(_of(spelled, artifact).meta)
    system = metadata.pop(_SYSTEM_META, None) or {}
    created, updated = artifact.created_at, artifact.updated_at
    moment = cursor.moment(created)
    # There are very many, for which the class's own way takes twice as long.
    return tuple.__new__(
        model.File,
        (
            disk_id,
            artifact.path,
            artifact.filename,
            str(system.get("mime") or BINARY),
            int(system.get("size") or 0),
            metadata,
            moment,
            moment if updated == created else cursor.moment(updated),
            created,
            updated,
        ),
    )
