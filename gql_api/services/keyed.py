"""Messages stored under a key of their caller's: each once and in order, whatever is lost on the way.

The key goes with each message into its metadata, and what was begun under it is in our database before the first is
sent. So a retry, by whichever server and after whatever crash, finds what an earlier try stored, also where that never
learnt it. What is not found may still be on its way for a while; only after that time it is sent again.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import gojson, model
from gql_api.errors import DatabaseFailure, NotFound, TooLarge, UpstreamFailure, UpstreamTimeout
from gql_api.services import attachments, rules
from gql_api.services.creation import KEY_PATH, used_with_other_input
from gql_api.services.drafts import Storable
from gql_api.store import idempotency
from gql_api.store.idempotency import KeyRow, Stored
from gql_api.upstream import cursor
from gql_api.upstream.failures import is_harmless
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import LARGEST_PAGE, Reading
from gql_api.upstream.walking import walk

_OVERLAP = timedelta(seconds=10)
"""How much earlier than the last message known before its time may say that a later one was stored."""


class Keys(NamedTuple):
    """What messages under keys are stored with; `settling` is how long one that was sent may still be on its way."""

    gateway: Gateway
    clock: Callable[[], datetime]
    settling: timedelta

    async def begin(self, session_id: UUID, key: str, messages: Sequence[Storable]) -> "Keyed":
        """Begin, or find what was begun; for who holds the session.

        Raises `IdempotencyMismatch` when other messages were begun under this key, `TooLarge` when a message's
        metadata have no room for it, and `NotFound` when what is known to be stored is gone from Acontext.
        """
        keyed = Keyed(self, session_id, key, messages)
        await keyed.begin()
        return keyed


class Keyed:
    """The messages of one call under a key. `messages` are those that are known to be stored, the first of the list."""

    def __init__(self, keys: Keys, session_id: UUID, key: str, messages: Sequence[Storable]) -> None:
        self._keys = keys
        self._session_id = session_id
        self._key = key
        self._marked = [marked(message, key, index) for index, message in enumerate(messages)]
        self._row: KeyRow
        self.messages: list[model.Message] = []
        self.is_new = True

    @property
    def count(self) -> int:
        """How many there are to be in the end."""
        return len(self._marked)

    @property
    def next(self) -> Storable:
        """The message after those that are known to be stored."""
        return self._marked[len(self.messages)]

    async def begin(self) -> None:
        """Write down what is begun, or read what an earlier call stored."""
        fingerprint = rules.fingerprint([await _told(one) for one in self._marked])
        attempt = secrets.token_hex(16)
        self._row = await idempotency.begin(
            self._session_id, self._key, fingerprint=fingerprint, attempt=attempt, now=self._keys.clock()
        )
        if self._row.fingerprint != fingerprint:
            raise used_with_other_input()
        self.is_new = self._row.attempt == attempt
        if self._row.stored:
            self.messages = await self._read(self._row.stored)

    async def earlier(self) -> model.Message | None:
        """Give the next message where an earlier call stored it and did not learn so; None: it is to be stored.

        Raises `UpstreamTimeout` while it may still be on its way.
        """
        sent_at = self._row.sent_at
        if self.is_new or sent_at is None or len(self.messages) > len(self._row.stored):
            return None
        if found := await self._look():
            self.messages.append(found)
            return found
        left = (sent_at + self._keys.settling - self._keys.clock()).total_seconds()
        if left > 0:
            raise UpstreamTimeout(
                "An earlier try under this idempotency key may still take effect; try again with the same key in "
                f"{left:.0f} seconds."
            )
        return None

    async def sending(self) -> Storable:
        """Write down that the next message is sent now, and give it as it is to be sent."""
        if not self.is_new or self.messages:
            await self._note(sent_at=self._keys.clock())
        return self.next

    async def after(self, failure: UpstreamFailure) -> model.Message:
        """Look once whether the message is there all the same; else raise what the caller is to be told."""
        if is_harmless(failure):
            await self.unsent()
            raise failure
        found = None
        with suppress(UpstreamFailure):
            found = await self._look()
        if found is None:
            raise UpstreamTimeout(
                "It is not known whether the message was stored; try again with the same idempotency key."
            ) from failure
        return found

    async def unsent(self) -> None:
        """Write down that the next message was certainly not stored; a key that stored nothing is free again.

        Where the database fails, a later call looks for it in vain.
        """
        with suppress(DatabaseFailure):
            if self.messages:
                await self._note(sent_at=None)
            else:
                await idempotency.forget(self._session_id, self._key)

    async def end(self) -> None:
        """Write down that all is stored. Where the database fails, a later call looks for the last one and finds it."""
        with suppress(DatabaseFailure):
            await self._note(sent_at=None)

    async def _note(self, *, sent_at: datetime | None) -> None:
        stored = [Stored(message.created_at, message.id) for message in self.messages]
        await idempotency.advance(self._session_id, self._key, stored=stored, sent_at=sent_at, now=self._keys.clock())

    async def _look(self) -> model.Message | None:
        """Look for the next message in what was stored since."""
        if self.messages:
            last = self.messages[-1]
            after: str | None = cursor.just_before(last.created_at, last.id)
        else:
            after = cursor.end_of(self._row.after - _OVERLAP) if self._row.after else None
        wanted = (self.next.metadata or {})[rules.RESERVED]
        async for messages in walk(self._page, after):
            for message in messages:
                if message.user_meta.get(rules.RESERVED) == wanted:
                    return message
        return None

    async def _read(self, known: Sequence[Stored]) -> list[model.Message]:
        """Read what is known to be stored."""
        found: dict[UUID, model.Message] = {}
        wanted = {one.id for one in known}
        size = min(len(known), LARGEST_PAGE)  # they follow each other, and what is behind them may be large
        async for messages in walk(self._page, cursor.just_before(*known[0]), size=size):
            found |= {message.id: message for message in messages if message.id in wanted}
            wanted -= found.keys()
            if not wanted:
                break
        if wanted:
            raise NotFound("What was stored under this idempotency key is gone from Acontext.", KEY_PATH)
        return [found[one.id] for one in known]

    async def _page(self, reading: Reading) -> model.MessagePage:
        return await self._keys.gateway.messages.read(self._session_id, reading)


def marked(message: Storable, key: str, index: int) -> Storable:
    """Put key and number into a message's metadata; raise `TooLarge` where they have no room for it."""
    metadata = {**(message.metadata or {}), rules.RESERVED: {"key": key, "index": index}}
    if len(gojson.dumps(metadata).encode()) > rules.LARGEST_JSON:
        raise TooLarge(
            f"Metadata and idempotency key have at most {rules.LARGEST_JSON} bytes of JSON together.",
            (*message.path[:-2], "metadata"),
        )
    return message._replace(metadata=metadata)


async def _told(message: Storable) -> list[Any]:
    """Say what a message is; without files in the words of old, which stand in the database."""
    told: list[Any] = [message.format, message.blob, message.metadata]
    return [*told, await attachments.fingerprints(message.files)] if message.files else told
