"""Which names of operations are told apart: the first so many of a server, whichever of its processes they come to."""

from io import FileIO
from pathlib import Path

MOST_NAMES = 100
"""So many are told apart: names are the clients' own text, and each makes some twenty series."""
LONGEST_NAME = 100
"""Characters of a name that is told."""


class Names:
    """Remembers the names. Workers share theirs by a file, in which the order of the lines says which came first.

    A line is added in one write, and nobody takes one back, so all workers read the same list without a lock; when it
    is full, it is not read any more. A worker that takes another's place goes on with it.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._told: set[str] = set()

    def admit(self, name: str) -> bool:
        """Say whether the name is told; while there is room, it is from now on."""
        if name in self._told:
            return True
        if len(self._told) == MOST_NAMES or len(name) > LONGEST_NAME:
            return False
        self._told = _added(self._file, name) if self._file else {*self._told, name}
        return name in self._told


def _added(file: Path, name: str) -> set[str]:
    with FileIO(file, "a+") as lines:
        told = _first(lines)
        if name not in told and len(told) < MOST_NAMES:
            lines.write(f"{name}\n".encode())
            told = _first(lines)  # others may have been quicker
        return told


def _first(lines: FileIO) -> set[str]:
    lines.seek(0)
    whole, _, _ = lines.read().rpartition(b"\n")
    names = dict.fromkeys(whole.decode().split("\n")) if whole else {}
    return set(list(names)[:MOST_NAMES])
