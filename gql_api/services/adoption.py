"""Finding a session for get-or-create: ours, one still being made, or one that only Acontext knows yet."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, Conflict, DatabaseFailure, Invalid, NotFound
from gql_api.services.creation import Creation
from gql_api.services.ownership import BeingErased
from gql_api.store import erasures, mappings
from gql_api.upstream.failures import may_still_come
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

_DISK = ("input", "diskId")
_LOOK_AGAIN = 0.05
_PATIENCE = 5.0
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """What get-or-create came to."""

    session: model.Session
    created: bool
    disk_created: bool
    adopted: bool = False
    """It was taken over from Acontext just now, and is in the list since then."""


class Adoption:
    """Takes over sessions of Acontext that have no mapping yet, for their own user only."""

    def __init__(self, gateway: Gateway, *, creation: Creation, adopt_unowned: bool) -> None:
        self._gateway = gateway
        self._creation = creation
        self._adopt_unowned = adopt_unowned

    def refuse_disk(self, disk_id: UUID | None) -> None:
        """Refuse a disk that no session could be found for: it must not be ignored."""
        if disk_id is not None:
            raise Invalid("A disk can be given only for a session of yours that Acontext has already.", _DISK)

    async def find(self, owner: str, id: UUID, *, title: str | None, disk_id: UUID | None) -> Opened | None:
        """Give the session if it is this user's; None where another has to be made.

        A foreign id takes the same single probe of Acontext as an unknown one. A session that was deleted here is
        not taken over again.
        """
        for _ in range(_LOOKS):
            mapping, finished = await self._settled(owner, id)
            if mapping and mapping.user == owner and mapping.state is model.MappingState.READY:
                return _kept(await mappings.ready(owner, [id]), id, disk_id, finished=finished)
            known_upstream = await self._gateway.sessions.exists(id)
            if mapping or not known_upstream or not await self._is_adoptable(owner, id):
                return None
            # Another server may take it over in the same moment; then what it makes of it is waited for.
            if adopted := await self._adopt(owner, id, title=title, disk_id=disk_id):
                return adopted
        raise Busy("This session is being taken over just now; try again.", ("input", "id"))

    async def _settled(self, owner: str, id: UUID) -> tuple[model.Mapping | None, bool]:
        """Wait until a session of this user that another process is making is there, or is not.

        One that was to be taken over, by who is at it no more, is taken over here; True where that was so.
        """
        patience, finished = int(_PATIENCE / _LOOK_AGAIN), False
        for _ in range(patience):
            mapping = await mappings.find(id)
            if not mapping or mapping.user != owner or mapping.state is not model.MappingState.CREATING:
                return mapping, finished
            if mapping.adopted and mapping.lease_until < self._creation.now():
                finished = await self._take_over(id)
            else:
                await asyncio.sleep(_LOOK_AGAIN)
        raise Busy("This session is still being made; try again.", ("input", "id"))

    async def _take_over(self, id: UUID) -> bool:
        """Go on where another left off, unless a third was quicker; True where the session is there by that."""
        now, until = self._creation.now(), self._creation.lease_end()
        for claimed in await mappings.claim_unfinished(now=now, lease_until=until, limit=1, id=id):
            try:
                return await finish_adoption(self._gateway, self._creation, claimed) is not None
            except BaseException:
                with suppress(DatabaseFailure):  # nothing is in doubt: the next need not wait
                    await asyncio.shield(mappings.hold(id, lease_until=until, until=now))
                raise
        return False

    async def _is_adoptable(self, owner: str, id: UUID) -> bool:
        try:
            session = await self._gateway.sessions.get(id)
        except Refused as refusal:
            if refusal.is_anothers:
                return False
            raise
        if not session.owned:
            return self._adopt_unowned
        return await self._gateway.sessions.is_of(owner, session)

    async def _adopt(self, owner: str, id: UUID, *, title: str | None, disk_id: UUID | None) -> Opened | None:
        """Bind the given disk, else the one once made for this session, else a new one; None when another is at it."""
        given = await self._given(owner, id, disk_id) if disk_id else None
        intent = await self._creation.begin(owner, id=id, title=title, adopted=True)
        if intent is None:
            return None
        is_sent = False
        try:
            disk = given or await self._creation.disk(id)
            if is_new := disk is None:
                is_sent = True
                disk = await self._creation.make_disk(id)
                is_sent = False
            bound = await self._creation.bind(intent, disk)
        except mappings.DiskTaken:
            await mappings.abandon(id, nonce=intent.nonce)
            raise Conflict("This disk belongs to another session.", _DISK) from None
        except BaseException as failure:
            if isinstance(failure, BeingErased) and not given:
                await self._creation.remove_disks(id)  # once they begin anew, nobody may come back to it
            # Where the database does not let us now, the lease is over some day.
            with suppress(DatabaseFailure):
                await asyncio.shield(self._end(intent, in_doubt=is_sent and may_still_come(failure)))
            raise
        return Opened(bound, created=False, disk_created=is_new, adopted=True)

    async def _end(self, intent: mappings.Intent, *, in_doubt: bool) -> None:
        """Forget what failed; a disk that was made is found by its owner the next time.

        While one may still come it is not: the next try would make another, and one of them belonged to nobody.
        """
        if in_doubt:
            await self._creation.wait_out(intent)
        else:
            await mappings.abandon(intent.id, nonce=intent.nonce)

    async def _given(self, owner: str, id: UUID, disk_id: UUID) -> model.Disk:
        if await mappings.disk_is_bound(disk_id):
            raise Conflict("This disk belongs to another session.", _DISK)
        disk = await self._gateway.sessions.find_disk(disk_id, owners=(owner, self._creation.disk_owner(id)))
        if disk is None:
            raise NotFound("There is no such disk.", _DISK)
        return disk


async def finish_adoption(gateway: Gateway, creation: Creation, mapping: model.Mapping) -> model.Session | None:
    """Bind the disk that was made, for who has claimed what another left off; None where none was: it is forgotten.

    Nothing is on its way any more. A disk may be older than the try, and is not deleted but where all of its user's is.
    """
    disk = await creation.disk(mapping.id)
    if disk and await gateway.sessions.exists(mapping.id):
        with suppress(mappings.DiskTaken):
            now = creation.now()
            if bound := await mappings.bind(mapping.id, disk=disk, lease_until=mapping.lease_until, now=now):
                return bound
    if disk and await erasures.under_way(mapping.user):
        await creation.remove_disks(mapping.id)
    await mappings.abandon(mapping.id, nonce=mapping.nonce)
    return None


def _kept(found: dict[UUID, model.Session], id: UUID, disk_id: UUID | None, *, finished: bool = False) -> Opened | None:
    session = found.get(id)
    if session and disk_id and session.disk_id != disk_id:
        raise Conflict("This session has another disk already.", _DISK)
    return Opened(session, created=False, disk_created=finished, adopted=finished) if session else None
