"""Events of sessions and their connection: what programs noted beside the messages."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.loaders.session_events import page_of, total
from gql_api.schema import node, place
from gql_api.schema.computed import computed
from gql_api.schema.connection import DEFAULT_PAGE, PageInfo, check_size, page_info
from gql_api.schema.context import Info
from gql_api.schema.place import Cursors
from gql_api.schema.scalars import Json, time_as_written

if TYPE_CHECKING:
    from gql_api.schema.session import Session

EventsFirst = Annotated[int | None, strawberry.argument(description="How many events to give: 1 to 100. Null: 20.")]
EventsAfter = Annotated[str | None, strawberry.argument(description="Give only the events after this cursor.")]


@strawberry.type(
    description="What a program noted in a session beside its messages, by Acontext's SDK. It is never changed, and is "
    "no part of the conversation that a model gets."
)
class SessionEvent(node.Node):
    """An event."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.session_event_id(self.value))
    acontext_id: UUID = computed("Acontext's id of the event.", lambda self: self.value.id_text)
    session: Annotated["Session", strawberry.lazy("gql_api.schema.session")] = strawberry.field(
        description="The session that it belongs to."
    )
    type: str = computed("What kind of event it is, in its writer's words.", lambda self: self.value.type)
    data: Json | None = computed(
        "What its writer said of it: an object, with numbers as they were written; null for none.",
        lambda self: self.value.data,
    )
    created_at: datetime = computed(
        "When Acontext stored it.", lambda self: time_as_written(self.value.created_at, self.value.created_text)
    )
    value: strawberry.Private[model.SessionEvent]


@strawberry.type(description="An event and its place in the list.")
class SessionEventEdge:
    """Relay's edge."""

    cursor: str = computed("The place of this event: opaque, for after.", lambda self: self.cursors(self.node.value))
    node: SessionEvent = strawberry.field(description="The event.")
    cursors: strawberry.Private[Cursors]


def _page_info(connection: "SessionEventConnection") -> PageInfo:
    ends = [connection.cursors(event.value) for event in connection.nodes[:1] + connection.nodes[-1:]]
    return page_info(ends, has_previous=connection.is_further, has_next=connection.has_next)


@strawberry.type(description="A page of the events of a session, oldest first.")
class SessionEventConnection:
    """Relay's connection, forward only."""

    edges: list[SessionEventEdge] = computed(
        "The events of this page with their cursors.",
        lambda self: [SessionEventEdge(node=event, cursors=self.cursors) for event in self.nodes],
    )
    nodes: list[SessionEvent] = strawberry.field(description="The events of this page alone.")
    page_info: PageInfo = computed("Where this page lies among the events.", _page_info)
    session_id: strawberry.Private[UUID]
    cursors: strawberry.Private[Cursors]
    is_further: strawberry.Private[bool]
    has_next: strawberry.Private[bool]

    @strawberry.field(
        description="How many events the session has. Where they are not all on this page they are read for it, 200 by "
        "one call of Acontext."
    )
    async def total_count(self, info: Info) -> int | None:
        if not self.is_further and not self.has_next:
            return len(self.nodes)
        return await total(info.context.loaders, self.session_id)


async def event_page(info: Info, session: "Session", *, first: int | None, after: str | None) -> SessionEventConnection:
    """Read a page of a session's events."""
    check_size(first, None)
    session_id = session.acontext_id
    start = place.event_place(session_id, after, "after")
    size = DEFAULT_PAGE if first is None else first
    page = await page_of(info.context.loaders, session_id, limit=size, after=start)
    info.context.allowance.take(len(page.events))
    return SessionEventConnection(
        nodes=[SessionEvent(session=session, value=event) for event in page.events],
        session_id=session_id,
        cursors=place.event_cursors(session_id),
        is_further=start is not None,
        has_next=page.has_more,
    )
