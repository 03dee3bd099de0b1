"""The subscriptions: what happens to sessions as it happens; each event is answered as an operation of its own."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import Annotated, TypeVar

import strawberry

from gql_api.errors import NotFound
from gql_api.events import ListChange, ListChanged
from gql_api.loaders import Owned
from gql_api.request_scope import request_within
from gql_api.schema import node, place
from gql_api.schema.context import Info
from gql_api.schema.message import MessageEdge, stored_edges
from gql_api.schema.session import Session
from gql_api.schema.session_list import SessionEdge
from gql_api.services.following import Followed

T = TypeVar("T")

SessionId = Annotated[strawberry.ID, strawberry.argument(description=node.SESSION_ID)]
After = Annotated[
    str | None,
    strawberry.argument(
        description="A resumeCursor, of an event or of a page of messages: what was stored since comes first, none "
        "missing and none twice. The cursor of a message's edge is good too, as long as nobody else stores in Acontext "
        "itself at the same moment. Null: only what is stored from now on."
    ),
]
OfUser = Annotated[
    str | None,
    strawberry.argument(description="The identifier of the user whose list is followed; null: the viewer."),
]

WithActivity = Annotated[
    bool,
    strawberry.argument(
        description="Whether to tell also, as ACTIVE, that something was said in a session: soon after it was stored "
        "through this API, or once it is read here where others stored it. Of one session each server tells about once "
        "a second at most, however much is said in it."
    ),
]


@strawberry.type(description="A message that was stored.")
class MessageStoredEvent:
    """An event of messageStored."""

    message_edge: MessageEdge = strawberry.field(
        description="The message, as the list of messages shows it. The order of events is that of arrival here; the "
        "list has Acontext's order."
    )
    session: Session = strawberry.field(description="The session that it belongs to, as it is now.")
    followed: strawberry.Private[Followed]

    @strawberry.field(description="Where to go on from after this event: give it back as `after`.")
    def resume_cursor(self) -> str:
        return place.resume_cursor(self.followed.session.id, self.followed.seen.mark())

    @classmethod
    async def of(cls, info: Info, followed: Followed) -> "MessageStoredEvent":
        """Make the event."""
        session = Session(value=followed.session)
        [edge] = await stored_edges(info, [followed.message], session)
        return cls(message_edge=edge, session=session, followed=followed)


@strawberry.enum(description="What happened to a session.")
class SessionListEventKind(Enum):
    """Changes of a list."""

    CREATED = strawberry.enum_value("created", description="It was made, or taken over from Acontext.")
    UPDATED = strawberry.enum_value(
        "updated", description="Its title, configs or tags were changed, or whether it is archived or pinned."
    )
    DELETED = strawberry.enum_value("deleted", description="It is gone.")
    ACTIVE = strawberry.enum_value(
        "active",
        description="Something was said in it: its lastActivityAt is later. Told only where `activity` is asked for.",
    )


@strawberry.type(description="A change of a user's list of sessions.")
class SessionListEvent:
    """An event of sessionListChanged."""

    kind: SessionListEventKind = strawberry.field(description="What happened.")
    session_edge: SessionEdge | None = strawberry.field(
        default=None, description="The session as the list shows it now; null when it is gone."
    )
    deleted_session_id: strawberry.ID | None = strawberry.field(
        default=None, description="The global id of the session that is gone; null when it is not."
    )


@strawberry.type(description="All that can be followed.")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        description="Messages of one of the viewer's sessions as they are stored, by whomever. It ends when the "
        "session is deleted."
    )
    async def message_stored(
        self, info: Info, session_id: SessionId, after: After = None
    ) -> AsyncGenerator[MessageStoredEvent, None]:
        id = node.read_session(session_id, "sessionId")
        since = place.start(id, after)
        session = await info.context.loaders.session.load(Owned(info.context.viewer.user, id))
        if session is None:
            raise NotFound("There is no such session.", ("sessionId",))
        return _told(info, info.context.following.messages(session, since, by=info.context.viewer))

    @strawberry.subscription(
        description="Changes of a user's list of sessions from now on. There is no going on after a break: read the "
        "list anew."
    )
    async def session_list_changed(
        self, info: Info, user: OfUser = None, activity: WithActivity = False
    ) -> AsyncGenerator[SessionListEvent, None]:
        owner = info.context.reading_for(user, "user")
        following = info.context.following
        return _changes(info, owner, following.changes(owner, by=info.context.viewer, activity=activity))


async def _each(info: Info, events: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Give each event its own loaders, allowance and time."""
    async with aclosing(events):
        async for event in events:
            info.context.renew()
            with request_within(info.context.seconds):
                yield event


async def _told(info: Info, messages: AsyncGenerator[Followed, None]) -> AsyncGenerator[MessageStoredEvent, None]:
    async with aclosing(_each(info, messages)) as events:
        async for followed in events:
            yield await MessageStoredEvent.of(info, followed)


async def _changes(
    info: Info, owner: str, told: AsyncGenerator[ListChanged, None]
) -> AsyncGenerator[SessionListEvent, None]:
    async with aclosing(_each(info, told)) as changes:
        async for change in changes:
            event = await _event(info, owner, change)
            if event:
                yield event


async def _event(info: Info, owner: str, change: ListChanged) -> SessionListEvent | None:
    """Tell of a change; None for a session that is gone by now, of which the next event tells."""
    kind = SessionListEventKind(change.change.value)
    if change.change is ListChange.DELETED:
        return SessionListEvent(kind=kind, deleted_session_id=node.session_id(change.session_id))
    session = await info.context.loaders.session.load(Owned(owner, change.session_id))
    return SessionListEvent(kind=kind, session_edge=SessionEdge(node=Session(value=session))) if session else None
