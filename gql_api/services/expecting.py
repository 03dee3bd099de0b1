"""What a writer believes of a conversation, held against what it is, by who holds the session."""

from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from gql_api.errors import Conflict
from gql_api.store import places
from gql_api.store.places import Wanted
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import Reading
from gql_api.upstream.walking import walk

_LAST = ("input", "expectedLastMessageId")
_EMPTY = ("input", "expectEmpty")


class Last(NamedTuple):
    """A message that is to be the last; `created_at` is None where only Acontext's id was given."""

    id: UUID
    created_at: datetime | None = None


async def expect_empty(gateway: Gateway, session_id: UUID) -> None:
    """Raise `Conflict` when there is any message."""
    if (await gateway.messages.read(session_id, Reading(limit=1))).messages:
        raise Conflict("The conversation is not empty.", _EMPTY)


async def expect_last(gateway: Gateway, session_id: UUID, last: Last) -> None:
    """Raise `Conflict` when this is not the last message, or is none of this session."""
    if last.created_at:
        start = cursor.just_before(last.created_at, last.id)
        page = await gateway.messages.read(session_id, Reading(limit=2, after=start))
        found = [message.id for message in page.messages]
    else:
        found = await _end(gateway, session_id)
    if found[-1:] != [last.id]:
        raise Conflict("Another message is the last one of the conversation.", _LAST)


async def _end(gateway: Gateway, session_id: UUID) -> list[UUID]:
    """Give the end of the conversation: from the newest message that is known, else from the beginning."""
    [known] = await places.anchors([Wanted(session_id, 0)])
    after = cursor.just_before(known.created_at, known.id) if known else None
    found: list[UUID] = []
    async for messages in walk(partial(gateway.messages.read, session_id), after):
        found = [message.id for message in messages]
    return found
