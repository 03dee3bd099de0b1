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
_AT_ONCE = 200
"""So many files at most are removed after a commit, as writers wait meanwhile: more than a commit can have noted, but
for the deletion of whole disks, of which the rest then goes with the next commits."""

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
    """Content by its SHA-256. `keep`, `sync`, `release` and `sweep` are the writing thread's: they cannot cross."""

    def __init__(self, folder: Path) -> None:
        self._contents = folder / "contents"
        self._staging = folder / "staging"
        self._doubtful: dict[str, float] = {}
        self._unsynced: set[Path] = set()
        for made in (self._contents, self._staging):
            made.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder)

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
        """Give staged bytes their lasting name; `sync` must follow before the row that names them is committed."""
        self.release(staged.sha256)
        target = self.path(staged.sha256)
        if not target.parent.exists():
            target.parent.mkdir()
            self._unsynced.add(self._contents)
        # Also when the content is there: whoever brought it may have failed before it was synced.
        self._unsynced.add(target.parent)
        if target.exists():
            staged.path.unlink(missing_ok=True)
        else:
            staged.path.replace(target)

    def sync(self) -> None:
        """Make the names of all that was kept survive a power cut; once for all that is committed together."""
        for folder in self._unsynced:
            _sync_folder(folder)
        self._unsynced.clear()

    def discard(self, staged: Staged) -> None:
        """Remove staged bytes that nobody kept."""
        staged.path.unlink(missing_ok=True)

    def release(self, sha256: str) -> None:
        """Note that a row with this content may not stay; the bytes go a while later if no row has them then."""
        self._doubtful.pop(sha256, None)
        self._doubtful[sha256] = time.monotonic() + _GRACE_SECONDS

    def sweep(self, connection: sqlite3.Connection) -> None:
        """Remove noted contents that no committed row names. A failure leaves bytes too many, never too few."""
        now = time.monotonic()
        oldest = itertools.islice(self._doubtful, _AT_ONCE)
        due = list(itertools.takewhile(lambda sha256: self._doubtful[sha256] <= now, oldest))
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
