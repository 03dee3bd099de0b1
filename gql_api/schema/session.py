"""Sessions: one conversation and one disk each; their type, and the pages that list them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.loaders.keys import SessionsKey
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.connection import (
    DEFAULT_PAGE,
    After,
    Before,
    First,
    Last,
    PageInfo,
    bad_cursor,
    check_size,
    page_info,
    read_cursor,
    write_cursor,
)
from gql_api.schema.context import Info
from gql_api.schema.disk import (
    DirectoryPath,
    Disk,
    File,
    FileConnection,
    FilePath,
    FilesAfter,
    FilesFirst,
    Glob,
    file_at,
    file_connection,
)
from gql_api.schema.editing import EditStrategyInput
from gql_api.schema.limits import check_whole
from gql_api.schema.message import MessageConnection, message_connection
from gql_api.schema.place import Page, asked
from gql_api.schema.scalars import Json
from gql_api.services import rules
from gql_api.tokens import ENCODING

if TYPE_CHECKING:
    from gql_api.schema.user import User

_CURSOR = "session"

EditStrategies = Annotated[
    list[EditStrategyInput] | None,
    strawberry.argument(
        description="Edit the whole conversation by these before it is paged; a single object may stand for a list of "
        "one. Null or empty: as it is stored."
    ),
]
Pin = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Edit only up to this message, itself included, and append later ones untouched: the "
        "editAtMessageId of an earlier read. Goes with editStrategy only."
    ),
]


@strawberry.type(description="How many tokens a conversation has.")
class TokenCounts:
    """Acontext's count."""

    total: int = strawberry.field(description="Tokens of all messages as they are stored, unedited.")
    encoding: str = strawberry.field(description="The encoding that counts them.")


@strawberry.type(
    description="A session: one conversation in Acontext and one disk of files, bound to each other alone."
)
class Session(node.Node):
    """A session."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.session_id(self.value.id))
    acontext_id: UUID = computed("Acontext's id of the session.", lambda self: self.value.id)
    title: str | None = computed("What the user calls it; null when it has no title.", lambda self: self.value.title)
    created_at: datetime = computed("When it was made, or first known here.", lambda self: self.value.created_at)
    updated_at: datetime = computed(
        "When its title or configs were last changed through this API.", lambda self: self.value.updated_at
    )
    value: strawberry.Private[model.Session]
    beside: strawberry.Private[int] = 1
    """How many sessions the list has that it was read with."""
    user: Annotated["User", strawberry.lazy("gql_api.schema.user")] = computed(
        "Whose it is.", lambda self: _user(self.value)
    )
    disk: Disk = computed(
        "Its own disk, never another session's. Known here: Acontext is not asked.",
        lambda self: disk_of(self),  # noqa: PLW0108 - it stands further down
    )

    @strawberry.field(description="Acontext's configs of the session, an object; null when there are none.")
    async def configs(self, info: Info) -> Json | None:
        configs = await info.context.loaders.configs.load(self.acontext_id)
        shown = rules.without_ours(configs or {})
        return Json(shown) if shown else None

    @strawberry.field(
        description="The conversation, oldest first. Neither first nor last: all of it. `last: 20` are the newest 20."
    )
    async def messages(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        edit_strategy: EditStrategies = None,
        pin_at_message_id: Pin = None,
    ) -> MessageConnection | None:
        if first is None and last is None:
            check_whole(self.beside)
        page = Page(first=first, last=last, after=after, before=before)
        wanted = asked(self.acontext_id, page, strategies=edit_strategy, pin=pin_at_message_id)
        return await message_connection(info, self, wanted)

    @strawberry.field(description="The files and directories of a directory, or the files that match a glob.")
    async def files(
        self,
        info: Info,
        path: DirectoryPath = "/",
        glob: Glob = None,
        first: FilesFirst = None,
        after: FilesAfter = None,
    ) -> FileConnection | None:
        return await file_connection(info, disk_of(self), path=path, glob=glob, first=first, after=after)

    @strawberry.field(description="One file by its path; null when there is none.")
    async def file(self, info: Info, path: FilePath) -> File | None:
        return await file_at(info, disk_of(self), path)

    @strawberry.field(description="How many tokens the whole conversation has, counted by Acontext.")
    async def token_counts(self, info: Info) -> TokenCounts | None:
        total = await info.context.loaders.token_total.load(self.acontext_id)
        return TokenCounts(total=total, encoding=ENCODING)


def _user(value: model.Session) -> "User":
    from gql_api.schema.user import User  # noqa: PLC0415 - the way back from a session to its user

    return User.of(value.user)


def disk_of(session: Session) -> Disk:
    """Make the disk of a session."""
    value = session.value
    return Disk(
        acontext_id=value.disk_id,
        session=session,
        created_at=value.disk_created_at,
    )


@strawberry.enum(description="How sessions are ordered.")
class SessionOrder(Enum):
    """Orders with a stable place for every session."""

    CREATED_AT_DESC = strawberry.enum_value("CREATED_AT_DESC", description="Newest first.")
    CREATED_AT_ASC = strawberry.enum_value("CREATED_AT_ASC", description="Oldest first.")


@strawberry.input(description="Which sessions to list; all conditions given must hold.")
class SessionFilter:
    """Conditions on sessions."""

    title_contains: str | None = strawberry.field(
        default=None, description="The title contains this text, in upper or lower case."
    )
    created_after: datetime | None = strawberry.field(default=None, description="Made later than this.")
    created_before: datetime | None = strawberry.field(default=None, description="Made earlier than this.")


SessionOrderBy = Annotated[
    SessionOrder | None, strawberry.argument(description="The order of the list; null: newest first.")
]
SessionWhere = Annotated[SessionFilter | None, strawberry.argument(description="Which sessions; null: all.")]


@strawberry.type(description="A session and its place in the list.")
class SessionEdge:
    """Relay's edge."""

    cursor: str = computed(
        "The place of this session: opaque, for after and before.", lambda self: _cursor(self.node.value)
    )
    node: Session = strawberry.field(description="The session.")


@dataclass(frozen=True, slots=True)
class Listed:
    """Whose sessions, and which."""

    owner: str
    where: model.SessionFilter


@strawberry.type(description="A page of a user's sessions.")
class SessionConnection:
    """Relay's connection."""

    edges: list[SessionEdge] = computed(
        "The sessions with their cursors.", lambda self: [SessionEdge(node=session) for session in self.nodes]
    )
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
    listed = Listed(owner, _filter(where))
    key = SessionsKey(
        owner=owner,
        where=listed.where,
        newest_first=order is not SessionOrder.CREATED_AT_ASC,
        after=_position(page.after, "after"),
        before=_position(page.before, "before"),
        limit=page.last or page.first or DEFAULT_PAGE,
        from_end=page.last is not None,
    )
    sessions, more = await info.context.loaders.sessions.load(key)
    info.context.allowance.take(len(sessions))
    from_end = page.last is not None
    return SessionConnection(
        nodes=[Session(value=session, beside=len(sessions)) for session in sessions],
        page_info=page_info(
            [_cursor(session) for session in sessions[:1] + sessions[-1:]],
            has_previous=page.after is not None or (more and from_end),
            has_next=page.before is not None or (more and not from_end),
        ),
        listed=listed,
    )


def _cursor(value: model.Session) -> str:
    return write_cursor(_CURSOR, node.microseconds(value.created_at), value.id)


def _filter(where: SessionFilter | None) -> model.SessionFilter:
    if where is None:
        return model.SessionFilter()
    return model.SessionFilter(
        title_contains=where.title_contains,
        created_after=where.created_after,
        created_before=where.created_before,
    )


def _position(cursor: str | None, name: str) -> model.SessionPosition | None:
    if cursor is None:
        return None
    time, id = read_cursor(cursor, name, _CURSOR, 2)
    try:
        return model.SessionPosition(node.moment(int(time)), node.uuid(id))
    except ValueError:
        raise bad_cursor(name) from None
