"""Storing messages: owner first, everything checked before anything is stored, one after the other, never twice."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import (
    Correctable,
    DatabaseFailure,
    Invalid,
    NotFound,
    PartlyStored,
    UpstreamFailure,
    UpstreamTimeout,
)
from gql_api.events import Broker, MessagesStored
from gql_api.services import attachments, remarks, rules, words
from gql_api.services.attachments import Files
from gql_api.services.creation import KEY_PATH
from gql_api.services.drafts import Draft, Storable, storable
from gql_api.services.expecting import Last, expect_empty, expect_last
from gql_api.services.keyed import Keyed, Keys
from gql_api.services.locks import Held, SessionLocks
from gql_api.services.ownership import own_session
from gql_api.services.remarks import Named
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.refusal import Refused

MOST_MESSAGES = 100
_SESSION = ("input", "sessionId")


class Stored(NamedTuple):
    """What came of a list: the messages that were stored, in order, and what stopped the rest, if anything did."""

    session: model.Session
    messages: list[model.Message]
    problem: Correctable | None = None
    replayed: bool = False
    """All of them were stored by earlier calls with the same idempotency key."""


class Condition(NamedTuple):
    """Under which key messages are stored, and what the conversation is to be before them.

    A call that goes on with what was begun under the key expects nothing.
    """

    key: str | None = None
    last: Last | None = None
    is_empty: bool = False


NO_CONDITION = Condition()


class Messages:
    """The writes to conversations."""

    def __init__(
        self,
        keys: Keys,
        locks: SessionLocks,
        events: Broker,
        places: PlaceKeeper,
        *,
        longest_run: int = words.LONGEST_RUN,
    ) -> None:
        self._keys = keys
        self._gateway = keys.gateway
        self._events = events
        self._locks = locks
        self._places = places
        self._longest_run = longest_run

    async def store(self, owner: str, session_id: UUID, draft: Draft, condition: Condition = NO_CONDITION) -> Stored:
        """Store one message.

        Raises `NotFound`, `Invalid` naming the field, `Busy`, or an `UpstreamFailure`; after `UpstreamTimeout` the
        message may have been stored all the same. What the session is needed for to put it right, as `Conflict`,
        comes with it.
        """
        [message] = await self._checked(owner, session_id, [draft], condition)
        async with self._locks.holding(owner, session_id, _SESSION) as held:
            if condition is NO_CONDITION and not message.files:
                return Stored(held.session, [await self._store(held, message, {})])
            return await self._store_under(condition, held, [message], [])

    async def store_all(
        self, owner: str, session_id: UUID, drafts: Sequence[Draft], condition: Condition = NO_CONDITION
    ) -> Stored:
        """Store messages in their order: all of them, or a prefix that is told together with the problem.

        A draft that is wrong stops the list before anything is stored.
        """
        messages = await self._checked(owner, session_id, drafts, condition)
        stored: list[model.Message] = []
        try:
            async with self._locks.holding(owner, session_id, _SESSION) as held:
                return await self._store_under(condition, held, messages, stored)
        except (UpstreamTimeout, DatabaseFailure) as problem:
            # The lease ended on the way: what was stored by then is told all the same.
            if not stored:
                raise
            return Stored(held.session, stored, _told(problem, len(stored)))

    async def patch_metadata(self, owner: str, named: Named, changes: Any) -> tuple[model.Session, model.Message]:
        """Merge top-level keys into a message's metadata; null deletes one. Gives the message as it is then.

        Raises `NotFound`, `Invalid`, `TooLarge`, `Busy`, or an `UpstreamFailure`. Nobody is told: a message is told
        once, when it is stored.
        """
        checked = remarks.checked(changes)
        async with self._locks.holding(owner, named.session_id, remarks.NAMED) as held:
            message = await remarks.there(self._gateway, named)
            remarks.within_limit(message, checked)
            await held.confirm()
            return held.session, await remarks.merged(self._gateway, message, checked)

    async def _checked(
        self, owner: str, session_id: UUID, drafts: Sequence[Draft], condition: Condition
    ) -> list[Storable]:
        """Check drafts; that there is no such session is told first, and else seen by who holds it."""
        try:
            rules.idempotency_key(condition.key, KEY_PATH)
            if not 1 <= len(drafts) <= MOST_MESSAGES:
                raise Invalid(f"A list has 1 to {MOST_MESSAGES} messages.", ("input", "messages"))
            return [storable(draft, longest_run=self._longest_run) for draft in drafts]
        except Correctable:
            await own_session(owner, session_id, _SESSION)
            raise

    async def _store_under(
        self, condition: Condition, held: Held, messages: list[Storable], stored: list[model.Message]
    ) -> Stored:
        """Store what is not stored yet under the key; `stored` tells how far it came whatever happens."""
        keyed = None
        try:
            if condition.key is not None:
                keyed = await self._keys.begin(held.session.id, condition.key, messages)
            if keyed is None or keyed.is_new:
                await self._expect(condition, held.session, messages)
        except Correctable as problem:
            if keyed:
                await keyed.unsent()
            return Stored(held.session, [], problem)
        except UpstreamFailure:
            if keyed:
                await keyed.unsent()
            raise
        if keyed is None:
            return await self._store_in_order(held, messages, stored)
        return await self._store_keyed(held, keyed, stored)

    async def _expect(self, condition: Condition, session: model.Session, messages: list[Storable]) -> None:
        if condition.is_empty:
            await expect_empty(self._gateway, session.id)
        if condition.last:
            await expect_last(self._gateway, session.id, condition.last)
        for message in messages if len(messages) > 1 else ():  # one alone is checked when it is sent
            await attachments.check(self._gateway, session.user, message.files)

    async def _store_in_order(self, held: Held, messages: list[Storable], stored: list[model.Message]) -> Stored:
        for message in messages:
            try:
                files = await attachments.fetched(self._gateway, held.session.user, message.files)
                stored.append(await self._store(held, message, files))
            except (Correctable, UpstreamFailure) as problem:
                if not stored:
                    raise
                return Stored(held.session, stored, _told(problem, len(stored)))
        return Stored(held.session, stored)

    async def _store_keyed(self, held: Held, keyed: Keyed, stored: list[model.Message]) -> Stored:
        stored += keyed.messages
        replayed = True
        while len(stored) < keyed.count:
            try:
                message = await keyed.earlier()
                if message is None:
                    message, replayed = await self._send(held, keyed), False
                stored.append(message)
            except (Correctable, UpstreamFailure) as problem:
                if not stored:
                    raise
                return Stored(held.session, stored, _told(problem, len(stored)))
        await keyed.end()
        return Stored(held.session, stored, replayed=replayed)

    async def _send(self, held: Held, keyed: Keyed) -> model.Message:
        """Store the next message under a key; where nobody knows what became of it, look whether it is there."""
        try:
            files = await attachments.fetched(self._gateway, held.session.user, keyed.next.files)
        except (Correctable, UpstreamFailure):
            await keyed.unsent()
            raise
        message = await keyed.sending()
        try:
            stored = await self._store(held, message, files)
        except Correctable:
            await keyed.unsent()
            raise
        except UpstreamFailure as failure:
            stored = await keyed.after(failure)
            self._places.keep_stored(stored, held.session.user)
        keyed.messages.append(stored)
        return stored

    async def _store(self, held: Held, message: Storable, files: Files) -> model.Message:
        session_id = held.session.id
        await held.confirm(transfer=bool(files))
        try:
            stored = await self._sent(session_id, message, files)
        except Refused as refusal:
            if not refusal.is_mistake:
                raise
            # Acontext says the same words for an unknown session and for a message that it will not have.
            if not await self._gateway.sessions.exists(session_id):
                raise NotFound("The conversation of this session is gone from Acontext.", _SESSION) from None
            raise Invalid("Acontext refused this message.", message.path) from None
        except (UpstreamFailure, asyncio.CancelledError):
            self._events.publish(MessagesStored(session_id))  # it may be there
            raise
        if message.system_meta:
            stored = stored._replace(meta=message.system_meta)
        self._places.keep_stored(stored, held.session.user)
        self._events.publish(MessagesStored(session_id))
        return stored

    async def _sent(self, session_id: UUID, message: Storable, files: Files) -> model.Message:
        calls = self._gateway.messages
        if files:
            return await calls.store_with_files(session_id, blob=message.blob, metadata=message.metadata, files=files)
        return await calls.store(session_id, format=message.format, blob=message.blob, metadata=message.metadata)


def _told(problem: Correctable | UpstreamFailure | DatabaseFailure, stored: int) -> Correctable:
    if isinstance(problem, Correctable):
        return problem
    return PartlyStored(
        f"Only the first {stored} of the messages are known to be stored: {problem.message}",
        ("input", "messages", str(stored)),
    )
