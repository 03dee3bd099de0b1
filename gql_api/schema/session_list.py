"""The pages that list a user's sessions: which, in which order, and where each has its place."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from gql_api import model
from gql_api.loaders.keys import SessionsKey
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.connection import (
    DEFAULT_PAGE,
    PageInfo,
    bad_cursor,
    check_size,
    page_info,
    read_cursor,
    write_cursor,
)
from gql_api.schema.context import Info
from gql_api.schema.place import Page
from gql_api.schema.session import Session
from gql_api.services import rules

_CURSOR, _ACTIVITY_CURSOR = "session", "session-activity"


@strawberry.enum(description="How sessions are ordered.")
class SessionOrder(Enum):
    """Orders with a stable place for every session."""

    CREATED_AT_DESC = strawberry.enum_value("CREATED_AT_DESC", description="Newest first.")
    CREATED_AT_ASC = strawberry.enum_value("CREATED_AT_ASC", description="Oldest first.")
    LAST_ACTIVITY_DESC = strawberry.enum_value(
        "LAST_ACTIVITY_DESC",
        description="Those first in which something was said last, as lastActivityAt tells. A session that moves while "
        "a client walks the pages may be met twice, or not: what moves to the front is found there.",
    )


@strawberry.input(description="Which sessions to list; all conditions given must hold.")
class SessionFilter:
    """Conditions on sessions."""

    title_contains: str | None = strawberry.field(
        default=None, description="The title contains this text, in upper or lower case."
    )
    created_after: datetime | None = strawberry.field(default=None, description="Made later than this.")
    created_before: datetime | None = strawberry.field(default=None, description="Made earlier than this.")
    archived: bool | None = strawberry.field(
        default=None, description="Those that are archived, or those that are not; null: both."
    )
    pinned: bool | None = strawberry.field(
        default=None, description="Those that are pinned, or those that are not; null: both."
    )
    tags: list[str] | None = strawberry.field(
        default=None, description="Those that have all of these tags, in upper or lower case; null or empty: all."
    )


SessionOrderBy = Annotated[
    SessionOrder | None, strawberry.argument(description="The order of the list; null: newest first.")
]
SessionWhere = Annotated[SessionFilter | None, strawberry.argument(description="Which sessions; null: all.")]


@strawberry.type(description="A session and its place in the list.")
class SessionEdge:
    """Relay's edge."""

    cursor: str = computed(
        "The place of this session: opaque, for after and before.",
        lambda self: _cursor(self.node.value, by_activity=self.by_activity),
    )
    node: Session = strawberry.field(description="The session.")
    by_activity: strawberry.Private[bool] = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Whose sessions, and which."""

    owner: str
    where: model.SessionFilter
    by_activity: bool


@strawberry.type(description="A page of a user's sessions.")
class SessionConnection:
    """Relay's connection."""

    edges: list[SessionEdge] = computed("The sessions with their cursors.", lambda self: _edges(self))  # noqa: PLW0108 - it stands further down
    nodes: list[Session] = strawberry.field(description="The sessions alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    listed: strawberry.Private[Listed]

    @strawberry.field(description="How many sessions the filter leaves; counted only when selected.")
    async def total_count(self, info: Info) -> int | None:
        return await info.context.loaders.session_count.load((self.listed.owner, self.listed.where))


async def session_connection(
    info: Info, owner: str, *, page: Page, where: SessionFilter | None, order: SessionOrder | None
) -> SessionConnection:
    """Read a page of a user's sessions from the mappings."""
    check_size(page.first, page.last)
    by_activity = order is SessionOrder.LAST_ACTIVITY_DESC
    listed = Listed(owner, _filter(where), by_activity)
    key = SessionsKey(
        owner=owner,
        where=listed.where,
        newest_first=order is not SessionOrder.CREATED_AT_ASC,
        by_activity=by_activity,
        after=_position(page.after, "after", by_activity=by_activity),
        before=_position(page.before, "before", by_activity=by_activity),
        limit=page.last or page.first or DEFAULT_PAGE,
        from_end=page.last is not None,
    )
    sessions, more = await info.context.loaders.sessions.load(key)
    info.context.allowance.take(len(sessions))
    from_end = page.last is not None
    return SessionConnection(
        nodes=[Session(value=session, beside=len(sessions)) for session in sessions],
        page_info=page_info(
            [_cursor(session, by_activity=by_activity) for session in sessions[:1] + sessions[-1:]],
            has_previous=page.after is not None or (more and from_end),
            has_next=page.before is not None or (more and not from_end),
        ),
        listed=listed,
    )


def _edges(page: SessionConnection) -> list[SessionEdge]:
    by_activity = page.listed.by_activity
    return [SessionEdge(node=session, by_activity=by_activity) for session in page.nodes]


def _cursor(value: model.Session, *, by_activity: bool) -> str:
    if by_activity:
        return write_cursor(_ACTIVITY_CURSOR, node.microseconds(value.active_at), value.id)
    return write_cursor(_CURSOR, node.microseconds(value.created_at), value.id)


def _filter(where: SessionFilter | None) -> model.SessionFilter:
    if where is None:
        return model.SessionFilter()
    return model.SessionFilter(
        title_contains=where.title_contains,
        created_after=where.created_after,
        created_before=where.created_before,
        archived=where.archived,
        pinned=where.pinned,
        tags=tuple(map(rules.tag_text, where.tags or ())),
    )


def _position(cursor: str | None, name: str, *, by_activity: bool) -> model.SessionPosition | None:
    if cursor is None:
        return None
    time, id = read_cursor(cursor, name, _ACTIVITY_CURSOR if by_activity else _CURSOR, 2)
    try:
        return model.SessionPosition(node.moment(int(time)), node.uuid(id))
    except ValueError:
        raise bad_cursor(name) from None
