"""The end of a range of a conversation in one read of Acontext, from a place that is known to lie far enough before it.

Messages are never removed one by one, so what comes after a place before which as many are known as are wanted holds
all that are wanted, those of others included. Where too few are known, or what was known turns out not to be there,
the caller reads in the way that needs to know nothing.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from gql_api.loaders.view import View, Window, behind, bound, place
from gql_api.store.places import Wanted
from gql_api.upstream import cursor
from gql_api.upstream.messages import LARGEST_PAGE, Reading

if TYPE_CHECKING:
    from gql_api.loaders import Loaders

_SPARE = 20
"""How many unknown messages may have come since, for one read to be enough."""


async def newest(loaders: "Loaders", session_id: UUID, window: Window, last: int) -> View | None:
    """Read the newest of a range; None where that takes another way."""
    before = window.before
    anchor = await loaders.anchor.load(Wanted(session_id, last, bound(before)))
    if anchor is None:
        return None
    # Up to a bound, one more than is wanted shows that the bound is reached; it costs what it brings.
    size = min(last + (1 if before else _SPARE), LARGEST_PAGE)
    start = cursor.after(anchor.created_at, anchor.id)
    page = await loaders.messages.load((session_id, Reading(limit=size, after=start)))
    found = [message for message in page.messages if before is None or place(message) < before]
    if page.has_more and len(found) == len(page.messages):
        return None
    if len(found) < last:
        loaders.places.forget(session_id)
        return None
    if len(found) > last:
        loaders.places.keep(found)
    return View(behind(window.after, found[-last:]), has_previous=True, has_next=before is not None)
