"""Archives by URL: who has one reads the sessions, as they are when they are read, piece by piece."""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import NotFound, UpstreamUnavailable
from gql_api.services.archive.choosing import chosen
from gql_api.services.archive.editions import Edition, Editions
from gql_api.services.archive.exporting import Export
from gql_api.services.archive.tickets import Ticket, Tickets
from gql_api.services.archive.writing import Sums, Writer, begin, manifest, selected
from gql_api.store import mappings
from gql_api.upstream.gateway import Gateway

_PIECE = 256 * 1024
"""Bytes that are handed on at once."""
_HELD = 64 * 1024
"""Bytes of small things that are collected before they are handed on."""
_PATH = "/api/v1/exports/"


class Expired(NotFound):
    """The time of a URL is over."""


class Asked(NamedTuple):
    """What a URL exports: these sessions of a user, or all where none are named."""

    user: str
    sessions: Sequence[UUID]
    forms: tuple[str, ...]

    @property
    def filename(self) -> str:
        """Name the file: of characters that mean nothing to anybody."""
        return f"session-{self.sessions[0]}.tar" if self.sessions else "sessions.tar"


class Exports:
    """Makes the URLs, and reads what is behind them.

    `secret` is what all of it is signed with, and `program` what an archive says that it was written by.
    """

    def __init__(
        self, gateway: Gateway, secret: bytes, clock: Callable[[], datetime], *, public_url: str, program: str
    ) -> None:
        self._gateway = gateway
        self._tickets = Tickets(secret)
        self._editions = Editions(secret, program)
        self._clock = clock
        self._start = f"{public_url}{_PATH}"
        self._program = program

    def session_url(self, session: model.Session, forms: tuple[str, ...], *, seconds: int) -> model.SignedUrl:
        """Make a URL of one session."""
        end = self._end(seconds)
        token = self._tickets.of_session(session.id, session.user, forms, expires_at=end)
        return model.SignedUrl(f"{self._start}{token}", end)

    def user_url(self, user: str, forms: tuple[str, ...], *, seconds: int) -> model.SignedUrl:
        """Make a URL of all sessions of a user."""
        end = self._end(seconds)
        return model.SignedUrl(f"{self._start}{self._tickets.of_user(user, forms, expires_at=end)}", end)

    async def find(self, token: str) -> Asked:
        """Tell what is exported; raise `NotFound`, which is the same for what never was and what is gone, `Expired`,
        a `DatabaseFailure` or an `UpstreamFailure`.
        """
        ticket = self._tickets.read(token)
        if ticket is None:
            raise _nothing()
        if ticket.expires_at <= self._clock():
            raise Expired("The time of this URL is over; ask for another.")
        if ticket.user is not None:
            return Asked(ticket.user, (), ticket.forms)
        return await self._one(ticket)

    def edition(self, token: str) -> Edition:
        """Begin an archive of what this URL exports."""
        return self._editions.new(token, now=self._clock())

    def known_edition(self, token: str, id: str) -> Edition | None:
        """Find the archive of this id, to go on with it; None where this URL was not answered with it."""
        return self._editions.known(token, id)

    async def archive(self, asked: Asked, edition: Edition, *, start: int = 0) -> AsyncGenerator[bytes, None]:
        """Give an archive from this byte on, piece by piece; more is read when a piece was taken.

        An edition is always the same as long as nothing of its sessions was changed; what was meanwhile, its sums tell.
        Raises an `UpstreamFailure` or a `DatabaseFailure` in the middle: what was given by then has no end.
        """
        async with aclosing(self._whole(asked, edition)) as pieces:
            async for piece in pieces:
                if start < len(piece):
                    yield piece[start:]
                start = max(start - len(piece), 0)

    async def _whole(self, asked: Asked, edition: Edition) -> AsyncGenerator[bytes, None]:
        held = _Held()
        with Sums() as sums:
            writer = self._begun(held, sums, asked, edition)
            async for _ in self._sessions(writer, asked):
                for piece in held.pieces():
                    yield piece
            for _ in writer.ending():
                for piece in held.pieces():
                    yield piece
        for piece in held.pieces(least=1):
            yield piece

    async def _sessions(self, writer: Writer, asked: Asked) -> AsyncGenerator[None, None]:
        """Write the sessions. One that was asked for by itself is there whole, or the archive is not."""
        export = Export(self._gateway, writer, asked.forms)
        async for session in chosen(asked.user, asked.sessions):
            async for reason in export.session(session, None):
                if reason and asked.sessions:
                    raise UpstreamUnavailable(f"The session cannot be exported: {reason}")
                yield
        if asked.sessions and not export.tally.sessions:
            raise UpstreamUnavailable("The session was deleted meanwhile.")

    def _begun(self, held: "_Held", sums: Sums, asked: Asked, edition: Edition) -> Writer:
        selection = selected(asked.user, asked.sessions, asked.forms)
        begun = manifest(edition.id, program=self._program, selection=selection, now=edition.started_at)
        return begin(held, sums, begun)

    async def _one(self, ticket: Ticket) -> Asked:
        """Find the one session; it may have been deleted, and its id be another's since."""
        mapping = ticket.session and await mappings.find(ticket.session)
        if not mapping or not self._tickets.is_of(ticket, mapping.user):
            raise _nothing()
        session = (await mappings.ready(mapping.user, [mapping.id])).get(mapping.id)
        if session is None or not await self._gateway.sessions.exists(session.id):
            raise _nothing()
        return Asked(session.user, (session.id,), ticket.forms)

    def _end(self, seconds: int) -> datetime:
        return self._clock().replace(microsecond=0) + timedelta(seconds=seconds)


def _nothing() -> NotFound:
    return NotFound("There is nothing here to export.")


class _Held:
    """What was written and not handed on yet: a few files at most."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes, /) -> None:
        """Take a piece."""
        self._pieces.append(piece)
        self._size += len(piece)

    def flush(self) -> None:
        """Hold on: it is asked for."""

    def fileno(self) -> int:
        """Say that this is no file."""
        raise OSError

    def pieces(self, *, least: int = _HELD) -> Iterator[bytes]:
        """Hand on what is held, if it is so much: what is large in pieces, what is small together."""
        if self._size < least:
            return
        held, small = deque(self._pieces), bytearray()
        self._pieces, self._size = [], 0
        while held:
            piece = held.popleft()
            if len(piece) < _HELD:
                small += piece
            if small and (len(piece) >= _HELD or len(small) >= _HELD or not held):
                yield bytes(small)
                small.clear()
            if len(piece) >= _HELD:
                for at in range(0, len(piece), _PIECE):
                    yield piece[at : at + _PIECE]
