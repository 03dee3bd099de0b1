"""A session of an archive held against the rules of those who write here, before anything is made of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gql_api import model
from gql_api.content import Content
from gql_api.errors import Correctable, Failure, Invalid
from gql_api.services import paths, rules
from gql_api.services.archive import layout, records
from gql_api.services.archive.records import File, Session
from gql_api.services.archive.tape import Entry, UnfitArchive
from gql_api.services.archive.verifying import Contents
from gql_api.services.drafts import Draft, KeptMessage, storable
from gql_api.services.files import Upload
from gql_api.services.keyed import marked
from gql_api.services.messages import MOST_MESSAGES

assert MOST_MESSAGES >= layout.MOST_LINES  # noqa: S101 - a list is stored by one call


@dataclass(frozen=True, slots=True)
class Rules:
    """What is right here and elsewhere not: names of users that are taken, and the longest run of like characters."""

    disk_owner_prefix: str
    longest_run: int


class Reading:
    """One session of the open file, as what is to be stored; `source` are the same bytes, for who reads by place."""

    def __init__(self, file: BinaryIO, source: Content, contents: Contents) -> None:
        self._file = file
        self._source = source
        self._contents = contents
        self.lists: list[int] = []
        """How many messages each list has, once it was checked."""

    def record(self) -> Session:
        """Read what the session is; raise `UnfitArchive`."""
        entry = self._contents.record
        if entry is None:
            raise UnfitArchive("it has no end.")
        found = records.read_session(layout.record(self._file, entry), entry.name)
        if found.id != self._contents.id:
            raise UnfitArchive(f"{entry.name} id: it is that of another session.")
        return found

    def left_out(self) -> str:
        """Say why the export has left the session out."""
        entry = self._contents.record
        return str(layout.record(self._file, entry).get("reason"))[:200] if entry else ""

    def drafts(self, entry: Entry) -> list[Draft]:
        """Read a list of messages; raise `UnfitArchive`."""
        return [self._draft(line, where) for where, line in layout.lines(self._file, entry)]

    def uploads(self, entry: Entry) -> Iterator[Upload]:
        """Read a list of files; raise `UnfitArchive`."""
        for where, line in layout.lines(self._file, entry):
            file = records.read_file(line, where)
            yield Upload(file.path, self._blob(file.sha256, where), file.metadata)

    def _draft(self, line: model.JsonObject, where: str) -> Draft:
        read = records.read_message(line, where)
        blob = {"role": read.role, "parts": read.parts, "meta": read.meta}
        files = {index: (name, self._blob(sha256, where)) for index, (sha256, name) in read.assets.items()}
        return Draft(KeptMessage(blob, files), read.metadata, (where.rstrip(","),))

    def _blob(self, sha256: str, where: str) -> Content:
        entry = self._contents.blobs.get(sha256)
        if entry is None:
            raise UnfitArchive(f"{where} sha256: there are no such bytes in the archive.")
        return self._source.part(entry.start, entry.size)

    def check(self, held: Rules, key: str) -> None:
        """Look at all of it; raise `UnfitArchive` or a `Correctable` naming what cannot be stored here."""
        record = self.record()
        rules.user(record.user, ("user",), reserved_prefix=held.disk_owner_prefix)
        rules.title(record.title, ("title",))
        rules.tags(record.tags, ("tags",))
        rules.json_object(record.configs, ("configs",))
        self.lists = [self._check_messages(entry, held, key) for entry in self._contents.messages]
        if (sum(self.lists), self._check_files()) != (record.messages, record.files):
            raise UnfitArchive("it has other numbers of messages and files than its end says.")

    def _check_messages(self, entry: Entry, held: Rules, key: str) -> int:
        drafts = self.drafts(entry)
        for index, draft in enumerate(drafts):
            marked(storable(draft, longest_run=held.longest_run), key, index)
        return len(drafts)

    def _check_files(self) -> int:
        count, last = 0, ""
        for entry in self._contents.files:
            for where, line in layout.lines(self._file, entry):
                file = records.read_file(line, where)
                self._check_file(file, where)
                if file.path <= last:
                    raise UnfitArchive(f"{where} path: it is there twice, or out of order.")
                last = file.path
                count += 1
        return count

    def _check_file(self, file: File, where: str) -> None:
        place = (where.rstrip(","),)
        directory, name = paths.file(file.path, (*place, "path"))
        if directory + name != file.path:
            raise Invalid("A path begins with a slash.", (*place, "path"))
        rules.json_object(file.metadata, (*place, "metadata"))
        if self._blob(file.sha256, where).size != file.size:
            raise UnfitArchive(f"{where} size: it is not that of its bytes.")


def told(problem: Failure | UnfitArchive) -> str:
    """Say what is wrong with a session, so that it can be shown."""
    if isinstance(problem, Correctable) and problem.path:
        place, *field = problem.path
        message, where = layout.harmless(problem.message), layout.harmless(" ".join([place, ".".join(field)]).rstrip())
        return f"{where}: {message}"
    return layout.harmless(str(problem))
