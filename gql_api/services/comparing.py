"""Holds our rows against what Acontext has, and tells what does not fit; what becomes of it is for others to say.

Nothing is held whole: our rows come by pages, Acontext's lists are kept aside in a file. Servers may be at work
meanwhile, so what does not fit is looked at once more, by itself, before it is told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import TypeVar
from uuid import UUID

from gql_api import model
from gql_api.model import MappingState
from gql_api.services.transfer.inventory import Aside, Inventory
from gql_api.store import mappings, transfer
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.inventory import User

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 500
"""Rows of ours that are looked for together."""
_CALLS_AT_ONCE = 16


class Kind(Enum):
    """What does not fit, each with how it is told."""

    SESSION_MISSING = "session_missing"
    DISK_MISSING = "disk_missing"
    ANOTHER_DISK = "another_disk"
    SEVERAL_DISKS = "several_disks"
    UNKNOWN_SESSION = "unknown_session"
    DELETED_SESSION = "deleted_session"


TOLD = {
    Kind.SESSION_MISSING: "it is not in Acontext any more",
    Kind.DISK_MISSING: "its disk is not in Acontext any more",
    Kind.ANOTHER_DISK: "it has another disk than was made for it",
    Kind.SEVERAL_DISKS: "more disks than its own were made for it",
    Kind.UNKNOWN_SESSION: "disks were made for it, and it is not known here",
    Kind.DELETED_SESSION: "it was deleted, and disks that were made for it are still there",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit, by the session whose it is. `disks`: those that are missing, or too many."""

    kind: Kind
    session: UUID
    disks: tuple[UUID, ...] = ()

    def __str__(self) -> str:
        named = f" ({', '.join(map(str, self.disks))})" if self.disks else ""
        return f"session {self.session}: {TOLD[self.kind]}{named}"


class Comparison:
    """One run. `sessions` and `owners` count what was looked at so far: sessions of ours, and owners of disks."""

    def __init__(self, gateway: Gateway, aside: Aside, *, disk_owner_prefix: str) -> None:
        self._gateway = gateway
        self._aside = aside
        self._inventory = Inventory(gateway, aside)
        self._prefix = disk_owner_prefix
        self.sessions = self.owners = 0

    async def run(self) -> AsyncIterator[list[Finding]]:
        """Give what does not fit, part by part, also where a part is empty; raise as a read of either side does."""
        last: model.Session | None = None
        while page := await transfer.page(last, _AT_ONCE):
            found = await self._missing(page)
            self.sessions, last = self.sessions + len(page), page[-1]
            yield found
        await self._inventory.complete("disks")
        self._aside.by_owner()
        place, more = None, True
        while more:
            users = await self._gateway.inventory.users(place)
            yield await self._misfits(users.items)
            place, more = users.place, users.more

    async def _missing(self, page: list[model.Session]) -> list[Finding]:
        """Find sessions of ours of which Acontext lacks the conversation or the disk."""
        sessions, disks = await asyncio.gather(
            self._inventory.find("sessions", [session.id for session in page]),
            self._inventory.find("disks", [session.disk_id for session in page]),
        )
        amiss = [session for session in page if session.id not in sessions or session.disk_id not in disks]

        async def look(session: model.Session) -> list[Finding]:
            return await self._look(session, is_listed=session.id in sessions, has_disk=session.disk_id in disks)

        return [finding for found in await _bounded(look, amiss) for finding in found]

    async def _look(self, session: model.Session, *, is_listed: bool, has_disk: bool) -> list[Finding]:
        """Ask for what was not listed; our row goes first when a session is deleted, so it is read last."""
        has_session = is_listed or await self._gateway.sessions.exists(session.id)
        has_disk = has_disk or session.disk_id in await self._disks(session.id)
        still = (await mappings.ready(session.user, [session.id])).get(session.id)
        if still is None:
            return []
        missing = [] if has_session else [Finding(Kind.SESSION_MISSING, session.id)]
        return missing if has_disk else [*missing, Finding(Kind.DISK_MISSING, session.id, (session.disk_id,))]

    async def _misfits(self, users: Sequence[User]) -> list[Finding]:
        """Find disks that were made for sessions that do not have them."""
        owners = [(id, self._aside.owned("disks", user.id)) for user in users if (id := self._session_of(user))]
        self.owners += len(owners)
        rows = {row.id: row for row in await transfer.bound([id for id, _ in owners], [])} if owners else {}
        amiss = [id for id, disks in owners if _judged(id, rows.get(id), disks)]
        found = await _bounded(self._look_at_owner, amiss)
        return [finding for finding in found if finding]

    async def _look_at_owner(self, id: UUID) -> Finding | None:
        """Judge once more by what is there now: an intent is there before its disk, and after it."""
        before = await mappings.find(id)
        disks = await self._disks(id)
        after = await mappings.find(id)
        first, second = _judged(id, before, disks), _judged(id, after, disks)
        return second if first == second else None

    async def _disks(self, id: UUID) -> list[UUID]:
        return [disk.id for disk in await self._gateway.sessions.disks_of(f"{self._prefix}{id}")]

    def _session_of(self, user: User) -> UUID | None:
        """Give the session whose disk this user was made to own; None for all other users."""
        if not user.identifier.startswith(self._prefix):
            return None
        try:
            id = UUID(user.identifier.removeprefix(self._prefix))
        except ValueError:
            return None
        return id if user.identifier == f"{self._prefix}{id}" else None


def _judged(id: UUID, row: model.Mapping | None, disks: Sequence[UUID]) -> Finding | None:
    """Say what does not fit between a session and the disks made for it; one that is open is the sweep's matter."""
    if not disks or (row and row.state in {MappingState.CREATING, MappingState.DELETING}):
        return None
    if row is None:
        return Finding(Kind.UNKNOWN_SESSION, id, tuple(disks))
    if row.state is MappingState.DELETED:
        return Finding(Kind.DELETED_SESSION, id, tuple(disks))
    others = tuple(disk for disk in disks if disk != row.disk_id)
    if not others:
        return None
    return Finding(Kind.SEVERAL_DISKS if row.disk_id in disks else Kind.ANOTHER_DISK, id, others)


async def _bounded(look: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Look at these, a few at a time."""
    found: list[R] = []
    iterator = iter(items)
    while some := list(islice(iterator, _CALLS_AT_ONCE)):
        found += await asyncio.gather(*map(look, some))
    return found
