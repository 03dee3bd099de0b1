"""Makes the sessions of an archive one after the other; one that is wrong hinders no other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple
from uuid import UUID

from gql_api.content import SpooledContent
from gql_api.errors import Busy, Correctable
from gql_api.services.archive.checking import Reading, told
from gql_api.services.archive.making import Filling, Maker, Services, Terms
from gql_api.services.archive.tape import UnfitArchive
from gql_api.services.archive.verifying import Contents, sessions
from gql_api.upstream.refusal import Refused


@dataclass(slots=True)
class Tally:
    """What has become of the sessions so far."""

    new: int = 0
    there: int = 0
    refused: int = 0
    messages: int = 0
    files: int = 0

    @property
    def sessions(self) -> int:
        """How many there were."""
        return self.new + self.there + self.refused


class Problem(NamedTuple):
    """Why a session is not in, and whether a part of it is."""

    session: UUID
    message: str
    made: UUID | None = None

    def __str__(self) -> str:
        part = f" A part of it is in, as session {self.made}." if self.made else ""
        return f"session {self.session}: {self.message}{part}"


class Renamed(NamedTuple):
    """A session that is in under another id, since its own is taken."""

    session: UUID
    made: UUID

    def __str__(self) -> str:
        return f"session {self.session}: its id is taken; it is session {self.made} here."


Step = Problem | Renamed | None
"""What happens on the way; None: it went on."""


class Import:
    """One run over an archive that was verified."""

    def __init__(self, services: Services, archive_id: str, terms: Terms) -> None:
        self._maker = Maker(services, archive_id, terms)
        self._terms = terms
        self.tally = Tally()

    async def run(self, file: BinaryIO) -> AsyncIterator[Step]:
        """Take session by session.

        Raises an `UpstreamFailure`, a `DatabaseFailure` or `Busy` where it can only go on later; what is in stays.
        """
        source = SpooledContent(file.fileno(), 0)
        for contents in sessions(file):
            made: list[UUID] = []
            try:
                async for step in self._take(Reading(file, source, contents), contents, made):
                    yield step
            except Busy:
                raise
            except (Correctable, UnfitArchive, Refused) as problem:
                if isinstance(problem, Refused) and not problem.is_for_good:
                    raise
                self.tally.refused += 1
                yield Problem(contents.id, told(problem), made[0] if made else None)

    async def _take(self, reading: Reading, contents: Contents, made: list[UUID]) -> AsyncIterator[Step]:
        record = await self._maker.checked(reading, contents)
        if self._terms.dry_run:
            self.tally.new += 1
            yield None
            return
        owner = record.user if self._terms.user is None else self._terms.user
        session, begun = await self._maker.begin(owner, record, contents)
        if begun.is_whole:
            self.tally.there += 1
        else:
            made.append(session.id)
            async for _ in self._maker.fill(session, Filling(reading, contents, begun)):
                self._count()
                yield None
            await self._maker.end(session, record)
            self.tally.new += 1
        yield None if session.id == contents.id else Renamed(contents.id, session.id)

    def _count(self) -> None:
        self.tally.messages, self.tally.files = self._maker.messages, self._maker.files
