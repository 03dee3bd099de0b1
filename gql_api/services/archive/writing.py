"""Writes archives as they come, and goes on with one that was cut off: what stands there says how far it is."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, Protocol, Self
from uuid import UUID

from gql_api import model
from gql_api.services.archive import layout, tape
from gql_api.services.archive.layout import MANIFEST, SUMS, Name
from gql_api.services.archive.tape import Entry, UnfitArchive
from gql_api.services.transfer.inventory import Aside

_HELD = 1 << 20


class Output(Protocol):
    """Where an archive is written to: a file, a pipe, or whoever sends it on."""

    def write(self, piece: bytes, /) -> object:
        """Take a piece."""
        ...

    def flush(self) -> None:
        """Let go what is held."""
        ...

    def fileno(self) -> int:
        """Give the file's number, or raise `OSError` where it is none."""
        ...


class Sums:
    """The lines of SHA256SUMS, beyond a mebibyte in a file for temporary files."""

    def __init__(self) -> None:
        self._lines = SpooledTemporaryFile(_HELD)  # noqa: SIM115 - it is closed with this
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, name: str, sha256: str) -> None:
        """Add a file, as sha256sum writes it."""
        self.size += self._lines.write(f"{sha256}  {name}\n".encode())

    def rewound(self) -> BinaryIO:
        """Give what there is, at its beginning."""
        self._lines.seek(0)
        return self._lines  # type: ignore[return-value]


class Begun(NamedTuple):
    """What stands in the archive of a session that has no end yet."""

    id: UUID
    lists: dict[str, int]
    counts: dict[str, int]
    last: dict[str, model.JsonObject]
    blobs: set[str]

    @classmethod
    def new(cls, id: UUID) -> "Begun":
        """Begin a session."""
        return cls(id, {"messages": 0, "files": 0}, {"messages": 0, "files": 0}, {}, set())


class Writer:
    """Writes an archive onto `output`, which need not be a file; `sums` are those of what stands there already."""

    def __init__(self, output: Output, sums: Sums, *, time: int) -> None:
        self._output = output
        self._sums = sums
        self._time = time

    def add(self, name: str, content: bytes, sha256: str | None = None) -> None:
        """Add a file, with its hash where that is known already."""
        for _ in self._put(name, len(content), [content]):
            pass
        self._sums.add(name, sha256 or hashlib.sha256(content).hexdigest())

    def end_session(self, id: UUID, kind: str, record: model.JsonObject) -> None:
        """Add the record that ends a session, and see that all of it is on its disk."""
        self.add(layout.record_name(id, kind), layout.encoded(record))
        self._settle()

    def end(self) -> None:
        """Add the sums of all files, and the end."""
        for _ in self.ending():
            pass

    def ending(self) -> Iterator[None]:
        """Do the same with a step for each line of the sums, of which there may be very many."""
        yield from self._put(SUMS, self._sums.size, self._sums.rewound())
        self._output.write(tape.END)
        self._settle()

    def _put(self, name: str, size: int, content: Iterable[bytes]) -> Iterator[None]:
        self._output.write(tape.header(name, size, time=self._time))
        for piece in content:
            self._output.write(piece)
            yield
        self._output.write(bytes(tape.padded(size) - size))

    def _settle(self) -> None:
        self._output.flush()
        with suppress(OSError):  # a pipe has no disk
            os.fsync(self._output.fileno())


class Resumed(NamedTuple):
    """What a file that was cut off holds. `done` sessions have their ends; `open` is the last, if it has none."""

    manifest: model.JsonObject
    done: int
    left_out: int
    open: Begun | None


def selected(user: str | None, sessions: Sequence[UUID], forms: Sequence[str]) -> model.JsonObject:
    """Write what was asked for."""
    told: model.JsonObject = {"user": user, "sessions": [str(id) for id in sessions] or None}
    return {**told, "forms": list(forms)} if forms else told


def new_id() -> str:
    """Make an id of no other archive."""
    return secrets.token_hex(16)


def manifest(id: str, *, program: str, selection: model.JsonObject, now: datetime) -> model.JsonObject:
    """Write what an archive begins with."""
    return {
        "format": layout.FORMAT,
        "version": layout.VERSION,
        "id": id,
        "program": program,
        "startedAt": layout.time_text(now),
        "selection": selection,
    }


def begin(output: Output, sums: Sums, begun: model.JsonObject) -> Writer:
    """Begin an archive with this manifest."""
    writer = Writer(output, sums, time=begun_at(begun))
    writer.add(MANIFEST, layout.encoded(begun))
    return writer


def begun_at(manifest: model.JsonObject) -> int:
    """Give the time of all files of an archive, in seconds since 1970."""
    return int(datetime.fromisoformat(manifest["startedAt"]).astimezone(UTC).timestamp())


def resume(file: BinaryIO, aside: Aside, sums: Sums) -> Resumed | None:
    """Read what an export that was cut off has written, cut away what is not whole, and stand at its end.

    None where not even the beginning is whole. `aside` learns which sessions need not be written any more, and `sums`
    what was written.
    """
    looking = _Looking(file, aside, sums)
    try:
        for entry in tape.entries(file):
            if entry.name == SUMS:
                break  # what follows is the end, which is written anew
            looking.take(entry)
    except UnfitArchive:
        pass  # as far as it can be read it can be used
    file.seek(looking.whole)
    file.truncate()
    return looking.found()


class _Looking:
    """What was found so far. `whole` is where the last list or record ends: blobs before a list go with it."""

    def __init__(self, file: BinaryIO, aside: Aside, sums: Sums) -> None:
        self._file = file
        self._aside = aside
        self._sums = sums
        self._manifest: model.JsonObject | None = None
        self._blobs: list[tuple[str, str]] = []
        self._open: Begun | None = None
        self._ended = {"session": 0, "left-out": 0}
        self.whole = 0

    def take(self, entry: Entry) -> None:
        """Take the next file; raise `UnfitArchive` for one that is not as it was written."""
        sha256 = _digest(self._file, entry)
        if self._manifest is None:
            self._manifest = known(self._file, entry)
            self._keep(entry, sha256)
            return
        name = layout.parsed(entry.name)
        if name.kind == "blob":
            if name.blob != sha256:
                raise UnfitArchive(f"{entry.name} is damaged.")
            self._blobs.append((entry.name, sha256))
        elif name.kind in self._ended:
            layout.record(self._file, entry)
            self._keep(entry, sha256)
            self._ended[name.kind] += 1
            self._aside.first_line("sessions", name.session, sum(self._ended.values()))
            self._open = None
        else:
            self._list(name, entry, sha256)

    def found(self) -> Resumed | None:
        """Tell what there is."""
        if self._manifest is None:
            return None
        return Resumed(self._manifest, sum(self._ended.values()), self._ended["left-out"], self._open)

    def _list(self, name: Name, entry: Entry, sha256: str) -> None:
        records = [record for _, record in layout.lines(self._file, entry)]
        if self._open is None:
            self._open = Begun.new(name.session)
        self._open.blobs.update(sha256 for _, sha256 in self._blobs)
        self._open.lists[name.kind] = name.number
        self._open.counts[name.kind] += len(records)
        self._open.last[name.kind] = records[-1]
        self._keep(entry, sha256)

    def _keep(self, entry: Entry, sha256: str) -> None:
        for blob in self._blobs:
            self._sums.add(*blob)
        self._blobs = []
        self._sums.add(entry.name, sha256)
        self.whole = entry.end


def known(file: BinaryIO, entry: Entry) -> model.JsonObject:
    """Read what an archive begins with; raise `UnfitArchive` where it is none that this version reads."""
    if entry.name != MANIFEST:
        raise UnfitArchive("it is no archive of this program.")
    found = layout.record(file, entry)
    if found.get("format") != layout.FORMAT:
        raise UnfitArchive("it is no archive of this program.")
    if found.get("version") != layout.VERSION:
        raise UnfitArchive(
            f"it is of version {ascii(found.get('version'))[:20]}; this program reads version {layout.VERSION}."
        )
    return found


def _digest(file: BinaryIO, entry: Entry) -> str:
    digest = hashlib.sha256()
    for piece in tape.pieces(file, entry):
        digest.update(piece)
    return digest.hexdigest()
