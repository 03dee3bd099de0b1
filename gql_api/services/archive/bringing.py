"""Brings in the one session of an uploaded archive, as far as a request's time goes; sent again it goes on.

Archives are strangers' work: all is looked at beside the event loop, within bounds, before anything is made.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import BinaryIO, NamedTuple, cast

from gql_api import model, request_scope
from gql_api.content import Content
from gql_api.errors import (
    Busy,
    Conflict,
    Correctable,
    IdempotencyMismatch,
    Invalid,
    NotFound,
    TooLarge,
    UpstreamTimeout,
)
from gql_api.services import rules
from gql_api.services.archive import layout, tape
from gql_api.services.archive.checking import Reading, told
from gql_api.services.archive.layout import SUMS, shown
from gql_api.services.archive.making import Filling, Maker, Services, Terms
from gql_api.services.archive.records import Session
from gql_api.services.archive.tape import Entry, UnfitArchive
from gql_api.services.archive.verifying import Contents, manifest, sessions, summed
from gql_api.services.ownership import BeingErased, own_session
from gql_api.upstream.refusal import Refused

MOST_OF_USER, MOST = 2, 4
"""How many archives one user, and all, may have brought in at a time in one worker."""
MOST_FILES = 20_000
"""Files of an archive: each takes a tenth of a millisecond or two to be looked at."""
MOST_VALUES = 2_000_000
"""Values of JSON in its records: each takes some microseconds, and memory while its record is looked at."""
ARCHIVE: rules.Path = ("input", "archive")
_REFUSED = "Acontext refused a part of this session."
_KINDS = (Busy, Conflict, IdempotencyMismatch, NotFound, TooLarge)


class Brought(NamedTuple):
    """The session, once all of it is in, and how much of how much is; `replayed` where it was in before."""

    session: model.Session | None
    done: int
    total: int
    replayed: bool = False


class _Looked(NamedTuple):
    """What an archive was found to be."""

    maker: Maker
    contents: Contents
    reading: Reading
    record: Session


class Bringing:
    """Imports by request. A line of a message has at most `longest_line` bytes, as a request's body has."""

    def __init__(self, services: Services, terms: Terms, *, longest_line: int) -> None:
        self._services = services
        self._terms = terms
        self._longest_line = longest_line
        self._under_way: list[str] = []

    async def bring(self, owner: str, archive: Content, *, dry_run: bool = False) -> Brought:
        """Make the session for this owner, whomever the archive names, or tell how far it is.

        Raises `Invalid`, `TooLarge`, `Busy`, `IdempotencyMismatch` or `Conflict`, all of the archive, or an
        `UpstreamFailure` or `DatabaseFailure`; what is in stays, and is gone on with.
        """
        end = asyncio.get_running_loop().time() + request_scope.patience()
        async with self._place(owner):
            with archive.open() as opened, _of_archive():
                looked = await self._look(cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, opened))), archive)
                if dry_run:
                    return Brought(None, 0, looked.record.messages + looked.record.files)
                return await self._make(owner, looked, end)

    @asynccontextmanager
    async def _place(self, owner: str) -> AsyncIterator[None]:
        if len(self._under_way) >= MOST or self._under_way.count(owner) >= MOST_OF_USER:
            raise Busy(f"At most {MOST_OF_USER} archives of a user, {MOST} in all, are brought in at a time.", ARCHIVE)
        self._under_way.append(owner)
        try:
            yield
        finally:
            self._under_way.remove(owner)

    async def _look(self, file: BinaryIO, archive: Content) -> _Looked:
        id, contents = await asyncio.to_thread(self._whole, file)
        reading = Reading(file, archive, contents)
        maker = Maker(self._services, id, self._terms)
        return _Looked(maker, contents, reading, await maker.checked(reading, contents))

    def _whole(self, file: BinaryIO) -> tuple[str, Contents]:
        """Look whether the archive is whole, not too large in anything, and has one session."""
        sums: Entry | None = None
        values = 0
        for number, entry in enumerate(tape.entries(file)):
            sums = entry if entry.name == SUMS else sums
            if number >= MOST_FILES:
                raise TooLarge(f"An archive that is uploaded has at most {MOST_FILES} files in it.", ARCHIVE)
            if _is_read_by_and_by(entry.name):
                continue
            if entry.size > self._longest_line:
                raise TooLarge(f"{shown(entry.name)} has more than {self._longest_line} bytes.", ARCHIVE)
            values += layout.values(file, entry)
            if values > MOST_VALUES:
                raise TooLarge(f"An archive that is uploaded has at most {MOST_VALUES} values of JSON in it.", ARCHIVE)
        id, contents = str(manifest(file)["id"]), _only(file)
        for _ in summed(file, sums):
            pass
        return id, contents

    async def _make(self, owner: str, looked: _Looked, end: float) -> Brought:
        maker, contents, reading, record = looked
        total = record.messages + record.files
        session, begun = await maker.begin(owner, record, contents)
        if begun.is_whole:
            return Brought(session, total, total, replayed=True)
        before = sum(reading.lists[: begun.message_lists]) + begun.files
        clock = asyncio.get_running_loop().time
        try:
            async for _ in maker.fill(session, Filling(reading, contents, begun)):
                done = before + maker.messages + maker.files
                if done < total and clock() >= end:
                    return Brought(None, done, total)
        except (Busy, UpstreamTimeout):
            # What was begun too late to be ended is gone on with.
            if clock() < end:
                raise
            return Brought(None, before + maker.messages + maker.files, total)
        except (Invalid, TooLarge, Refused) as problem:
            if isinstance(problem, Refused) and not problem.is_for_good:
                raise
            # It was looked at before, so that Acontext alone can find anything now; its own words stay here.
            said = _REFUSED if isinstance(problem, Refused) else told(problem)
            raise Invalid(f"{said} The rest is in session {session.id}.", ARCHIVE) from None
        await maker.end(session, record)
        return Brought(await own_session(owner, session.id, ARCHIVE), total, total)


def _is_read_by_and_by(name: str) -> bool:
    return name == SUMS or "/blobs/" in name


def _only(file: BinaryIO) -> Contents:
    """Give the one session that there is."""
    found = list(islice(sessions(file), 2))
    if len(found) > 1:
        raise Invalid("This archive has several sessions: `gql-api import` takes them all.", ARCHIVE)
    if not found:
        raise Invalid("This archive has no session.", ARCHIVE)
    return found[0]


@contextmanager
def _of_archive() -> Iterator[None]:
    """Let all that the caller can put right be said of the archive, whatever service says it of its own input."""
    try:
        yield
    except BeingErased:
        raise
    except UnfitArchive as reason:
        raise Invalid(f"This archive cannot be imported: {reason}", ARCHIVE) from None
    except Correctable as problem:
        kind = next((kind for kind in _KINDS if isinstance(problem, kind)), Invalid)
        raise kind(problem.message if problem.path[:1] == ("input",) else told(problem), ARCHIVE) from None
    except Refused as refusal:
        if not refusal.is_for_good:
            raise
        raise Invalid(_REFUSED, ARCHIVE) from None
