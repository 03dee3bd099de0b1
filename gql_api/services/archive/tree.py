"""Walks through the files of a disk in the order of their paths, with one directory in memory at a time."""

from collections.abc import AsyncIterator
from uuid import UUID

from gql_api import model
from gql_api.upstream.gateway import Gateway


async def files_after(gateway: Gateway, disk_id: UUID, path: str | None) -> AsyncIterator[model.File]:
    """Give the files whose paths come after this one, as their characters are numbered; None: all."""
    after = path or ""
    found = await gateway.files.all(disk_id)
    if found is not None:
        for file in sorted(found, key=lambda file: file.path):
            if file.path > after:
                yield file
        return
    async for file in _below(gateway, disk_id, "/", after):
        yield file


async def _below(gateway: Gateway, disk_id: UUID, directory: str, after: str) -> AsyncIterator[model.File]:
    if directory < after and not after.startswith(directory):
        return  # and so is all that is in it
    listing = await gateway.files.directory(disk_id, directory)
    files = {file.path: file for file in listing.files}
    inner = [f"{directory}{name}/" for name in listing.directories]
    for path in sorted([*files, *inner]):
        if path not in files:
            async for file in _below(gateway, disk_id, path, after):
                yield file
        elif path > after:
            yield files[path]
