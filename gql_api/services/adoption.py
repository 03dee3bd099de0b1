"""Finding a session for get-or-create: ours, one still being made, or one that only Acontext knows yet."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, Conflict, DatabaseFailure, Invalid, NotFound
from gql_api.services.creation import Creation
from gql_api.services.ownership import BeingErased
from gql_api.store import mappings
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
            mapping = await self._settled(owner, id)
            if mapping and mapping.user == owner and mapping.state is model.MappingState.READY:
                return _kept(await mappings.ready(owner, [id]), id, disk_id)
            known_upstream = await self._gateway.sessions.exists(id)
            if mapping or not known_upstream or not await self._is_adoptable(owner, id):
                return None
            # Another server may take it over in the same moment; then what it makes of it is waited for.
            if adopted := await self._adopt(owner, id, title=title, disk_id=disk_id):
                return adopted
        raise Busy("This session is being taken over just now; try again.", ("input", "id"))

    async def _settled(self, owner: str, id: UUID) -> model.Mapping | None:
        """Wait until a session of this user that another process is making is there, or is not."""
        patience = int(_PATIENCE / _LOOK_AGAIN)
        for _ in range(patience):
            mapping = await mappings.find(id)
            if not mapping or mapping.user != owner or mapping.state is not model.MappingState.CREATING:
                return mapping
            await asyncio.sleep(_LOOK_AGAIN)
        raise Busy("This session is still being made; try again.", ("input", "id"))

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
        disk = await self._given(owner, id, disk_id) if disk_id else await self._creation.disk(id)
        intent = await self._creation.begin(owner, id=id, title=title, adopted=True)
        if intent is None:
            return None
        try:
            bound = await self._creation.bind(intent, disk or await self._creation.make_disk(id))
        except BeingErased:
            # Once they begin anew, nobody may come back to it: what was made for it goes.
            if disk is None:
                await self._creation.remove_disks(id)
            await mappings.abandon(id, nonce=intent.nonce)
            raise
        except mappings.DiskTaken:
            await mappings.abandon(id, nonce=intent.nonce)
            raise Conflict("This disk belongs to another session.", _DISK) from None
        except BaseException:
            # Upstream nothing needs undoing: a disk that was made is found by its owner the next time. Where the
            # intent cannot be forgotten now, the sweep does it.
            with suppress(DatabaseFailure):
                await asyncio.shield(mappings.abandon(id, nonce=intent.nonce))
            raise
        return Opened(bound, created=False, disk_created=disk is None, adopted=True)

    async def _given(self, owner: str, id: UUID, disk_id: UUID) -> model.Disk:
        if await mappings.disk_is_bound(disk_id):
            raise Conflict("This disk belongs to another session.", _DISK)
        disk = await self._gateway.sessions.find_disk(disk_id, owners=(owner, self._creation.disk_owner(id)))
        if disk is None:
            raise NotFound("There is no such disk.", _DISK)
        return disk


def _kept(found: dict[UUID, model.Session], id: UUID, disk_id: UUID | None) -> Opened | None:
    session = found.get(id)
    if session and disk_id and session.disk_id != disk_id:
        raise Conflict("This session has another disk already.", _DISK)
    return Opened(session, created=False, disk_created=False) if session else None
