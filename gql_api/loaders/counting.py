"""How many messages a conversation has, asked of Acontext from where it was counted before."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.mark import Settling
from gql_api.store.places import Counted
from gql_api.upstream import cursor
from gql_api.upstream.messages import LARGEST_PAGE, Reading

if TYPE_CHECKING:
    from gql_api.loaders import Loaders


async def total(loaders: "Loaders", session_id: UUID, settling: Settling) -> int:
    """Count all messages: those up to a time by which all were there are known, the others are read."""
    began = settling.clock()
    known = await loaders.counted.load(session_id)
    if known:
        reading = Reading(limit=LARGEST_PAGE, after=cursor.end_of(known.until))
        page = await loaders.messages.load((session_id, reading))
    if known is None or page.has_more:
        known, page = None, await loaders.messages.load((session_id, Reading()))
    count = known.count if known else 0
    counted = _settled(page.messages, count, settling, began=began)
    if counted and (known is None or counted.count > known.count):
        loaders.places.keep_count(session_id, counted)
    return count + len(page.messages)


def _settled(messages: Sequence[model.Message], count: int, settling: Settling, *, began: datetime) -> Counted | None:
    if not messages:
        return None
    until = settling.ceiling(messages[-1].created_at, began=began)
    return Counted(until, count + sum(message.created_at <= until for message in messages))
