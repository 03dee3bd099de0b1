"""Finding files of a whole disk by a glob; never cut silently, however many there are."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model

if TYPE_CHECKING:
    from gql_api.loaders import Loaders


async def files_below(loaders: "Loaders", disk_id: UUID, directory: str) -> list[model.File]:
    """Return every file in and below a directory, sorted by path.

    One call where the disk holds few files; else one for each directory, those of a level at once: Acontext's own
    glob stops at 200 results without saying so.
    """
    found = await loaders.all_files.load(disk_id)
    if found is None:
        found = await _walk(loaders, disk_id, directory)
    below = [file for file in found if file.directory.startswith(directory)]
    return sorted(below, key=lambda file: file.path)


async def _walk(loaders: "Loaders", disk_id: UUID, directory: str) -> list[model.File]:
    files: list[model.File] = []
    level = [directory]
    while level:
        listings = await asyncio.gather(*(loaders.directory.load((disk_id, path)) for path in level))
        files += [file for listing in listings for file in listing.files]
        level = [
            f"{path}{name}/" for path, listing in zip(level, listings, strict=True) for name in listing.directories
        ]
    return files
