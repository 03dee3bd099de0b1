"""The life of sessions: created, got or created, adopted, changed, deleted; always with exactly one disk."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gql_api import model
from gql_api.errors import NotFound, TooLarge
from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.services import rules
from gql_api.services.adoption import Adoption, Opened
from gql_api.services.creation import KEY_PATH, Creation, NewSession
from gql_api.services.locks import SessionLocks
from gql_api.services.ownership import own_session, present
from gql_api.services.reconcile import Reconciler
from gql_api.store import changing, mappings
from gql_api.store.changing import NO_CHANGE, Change, Retagging, TooManyTags
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

_ID = ("input", "id")
_CONFIGS = ("input", "configs")
UNCHANGED: Any = object()
"""Stands for a field that the caller did not send."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a session; UNCHANGED where nothing was sent, None clears."""

    title: Any = UNCHANGED
    configs: Any = UNCHANGED
    pinned: Any = UNCHANGED
    archived: Any = UNCHANGED
    tags: Any = UNCHANGED

    def checked(self) -> tuple[Change, model.JsonObject | None]:
        """Check them; give what is for our own database, and the configs."""
        change = Change(
            title=None if self.title is UNCHANGED else (rules.title(self.title, ("input", "title")),),
            pinned=None if self.pinned is UNCHANGED else bool(self.pinned),
            archived=None if self.archived is UNCHANGED else bool(self.archived),
            retagging=None
            if self.tags is UNCHANGED
            else Retagging(add=rules.tags(self.tags, ("input", "tags")), replaces=True),
        )
        configs = self.configs if self.configs is UNCHANGED else rules.json_object(self.configs, _CONFIGS)
        return change, configs


class Sessions:
    """The writes to sessions."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        locks: SessionLocks,
        creation: Creation,
        adoption: Adoption,
        reconciler: Reconciler,
        events: Broker,
    ) -> None:
        self._gateway = gateway
        self._events = events
        self._locks = locks
        self._creation = creation
        self._adoption = adoption
        self._reconciler = reconciler

    async def create(self, owner: str, new: NewSession, *, key: str | None = None) -> model.Session:
        """Make a session with a disk of its own, or give the one that was made under this idempotency key.

        Raises `Invalid`, `TooLarge`, `Conflict`, `IdempotencyMismatch`, `Busy`, or an `UpstreamFailure`.
        """
        asked = ["createSession", new.title, new.configs, new.id and str(new.id)]
        return await self._make(owner, _checked(new, key, asked))

    async def get_or_create(
        self, owner: str, id: UUID | None, *, new: NewSession, disk_id: UUID | None, key: str | None = None
    ) -> Opened:
        """Give the session with this id, adopt it from Acontext if it is this user's there, else make another.

        A session that is made never gets the id that was asked for. Raises `Conflict` when `disk_id` belongs to
        another session, `NotFound` when this user has no such disk. A key of which a session was made gives that one.
        """
        asked = ["getOrCreateSession", new.title, new.configs, id and str(id), disk_id and str(disk_id)]
        checked = _checked(new, key, asked)
        if checked.key and (earlier := await self._creation.made_under(owner, checked.key)):
            return Opened(earlier, created=True, disk_created=True)
        if id is not None:
            async with self._locks.queued((owner, id)):
                found = await self._adoption.find(owner, id, title=checked.title, disk_id=disk_id)
            if found:
                if found.adopted:
                    self._tell(ListChange.CREATED, owner, id)
                return found
        self._adoption.refuse_disk(disk_id)
        made = await self._make(owner, checked)
        return Opened(made, created=True, disk_created=True)

    async def _make(self, owner: str, new: NewSession) -> model.Session:
        session, is_new = await self._creation.make_once(owner, new)
        if is_new:
            self._tell(ListChange.CREATED, owner, session.id)
        return session

    async def update(self, owner: str, id: UUID, changes: Changes) -> model.Session:
        """Change a session; configs are merged key by key, null deletes a key, no configs at all clear them."""
        change, configs = changes.checked()
        async with self._locks.holding(owner, id, _ID) as held:
            if configs is not UNCHANGED:
                await held.confirm()
                await self._write_configs(id, configs)
            elif change == NO_CHANGE:
                return held.session
            changed = await changing.change(owner, id, change, now=self._creation.now())
        found = present(changed, "session", _ID)
        self._tell(ListChange.UPDATED, owner, id)
        return found

    async def organise(self, owner: str, id: UUID, change: Change) -> model.Session:
        """Change what our own database alone has of a session, whoever writes to it in Acontext; raise `TooLarge`."""
        if change == NO_CHANGE:
            return await own_session(owner, id, _ID)
        try:
            changed = await changing.change(owner, id, change, now=self._creation.now())
        except TooManyTags:
            raise TooLarge(f"A session has at most {rules.MOST_TAGS} tags.", _ID) from None
        found = present(changed, "session", _ID)
        self._tell(ListChange.UPDATED, owner, id)
        return found

    async def delete(self, owner: str, id: UUID) -> None:
        """Delete a session with its messages and its disk; raise `NotFound` when it is not there, or no more.

        It is gone for all readers at once. What Acontext does not remove now is removed by the sweep.
        """
        async with self._locks.holding(owner, id, _ID):
            mapping = await mappings.entomb(owner, id, now=self._creation.now(), lease_until=self._creation.lease_end())
            if mapping is None:
                raise NotFound("There is no such session.", _ID)
            self._tell(ListChange.DELETED, owner, id)
            await self._reconciler.finish(mapping)

    def _tell(self, change: ListChange, owner: str, id: UUID) -> None:
        self._events.publish(ListChanged(change, owner_key(owner), id))

    async def _write_configs(self, id: UUID, configs: model.JsonObject | None) -> None:
        if configs is not None:
            await self._merge_configs(id, configs)
            return
        mapping = await mappings.find(id)
        nonce = mapping.nonce if mapping and not mapping.adopted else None
        await self._gateway.sessions.replace_configs(id, self._creation.tag(nonce) if nonce else {})

    async def _merge_configs(self, id: UUID, configs: model.JsonObject) -> None:
        try:
            await self._gateway.sessions.patch_configs(id, configs)
        except Refused as refusal:
            if not refusal.is_mistake:
                raise
            # They were checked before it: only their size, as Acontext writes them, can be wrong.
            raise TooLarge(f"Configs have at most {rules.LARGEST_JSON} bytes of JSON.", _CONFIGS) from None


def _checked(new: NewSession, key: str | None, asked: list[Any]) -> NewSession:
    """Check what a session is to be made of; `asked` is all that must be the same under the same key."""
    key = rules.idempotency_key(key, KEY_PATH)
    return NewSession(
        title=rules.title(new.title, ("input", "title")),
        configs=rules.json_object(new.configs, _CONFIGS),
        id=new.id,
        path=new.path,
        key=None if key is None else mappings.Key(key, rules.fingerprint(asked)),
    )
