"""Makes a session of an archive by the same services as clients do; begun again it goes on, and makes nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, Conflict, Invalid, NotFound, PartlyStored, UpstreamTimeout
from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.services import rules
from gql_api.services.archive.checking import Reading, Rules
from gql_api.services.archive.records import Session
from gql_api.services.archive.tape import Entry
from gql_api.services.archive.verifying import Contents
from gql_api.services.creation import NewSession
from gql_api.services.drafts import Draft
from gql_api.services.files import Files, Upload
from gql_api.services.messages import Condition, Messages
from gql_api.services.sessions import Sessions
from gql_api.store import imports, mappings
from gql_api.store.imports import Organised, Progress

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


class Filling(NamedTuple):
    """A session on its way in: what it is made of, and how much of that is in already."""

    reading: Reading
    contents: Contents
    begun: Progress


class Maker:
    """Makes sessions of one archive: each under keys of the archive's id, the session's and the place of a list."""

    def __init__(self, services: Services, archive_id: str, terms: Terms) -> None:
        self._services = services
        self._archive_id = archive_id
        self._terms = terms
        self.messages = self.files = 0
        """How many were stored."""

    def _key(self, session: UUID) -> str:
        """Give the key that a session is made under."""
        return f"archive:{self._archive_id}:{session}"

    async def checked(self, reading: Reading, contents: Contents) -> Session:
        """Look at all of a session, beside the event loop, and give what it is; raise as `Reading.check` does."""
        if contents.is_left_out:
            raise Invalid(f"The export has left it out: {await asyncio.to_thread(reading.left_out)}")
        key = f"{self._key(contents.id)}:{len(contents.messages):06}"
        await asyncio.to_thread(reading.check, self._terms.rules, key)
        return await asyncio.to_thread(reading.record)

    async def begin(self, owner: str, record: Session, contents: Contents) -> tuple[model.Session, Progress]:
        """Make the session, or find what was made of it, and how much of it is in."""
        key = self._key(contents.id)
        session = await self._patiently(lambda: self._session(owner, record, key))
        return session, await imports.begin(session.id, now=self._terms.clock())

    async def _session(self, owner: str, record: Session, key: str) -> model.Session:
        """Make the session under its own id, or under another where that is taken; or give what was made of it."""
        create, other = self._services.sessions.create, _other(key)
        try:
            if not await mappings.find_by_key(owner, other):
                with suppress(Conflict):
                    return await create(owner, NewSession(record.title, record.configs, id=record.id), key=key)
            return await create(owner, NewSession(record.title, record.configs), key=other)
        except NotFound:
            raise Invalid("It was imported before, and deleted since.") from None

    async def fill(self, session: model.Session, filling: Filling) -> AsyncIterator[None]:
        """Store what is not in yet, and note after each step how far it is."""
        reading, contents, begun = filling
        key = self._key(contents.id)
        if self._terms.clock() - begun.noted_at > _REMEMBERED:
            raise Invalid(
                "Its import was begun too long ago to go on without storing anything twice: delete the session, and "
                "import it again."
            )
        for number, entry in enumerate(contents.messages[begun.message_lists :], begun.message_lists + 1):
            drafts = await asyncio.to_thread(reading.drafts, entry)
            await self._patiently(partial(self._store, session, drafts, f"{key}:{number:06}"))
            self.messages += len(drafts)
            await self._note(session, message_lists=number, files=0)
            yield
        place = 0
        for entry in contents.files:
            for upload in await asyncio.to_thread(_uploads, reading, entry):
                place += 1
                if place > begun.files:
                    await self._patiently(partial(self._services.files.upload, session.user, session.id, upload))
                    self.files += 1
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

    async def end(self, session: model.Session, record: Session) -> None:
        """Organise it as it was; from now on all of it is in."""
        now = self._terms.clock()
        tags = rules.tags(record.tags, ("tags",))
        source = await self._source(session.user, record)
        organised = Organised(min(record.created_at, now), record.pinned_at, record.archived_at, tags, source)
        await imports.end(session.id, session.user, organised)
        self._services.events.publish(ListChanged(ListChange.UPDATED, owner_key(session.user), session.id))

    async def _source(self, owner: str, record: Session) -> UUID | None:
        """Name the session that it was made of; nobody sees that where it is not the same owner's."""
        source = record.forked_from
        elsewhere = source and await mappings.find_by_key(owner, _other(self._key(source)))
        return elsewhere[0].id if elsewhere else source

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


def _other(key: str) -> str:
    """Give the key of a session whose id is taken."""
    return f"{key}:other"


def _uploads(reading: Reading, entry: Entry) -> list[Upload]:
    return list(reading.uploads(entry))
