"""Making a session with its disk, and undoing what was half made: the saga behind the 1:1:1 rule.

An intent row with the id that we chose comes first, then session and disk at once, then the binding. The session
carries the intent's nonce in its configs, the disk an owner named after the session, so that what a lost answer left
upstream is found again and is known to be ours. Nothing is deleted because a row is missing.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from gql_api import model
from gql_api.errors import (
    Busy,
    Conflict,
    DatabaseFailure,
    IdempotencyMismatch,
    NotFound,
    UpstreamFailure,
    UpstreamTimeout,
)
from gql_api.request_scope import no_request
from gql_api.services import rules
from gql_api.services.ownership import BeingErased, is_tagged
from gql_api.services.single_call import make_disk, make_session, worst
from gql_api.store import erasures, mappings
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

_LOG = logging.getLogger(__name__)

LONGEST = 45.0
"""Seconds that the calls of one creation may take, waiting for their turn included."""
UNDOING = 45.0
"""Seconds that undoing it may take."""
LEASE = timedelta(seconds=LONGEST + UNDOING + 30)
"""How long the maker of an intent may be at work on it; only later may others be."""
_LAST = 15.0
"""Seconds more than its last call may take effect after which nothing of an intent comes any more."""

KEY_PATH = ("input", "idempotencyKey")
_PATIENCE, _LOOK_AGAIN, _TRIES = 5.0, 0.05, 3
"""Seconds that one waits for another who makes a session under the same key, and between two looks."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session is made of. `id` is one that the client chose; `path` is where it stands in the input.

    Under one `key` of its user, an idempotency key, one session is made.
    """

    title: str | None
    configs: model.JsonObject | None
    id: UUID | None = None
    path: rules.Path = ("input", "acontextId")
    key: mappings.Key | None = None


def used_with_other_input() -> IdempotencyMismatch:
    """Say of an idempotency key that it cannot be used for this."""
    return IdempotencyMismatch("This idempotency key was used with other input.", KEY_PATH)


class _KeyTaken(Busy):
    """Another call makes a session under the same key."""

    def __init__(self) -> None:
        super().__init__("The session of this idempotency key is still being made; try again.", KEY_PATH)


def lease_for(settling: float) -> timedelta:
    """Tell how long an intent is its maker's where a call may take effect so many seconds after it was sent."""
    return max(LEASE, timedelta(seconds=LONGEST + settling + _LAST))


class Creation:
    """Makes sessions, whole or not at all."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        disk_owner_prefix: str,
        clock: Callable[[], datetime],
        longest: float = LONGEST,
        settling: float = 60.0,
        places: PlaceKeeper | None = None,
    ) -> None:
        self._gateway = gateway
        self._longest = longest
        self._settling = timedelta(seconds=settling)
        self._places = places
        self.lease = lease_for(settling)
        self._prefix = disk_owner_prefix
        self._clock = clock

    def disk_owner(self, id: UUID) -> str:
        """Name the Acontext user that owns this session's disk and nothing else."""
        return f"{self._prefix}{id}"

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock()

    def lease_end(self) -> datetime:
        """Tell until when what begins now may be at work."""
        return self._clock() + self.lease

    def tag(self, nonce: str) -> model.JsonObject:
        """Return the part of a session's configs that is ours."""
        return {rules.RESERVED: {"nonce": nonce}}

    async def make(self, owner: str, new: NewSession) -> model.Session:
        """Make a session, its disk and their binding; raise `Conflict` when a chosen id is taken by anyone."""
        intent = await self._begin(owner, new)
        try:
            disk = await self._make_in_time(intent, new)
            session = await self.bind(intent, disk)
        except BaseException as failure:
            await self._undo_after(intent, failure)
            raise
        if self._places:
            self._places.note_made(session)
        return session

    async def make_once(self, owner: str, new: NewSession) -> tuple[model.Session, bool]:
        """Make a session as `make` does, or give the one made under its key; tell whether it was made just now."""
        for _ in range(_TRIES if new.key else 0):
            if new.key and (earlier := await self.made_under(owner, new.key)):
                return earlier, False
            with suppress(_KeyTaken):
                return await self.make(owner, new), True
        return await self.make(owner, new), True

    async def made_under(self, owner: str, key: mappings.Key) -> model.Session | None:
        """Give the session that was made under this key; None where none was, or its making was undone.

        Raises `IdempotencyMismatch` when it was made of other input, `Busy` while it is being made, `NotFound` when it
        was deleted since, and `BeingErased` while all of this owner's is.
        """
        for _ in range(int(_PATIENCE / _LOOK_AGAIN)):
            found = await mappings.find_by_key(owner, key.text)
            if found is None:
                return None
            mapping, fingerprint = found
            if fingerprint != key.fingerprint:
                raise used_with_other_input()
            if mapping.state is not model.MappingState.CREATING:
                if session := (await mappings.ready(owner, [mapping.id])).get(mapping.id):
                    return session
                if await erasures.under_way(owner):
                    raise BeingErased
                raise NotFound("The session that was made under this idempotency key is deleted.", KEY_PATH)
            await asyncio.sleep(_LOOK_AGAIN)
        raise _KeyTaken

    async def bind(self, intent: mappings.Intent, disk: model.Disk) -> model.Session:
        """Bind the disk to the session that is being made; from here on it is visible.

        The lease is the fence: once the sweep has taken the intent over, it cannot be bound any more.
        """
        session = await mappings.bind(intent.id, disk=disk, lease_until=intent.lease_until, now=self._clock())
        if session is None and await erasures.under_way(intent.owner):
            raise BeingErased
        if session is None:
            raise Busy("This session was taken over while it was being made; try again.", ("input",))
        return session

    async def begin(
        self, owner: str, *, id: UUID, title: str | None, adopted: bool, key: mappings.Key | None = None
    ) -> mappings.Intent | None:
        """Write the intent down; None when the id, or the owner's key, is taken. Raises `BeingErased`."""
        now = self._clock()
        intent = mappings.Intent(
            id=id,
            owner=owner,
            title=title,
            adopted=adopted,
            nonce=secrets.token_hex(16),
            now=now,
            lease_until=self.lease_end(),
            key=key,
        )
        if await mappings.begin(intent):
            return intent
        if await erasures.under_way(owner):
            raise BeingErased
        return None

    async def wait_out(self, intent: mappings.Intent) -> None:
        """Let nobody go on with it before what was sent for it last has had its effect, or will have none."""
        await mappings.hold(intent.id, lease_until=intent.lease_until, until=self._clock() + self._settling)

    async def disk(self, id: UUID) -> model.Disk | None:
        """Find the disk that was made for this session, by its owner; of several the oldest."""
        disks = await self._gateway.sessions.disks_of(self.disk_owner(id))
        return disks[0] if disks else None

    async def make_disk(self, id: UUID) -> model.Disk:
        """Make a disk for this session; look with `disk` first."""
        return await make_disk(self._gateway, self.disk_owner(id))

    async def undo(self, id: UUID, nonce: str) -> None:
        """Remove what was made upstream for an intent: the session if it bears the nonce, and the disks made for it."""
        sessions = self._gateway.sessions
        if await sessions.exists(id) and is_tagged(await sessions.get(id), nonce):
            await sessions.delete(id)
        await self.remove_disks(id)

    async def remove_disks(self, id: UUID) -> None:
        """Remove the disks that were made for a session, but for those that are bound."""
        sessions, owner = self._gateway.sessions, self.disk_owner(id)
        disks = await sessions.disks_of(owner)
        bound = [disk for disk in disks if await mappings.disk_is_bound(disk.id)]
        for disk in disks:
            if disk not in bound:
                await sessions.delete_disk(disk.id)
        if not bound:  # also where an earlier try came only so far as to delete the disks
            await sessions.delete_owner(owner)  # with all that it still owns

    async def _begin(self, owner: str, new: NewSession) -> mappings.Intent:
        if new.id:
            await self._refuse_taken(owner, new, new.id)
        intent = await self.begin(owner, id=new.id or uuid4(), title=new.title, adopted=False, key=new.key)
        if intent is None:
            raise await self._why_not_begun(owner, new)
        return intent

    async def _why_not_begun(self, owner: str, new: NewSession) -> Busy | Conflict:
        """Tell what stood in the way; it may be gone by now, as a try under the same key that failed just then."""
        if new.key and await mappings.find_by_key(owner, new.key.text):
            return _KeyTaken()
        if new.id and await mappings.find(new.id):
            return Conflict("This id is taken.", new.path)
        return _KeyTaken() if new.key else Busy("What stood in the way has ended just now; try again.", ("input",))

    async def _refuse_taken(self, owner: str, new: NewSession, id: UUID) -> None:
        mapping = await mappings.find(id)
        if mapping and mapping.user == owner and mapping.state is model.MappingState.CREATING:
            raise Busy("An earlier try to make this session has not ended yet; try again later.", new.path)
        if not mapping and not await self._gateway.sessions.exists(id):
            return
        if new.key and await mappings.find_by_key(owner, new.key.text):
            raise _KeyTaken  # by another call, since this one looked: the id may be taken by what that makes
        raise Conflict("This id is taken.", new.path)

    async def _make_in_time(self, intent: mappings.Intent, new: NewSession) -> model.Disk:
        try:
            async with asyncio.timeout(self._longest):
                return await self._make_both(intent, new)
        except TimeoutError as failure:
            raise UpstreamTimeout("Acontext did not make the session in time.") from failure

    async def _make_both(self, intent: mappings.Intent, new: NewSession) -> model.Disk:
        configs = {**(new.configs or {}), **self.tag(intent.nonce)}
        session, disk = await asyncio.gather(
            make_session(self._gateway, intent.id, owner=intent.owner, configs=configs),
            self.make_disk(intent.id),
            return_exceptions=True,
        )
        if isinstance(session, BaseException) or isinstance(disk, BaseException):
            raise worst(session, disk, taken=Conflict("This id is taken.", new.path) if new.id else None)
        if not is_tagged(session, intent.nonce):
            raise Conflict("This id is taken.", new.path)
        return disk

    async def _undo_after(self, intent: mappings.Intent, failure: BaseException) -> None:
        """Undo what is there now. Where a call may still take effect, the intent stays for the sweep to look again."""
        settled = isinstance(failure, Conflict | Refused | BeingErased)
        try:
            async with asyncio.timeout(UNDOING):
                with no_request():
                    await asyncio.shield(self._undo_open(intent, settled=settled))
        except (UpstreamFailure, DatabaseFailure, TimeoutError) as error:
            _LOG.warning("a half-made session is left to the sweep: %s", type(error).__name__)

    async def _undo_open(self, intent: mappings.Intent, *, settled: bool) -> None:
        mapping = await mappings.find(intent.id)
        if mapping is None or mapping.nonce != intent.nonce or mapping.state is not model.MappingState.CREATING:
            return  # a request may be cancelled after its session was bound: then it is made
        if intent.key:
            await mappings.free_key(intent.id, nonce=intent.nonce)
        await self.undo(intent.id, intent.nonce)
        if settled:
            await mappings.abandon(intent.id, nonce=intent.nonce)
