"""The bytes of a file on their way to Acontext: in memory or on disk, for any number of readers at once; a leaf."""

import asyncio
import hashlib
import io
import os
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

_LARGE = 64 * 1024
"""Bytes of which the hash is made beside the event loop, which a server has for others too."""


class Content(Protocol):
    """Bytes of a known number; they stay readable for as long as the request lasts that brought them."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def open(self) -> BinaryIO:
        """Give a reader at the first byte, which goes its own way whoever else reads."""
        ...

    def part(self, start: int, size: int) -> "Content":
        """Give so many of the bytes, from one of them on."""
        ...


@dataclass(frozen=True, slots=True)
class HeldContent:
    """Bytes in memory."""

    held: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.held)

    def open(self) -> BinaryIO:
        """Give a reader; it shares the bytes."""
        return io.BytesIO(self.held)

    def part(self, start: int, size: int) -> "HeldContent":
        """Give so many of the bytes, from one of them on."""
        return HeldContent(self.held[start : start + size])


@dataclass(frozen=True, slots=True)
class SpooledContent:
    """Bytes in a file that somebody else keeps open, from `start` on."""

    descriptor: int
    size: int
    start: int = 0

    def open(self) -> BinaryIO:
        """Give a reader; the file's own position is not touched."""
        return cast(BinaryIO, _Reader(self.descriptor, self.size, self.start))

    def part(self, start: int, size: int) -> "SpooledContent":
        """Give so many of the bytes, from one of them on."""
        return SpooledContent(self.descriptor, size, self.start + start)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a request; name and media type are as the client wrote them, empty where it did not.

    One that `is_large` is larger than the operator lets any but an archive be.
    """

    filename: str
    mime_type: str
    content: Content
    is_large: bool = False


class _Reader(io.RawIOBase):
    """Reads an open file by position: one that is sent twice at once is read at two places."""

    def __init__(self, descriptor: int, size: int, start: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._start = start
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        room = memoryview(buffer)[: max(0, self._size - self._at)]
        count = os.preadv(self._descriptor, [room], self._start + self._at)
        self._at += count
        return count


async def sha256_of(content: Content) -> str:
    """Hash the bytes, beside the event loop."""

    def digest() -> str:
        with content.open() as reader:
            return hashlib.file_digest(cast("io.BytesIO", reader), "sha256").hexdigest()

    return await asyncio.to_thread(digest)


async def sha256_of_bytes(content: bytes) -> str:
    """Hash bytes, beside the event loop where they are many."""
    if len(content) > _LARGE:
        return await sha256_of(HeldContent(content))
    return hashlib.sha256(content).hexdigest()
