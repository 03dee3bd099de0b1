"""Looks whether an archive is whole and as it was written, before anything is made of it; and finds what is in it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import UUID

from gql_api import model
from gql_api.services.archive import layout, tape
from gql_api.services.archive.layout import MANIFEST, SUMS, Name
from gql_api.services.archive.tape import Entry, UnfitArchive
from gql_api.services.archive.writing import known
from gql_api.services.transfer.inventory import Aside
from gql_api.upstream.files import LARGEST_FILE

Tell = Callable[[int], None]
"""Hears how many bytes have been looked at."""


@dataclass(slots=True)
class Contents:
    """What an archive has of one session, by where it is."""

    id: UUID
    messages: list[Entry] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)
    blobs: dict[str, Entry] = field(default_factory=dict)
    record: Entry | None = None
    is_left_out: bool = False

    def take(self, name: Name, entry: Entry) -> None:
        """Take the next file; raise `UnfitArchive` for one that does not come next."""
        if name.session != self.id:
            raise UnfitArchive(f"{entry.name} stands in the middle of another session.")
        if name.kind == "blob":
            self._take_blob(name.blob, entry)
        elif name.kind in ("messages", "files"):
            self._take_list(name, entry)
        else:
            self.record, self.is_left_out = entry, name.kind == "left-out"

    def _take_blob(self, sha256: str, entry: Entry) -> None:
        if sha256 in self.blobs:
            raise UnfitArchive(f"{entry.name} is there twice.")
        if entry.size > LARGEST_FILE:
            raise UnfitArchive(f"{entry.name} has more than {LARGEST_FILE} bytes.")
        self.blobs[sha256] = entry

    def _take_list(self, name: Name, entry: Entry) -> None:
        lists = self.messages if name.kind == "messages" else self.files
        if name.number != len(lists) + 1 or (name.kind == "messages" and self.files):
            raise UnfitArchive(f"{entry.name} is there twice, or does not come next.")
        lists.append(entry)


def sessions(file: BinaryIO) -> Iterator[Contents]:
    """Go from session to session; raise `UnfitArchive` where files do not follow each other as they must."""
    found: Contents | None = None
    last = ""
    for entry in tape.entries(file):
        if last == SUMS:
            raise UnfitArchive(f"there is something after {SUMS}.")
        last = entry.name
        if entry.name in (MANIFEST, SUMS):
            if found or (entry.name == MANIFEST) != (entry.start == tape.BLOCK):
                raise UnfitArchive(f"{entry.name} stands in the middle.")
            continue
        name = layout.parsed(entry.name)
        found = found or Contents(name.session)
        found.take(name, entry)
        if found.record:
            yield found
            found = None
    if last != SUMS:
        raise UnfitArchive(f"{SUMS} is missing.")


def manifest(file: BinaryIO) -> model.JsonObject:
    """Read what the archive begins with; raise `UnfitArchive` where this version cannot read it."""
    found = known(file, next(tape.entries(file), Entry("", 0, 0)))
    if not layout.is_id(found.get("id")):
        raise UnfitArchive(f"{MANIFEST} id: 32 hexadecimal digits in lower case.")
    return found


def verify(file: BinaryIO, aside: Aside, tell: Tell) -> int:
    """Look at all of it, every byte; give how many sessions there are. Raises `UnfitArchive`."""
    count = 0
    for contents in sessions(file):
        count += 1
        if aside.first_line("sessions", contents.id, count) != count:
            raise UnfitArchive(f"session {contents.id} is there twice.")
    for at in summed(file):
        tell(at)
    return count


def summed(file: BinaryIO, sums: Entry | None = None) -> Iterator[int]:
    """Hold each file against its line; give where it ends. `sums` is where the lines are, if that is known."""
    sums = sums or next(entry for entry in tape.entries(file) if entry.name == SUMS)
    told = sums.start
    for entry in tape.entries(file):
        if entry.name == SUMS:
            break
        digest = hashlib.sha256()
        for piece in tape.pieces(file, entry):
            digest.update(piece)
        line = f"{digest.hexdigest()}  {entry.name}\n".encode()
        file.seek(told)
        told += len(line)
        if told > sums.start + sums.size or file.read(len(line)) != line:
            raise UnfitArchive(f"{entry.name} is not what {SUMS} says: it is damaged.")
        if "/blobs/" in entry.name and not entry.name.endswith(digest.hexdigest()):
            raise UnfitArchive(f"{entry.name} is not what its name says.")
        yield entry.end
    if told != sums.start + sums.size:
        raise UnfitArchive(f"{SUMS} has lines of files that are not there.")
