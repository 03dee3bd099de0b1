"""Events of sessions: pages of them, single ones, and how many there are."""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from strawberry.dataloader import DataLoader

from gql_api import model
from gql_api.loaders.keys import SessionEventKey
from gql_api.upstream import cursor
from gql_api.upstream.session_events import MOST_EVENTS

if TYPE_CHECKING:
    from gql_api.loaders import Loaders


class EventsKey(NamedTuple):
    """The key of a page of events: how many, from an Acontext cursor on."""

    session_id: UUID
    limit: int
    after: str | None


Pages = DataLoader[EventsKey, model.SessionEventPage]


async def page_of(
    loaders: "Loaders", session_id: UUID, *, limit: int, after: SessionEventKey | None
) -> model.SessionEventPage:
    """Read a page of a session's events, oldest first; `after` need not be there any more."""
    place = cursor.after(after.created_at, after.id) if after else None
    return await loaders.session_events.load(EventsKey(session_id, limit, place))


async def one_of(pages: Pages, key: SessionEventKey) -> model.SessionEvent | None:
    """Find an event by one call."""
    place = cursor.just_before(key.created_at, key.id)
    page = await pages.load(EventsKey(key.session_id, 1, place))
    named = (key.id, key.created_at)
    return next((event for event in page.events if (event.id, event.created_at) == named), None)


async def total(loaders: "Loaders", session_id: UUID) -> int:
    """Count all events of a session, by reading them."""
    count, place = 0, None
    while True:
        page = await loaders.session_events.load(EventsKey(session_id, MOST_EVENTS, place))
        count += len(page.events)
        if not page.has_more or not page.events:
            return count
        place = cursor.after(page.events[-1].created_at, page.events[-1].id)
