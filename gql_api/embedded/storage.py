"""Bytes of files on disk, one file per content; which contents are still wanted is told by the tables."""

import hashlib
import itertools
import logging
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

_GRACE_SECONDS = 10.0
"""How long bytes outlive their last row, for those who read the row just before it went."""

log = logging.getLogger(__name__)

_WANTED = """
    SELECT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = :sha) OR EXISTS (SELECT 1 FROM assets WHERE sha256 = :sha)
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are safe on disk under a passing name, until a transaction keeps or the next start removes them."""

    path: Path
    sha256: str
    size: int


class Storage:
    """Content by its SHA-256. `keep`, `release` and `sweep` are for the writing thread, so they cannot cross."""

    def __init__(self, folder: Path) -> None:
        self._contents = folder / "contents"
        self._staging = folder / "staging"
        self._doubtful: dict[str, float] = {}
        for made in (self._contents, self._staging):
            made.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        return self._contents / sha256[:2] / sha256

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    def is_wanted(self, connection: sqlite3.Connection, sha256: str) -> bool:
        """Tell whether some row has this content; what is not wanted is as good as gone."""
        return bool(connection.execute(_WANTED, {"sha": sha256}).fetchone()[0])

    def stage(self, data: bytes) -> Staged:
        """Write bytes so that they survive a power cut. Blocks."""
        path = self._staging / secrets.token_hex(16)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return Staged(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    def keep(self, staged: Staged) -> None:
        """Give staged bytes their lasting name, before the row that names them is committed."""
        target = self.path(staged.sha256)
        if target.exists():
            staged.path.unlink(missing_ok=True)
        else:
            target.parent.mkdir(exist_ok=True)
            staged.path.replace(target)
            _sync_folder(target.parent)
            _sync_folder(self._contents)
        self.release(staged.sha256)

    def discard(self, staged: Staged) -> None:
        """Remove staged bytes that nobody kept."""
        staged.path.unlink(missing_ok=True)

    def release(self, sha256: str) -> None:
        """Note that a row with this content may not stay; the bytes go a while later if no row has them then."""
        self._doubtful.pop(sha256, None)
        self._doubtful[sha256] = time.monotonic() + _GRACE_SECONDS

    def sweep(self, connection: sqlite3.Connection) -> None:
        """Remove the noted contents that no committed row names. A failure leaves bytes too many, never too few."""
        now = time.monotonic()
        due = list(itertools.takewhile(lambda sha256: self._doubtful[sha256] <= now, self._doubtful))
        for sha256 in due:
            del self._doubtful[sha256]
            if not self.is_wanted(connection, sha256):
                self._remove(self.path(sha256))

    def tidy(self, connection: sqlite3.Connection) -> None:
        """Remove what a crash left behind. Only before the first request. Blocks."""
        for leftover in self._staging.iterdir():
            self._remove(leftover)
        for content in self._contents.glob("*/*"):
            if not self.is_wanted(connection, content.name):
                self._remove(content)

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            log.warning("a file that nobody needs could not be removed", exc_info=True)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
