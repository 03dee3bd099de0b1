"""The container of archives: a POSIX tar (ustar) of plain files; nothing here knows what they hold."""

import os
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from gql_api.refusal import Refusal

BLOCK = 512
END = bytes(2 * BLOCK)
_PIECE = 1 << 20
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"PK\x03\x04")


class UnfitArchive(Refusal):
    """The file is no archive, or not one that can be read to its end as it was written."""


class Cut(UnfitArchive):
    """The file ends too early; all before `place` is whole."""

    def __init__(self, place: int) -> None:
        super().__init__(f"it is cut off after {place} bytes: it was not written to its end, or not copied whole.")
        self.place = place


class Entry(NamedTuple):
    """A file within the archive, and where its bytes are."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + padded(self.size)


def header(name: str, size: int, *, time: int) -> bytes:
    """Write the block before a file's bytes; `time` is in seconds since 1970."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, time, 0o644
    return entry.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def padded(size: int) -> int:
    """Round up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def entries(file: BinaryIO) -> Iterator[Entry]:
    """Go from file to file; who reads in between does not disturb it.

    Raises `Cut` where the end is missing, and `UnfitArchive` for what a tar of plain files does not have.
    """
    total = file.seek(0, os.SEEK_END)
    at = 0
    while True:
        file.seek(at)
        block = file.read(BLOCK)
        if at == 0 and block.startswith(_COMPRESSED):
            raise UnfitArchive("it is compressed: unpack it first, as with `gzip -dc FILE | gql-api import -`.")
        if len(block) < BLOCK:
            raise Cut(at)
        if block == bytes(BLOCK):
            _nothing_after(file, at)
            return
        entry = _entry(block, at)
        if entry.end > total:
            raise Cut(at)
        file.seek(entry.start + entry.size)
        if file.read(entry.end - entry.start - entry.size).strip(b"\0"):
            raise UnfitArchive(f"{entry.name!a} is followed by something else than zeros.")
        yield entry
        at = entry.end


def pieces(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Read the bytes of a file by and by."""
    file.seek(entry.start)
    left = entry.size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise Cut(entry.start - BLOCK)
        left -= len(piece)
        yield piece


def _entry(block: bytes, at: int) -> Entry:
    try:
        found = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError):
        what = "it is no archive of this program." if at == 0 else f"at byte {at} there is no file's header."
        raise UnfitArchive(what) from None
    if found.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or found.size < 0:
        raise UnfitArchive(f"at byte {at} there is something else than a plain file.")
    return Entry(found.name, at + BLOCK, found.size)


def _nothing_after(file: BinaryIO, at: int) -> None:
    """Take zeros to the end of the file, at least a second block of them; many programs write more."""
    if len(second := file.read(BLOCK)) < BLOCK:
        raise Cut(at)
    while second:
        if second.strip(b"\0"):
            raise UnfitArchive("there is something after its end.")
        second = file.read(_PIECE)
