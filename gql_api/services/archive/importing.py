"""Makes sessions of an archive by the same services as clients do; run again it goes on, and makes nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeVar
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, Conflict, Correctable, Invalid, NotFound, PartlyStored, UpstreamTimeout
from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.services import rules
from gql_api.services.archive.checking import Reading, Rules, told
from gql_api.services.archive.records import Session
from gql_api.services.archive.tape import UnfitArchive
from gql_api.services.archive.verifying import Contents, sessions
from gql_api.services.creation import NewSession
from gql_api.services.drafts import Draft
from gql_api.services.files import Files
from gql_api.services.messages import Condition, Messages
from gql_api.services.sessions import Sessions
from gql_api.store import imports, mappings
from gql_api.store.imports import Organised, Progress
from gql_api.upstream.refusal import Refused

T = TypeVar("T")

_REMEMBERED = timedelta(days=6)
"""How long what was begun can be gone on with: keys of messages are kept a day longer."""
_LOOK_AGAIN = 1.0


class Services(NamedTuple):
    """What makes sessions, and tells of them."""

    sessions: Sessions
    messages: Messages
    files: Files
    events: Broker


@dataclass(frozen=True, slots=True)
class Terms:
    """How an import goes. `patience` is how many seconds what an earlier run left may take to be settled."""

    user: str | None
    dry_run: bool
    rules: Rules
    patience: float
    clock: Callable[[], datetime]


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


class Filling(NamedTuple):
    """A session on its way in: what it is made of, and how much of that is in already."""

    reading: Reading
    contents: Contents
    begun: Progress


Step = Problem | Renamed | None
"""What happens on the way; None: it went on."""


class Import:
    """One run over an archive that was verified."""

    def __init__(self, services: Services, archive_id: str, terms: Terms) -> None:
        self._services = services
        self._archive_id = archive_id
        self._terms = terms
        self.tally = Tally()

    async def run(self, file: BinaryIO) -> AsyncIterator[Step]:
        """Take session by session.

        Raises an `UpstreamFailure`, a `DatabaseFailure` or `Busy` where it can only go on later; what is in stays.
        """
        for contents in sessions(file):
            reading = Reading(file, contents)
            made: list[UUID] = []
            try:
                async for step in self._take(reading, contents, made):
                    yield step
            except Busy:
                raise
            except (Correctable, UnfitArchive, Refused) as problem:
                if isinstance(problem, Refused) and not problem.is_for_good:
                    raise
                self.tally.refused += 1
                yield Problem(contents.id, told(problem), made[0] if made else None)

    async def _take(self, reading: Reading, contents: Contents, made: list[UUID]) -> AsyncIterator[Step]:
        if contents.is_left_out:
            raise Invalid(f"The export has left it out: {reading.left_out()}")
        key = f"archive:{self._archive_id}:{contents.id}"
        reading.check(self._terms.rules, f"{key}:{len(contents.messages):06}")
        if self._terms.dry_run:
            self.tally.new += 1
            yield None
            return
        record = reading.record()
        owner = record.user if self._terms.user is None else self._terms.user
        session = await self._patiently(lambda: self._session(owner, record, key))
        begun = await imports.begin(session.id, now=self._terms.clock())
        if begun.is_whole:
            self.tally.there += 1
        else:
            made.append(session.id)
            async for _ in self._fill(session, Filling(reading, contents, begun), key):
                yield None
            await self._end(session, record)
            self.tally.new += 1
        yield None if session.id == contents.id else Renamed(contents.id, session.id)

    async def _session(self, owner: str, record: Session, key: str) -> model.Session:
        """Make the session under its own id, or under another where that is taken; or give what was made of it."""
        create, other = self._services.sessions.create, f"{key}:other"
        try:
            if not await mappings.find_by_key(owner, other):
                with suppress(Conflict):
                    return await create(owner, NewSession(record.title, record.configs, id=record.id), key=key)
            return await create(owner, NewSession(record.title, record.configs), key=other)
        except NotFound:
            raise Invalid("It was imported before, and deleted since.") from None

    async def _fill(self, session: model.Session, filling: Filling, key: str) -> AsyncIterator[None]:
        """Store what is not in yet, and note after each step how far it is."""
        reading, contents, begun = filling
        if self._terms.clock() - begun.noted_at > _REMEMBERED:
            raise Invalid(
                "Its import was begun too long ago to go on without storing anything twice: delete the session, and "
                "import it again."
            )
        for number, entry in enumerate(contents.messages[begun.message_lists :], begun.message_lists + 1):
            drafts = reading.drafts(entry)
            await self._patiently(partial(self._store, session, drafts, f"{key}:{number:06}"))
            self.tally.messages += len(drafts)
            await self._note(session, message_lists=number, files=0)
            yield
        uploads = (upload for entry in contents.files for upload in reading.uploads(entry))
        for place, upload in enumerate(islice(uploads, begun.files, None), begun.files + 1):
            await self._patiently(partial(self._services.files.upload, session.user, session.id, upload))
            self.tally.files += 1
            await self._note(session, message_lists=len(contents.messages), files=place)
            yield

    async def _note(self, session: model.Session, *, message_lists: int, files: int) -> None:
        await imports.advance(session.id, message_lists=message_lists, files=files, now=self._terms.clock())

    async def _store(self, session: model.Session, drafts: list[Draft], key: str) -> None:
        stored = await self._services.messages.store_all(session.user, session.id, drafts, Condition(key=key))
        if isinstance(stored.problem, PartlyStored):
            raise UpstreamTimeout(stored.problem.message)
        if stored.problem:
            raise stored.problem

    async def _end(self, session: model.Session, record: Session) -> None:
        now = self._terms.clock()
        tags = rules.tags(record.tags, ("tags",))
        organised = Organised(min(record.created_at, now), record.pinned_at, record.archived_at, tags)
        await imports.end(session.id, session.user, organised)
        self._services.events.publish(ListChanged(ListChange.UPDATED, owner_key(session.user), session.id))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it again while what a killed run left is not settled: half made, held, or on its way."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._terms.patience
        while True:
            try:
                return await work()
            except (Busy, UpstreamTimeout):
                if loop.time() >= end:
                    raise
            await asyncio.sleep(_LOOK_AGAIN)
