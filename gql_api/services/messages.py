"""Storing messages: owner first, everything checked before anything is stored, one after the other, never twice."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
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
from gql_api.services.drafts import Draft, Storable, storable
from gql_api.services.locks import Held, SessionLocks
from gql_api.services.ownership import own_session
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

MOST_MESSAGES = 100
_SESSION = ("input", "sessionId")


class Stored(NamedTuple):
    """What came of a list: the messages that were stored, in order, and what stopped the rest, if anything did."""

    session: model.Session
    messages: list[model.Message]
    problem: Correctable | None = None


class Messages:
    """The writes to conversations."""

    def __init__(self, gateway: Gateway, locks: SessionLocks, events: Broker, places: PlaceKeeper) -> None:
        self._gateway = gateway
        self._events = events
        self._locks = locks
        self._places = places

    async def store(self, owner: str, session_id: UUID, draft: Draft) -> Stored:
        """Store one message.

        Raises `NotFound`, `Invalid` naming the field, `Busy`, or an `UpstreamFailure`; after `UpstreamTimeout` the
        message may have been stored all the same.
        """
        [message] = await self._checked(owner, session_id, [draft])
        async with self._locks.holding(owner, session_id, _SESSION) as held:
            return Stored(held.session, [await self._store(held, message)])

    async def store_all(self, owner: str, session_id: UUID, drafts: Sequence[Draft]) -> Stored:
        """Store messages in their order: all of them, or a prefix that is told together with the problem.

        A draft that is wrong stops the list before anything is stored.
        """
        messages = await self._checked(owner, session_id, drafts)
        stored: list[model.Message] = []
        try:
            async with self._locks.holding(owner, session_id, _SESSION) as held:
                return await self._store_in_order(held, messages, stored)
        except (UpstreamTimeout, DatabaseFailure) as problem:
            # The lease ended on the way: what was stored by then is told all the same.
            if not stored:
                raise
            return Stored(held.session, stored, _told(problem, len(stored)))

    async def _checked(self, owner: str, session_id: UUID, drafts: Sequence[Draft]) -> list[Storable]:
        """Check drafts; that there is no such session is told first, and else seen by who holds it."""
        try:
            if not 1 <= len(drafts) <= MOST_MESSAGES:
                raise Invalid(f"A list has 1 to {MOST_MESSAGES} messages.", ("input", "messages"))
            return [storable(draft) for draft in drafts]
        except Correctable:
            await own_session(owner, session_id, _SESSION)
            raise

    async def _store_in_order(self, held: Held, messages: list[Storable], stored: list[model.Message]) -> Stored:
        for message in messages:
            try:
                stored.append(await self._store(held, message))
            except (Correctable, UpstreamFailure) as problem:
                if not stored:
                    raise
                return Stored(held.session, stored, _told(problem, len(stored)))
        return Stored(held.session, stored)

    async def _store(self, held: Held, message: Storable) -> model.Message:
        session_id = held.session.id
        await held.confirm()
        try:
            stored = await self._gateway.messages.store(
                session_id, format=message.format, blob=message.blob, metadata=message.metadata
            )
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
        self._places.keep([stored])
        self._events.publish(MessagesStored(session_id))
        return stored._replace(meta=message.system_meta) if message.system_meta else stored


def _told(problem: Correctable | UpstreamFailure | DatabaseFailure, stored: int) -> Correctable:
    if isinstance(problem, Correctable):
        return problem
    return PartlyStored(
        f"Only the first {stored} of the messages are known to be stored: {problem.message}",
        ("input", "messages", str(stored)),
    )
