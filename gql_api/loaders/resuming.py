"""Windows on a conversation that also tell where a subscription goes on from: what the reader has seen by then.

What was seen is told by one read and by nothing that was read after it: a message that came in between would else be
taken for known. So where the window itself does not reach back far enough, more is read at once, or before.
"""

from contextlib import suppress
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.loaders.conversation import Edits, read, read_edited, reads
from gql_api.loaders.view import Place, View, Window, behind, bound, place, shared
from gql_api.mark import Mark, Settling, short
from gql_api.upstream import cursor
from gql_api.upstream.messages import Reading
from gql_api.upstream.walking import tail, walk

if TYPE_CHECKING:
    from gql_api.loaders import Loaders

_ENOUGH = 20
"""How many of the newest messages nearly always reach back further than one may appear late."""


async def read_and_mark(loaders: "Loaders", session_id: UUID, window: Window, settling: Settling) -> tuple[View, Mark]:
    """Read a window of the conversation as it is stored; the mark is where the window ends."""
    began = settling.clock()
    if window.last is not None:
        reading = _read_last(loaders, session_id, window, settling)
        return await (reading if window.is_bounded else shared(loaders.tails, session_id, reading, itemgetter(0)))
    earlier, latest = await _up_to(loaders, session_id, window.after, settling) if window.after else ([], None)
    view = await read(loaders, session_id, window)
    if view.messages:
        # The page may be older than what was read before it, where another field of this operation asked for it.
        end = view.messages[-1].created_at
        latest = min(latest, end) if latest else end
    messages = [*earlier, *view.messages]
    if window.after and not messages:
        return view, Mark(window.after.created_at)
    return view, settling.mark(messages, latest, began=began)


async def _read_last(loaders: "Loaders", session_id: UUID, window: Window, settling: Settling) -> tuple[View, Mark]:
    began, last, before = settling.clock(), window.last or 0, bound(window.before)
    found = await tail(reads(loaders, session_id), last, reach=settling.overlap, before=before)
    inside = behind(window.after, found.messages)
    shown = inside[-last:]
    has_previous = found.has_previous or len(shown) < len(found.messages)
    return View(shown, has_previous, window.before is not None), settling.mark(
        found.messages, found.latest, began=began
    )


async def read_edited_and_mark(
    loaders: "Loaders", session_id: UUID, window: Window, *, edits: Edits, settling: Settling
) -> tuple[View, Mark]:
    """Read a window of the edited conversation; the mark is the end of the conversation itself.

    Edits may take out messages, which are not news all the same: what there was is read before.
    """
    began = settling.clock()
    found = await tail(reads(loaders, session_id), _ENOUGH, reach=settling.overlap)
    known = settling.mark(found.messages, found.latest, began=began)
    # What this operation read for another field may be older than what is known now.
    with suppress(KeyError):
        loaders.messages.clear((session_id, Reading(strategies=edits.strategies, pin=edits.pin)))
    view = await read_edited(loaders, session_id, window, edits)
    shown = {short(message) for message in view.messages if message.created_at > known.settled}
    return view, Mark(known.settled, known.known | shown)


async def _up_to(
    loaders: "Loaders", session_id: UUID, end: Place, settling: Settling
) -> tuple[list[model.Message], datetime | None]:
    """Read what lies before a place, itself included, as far back as messages may still appear."""
    found: list[model.Message] = []
    latest: datetime | None = None
    async for messages in walk(reads(loaders, session_id), cursor.end_of(end.created_at - settling.overlap)):
        # The place itself was seen before, by whom its cursor was given to.
        latest = latest or max(messages[-1].created_at, end.created_at)
        found += [message for message in messages if place(message) <= end]
        if place(messages[-1]) > end:
            break
    return found, latest
