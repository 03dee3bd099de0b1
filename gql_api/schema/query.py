"""The reads: every one is scoped to the viewer, for whom absent and foreign things look the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, cast

import strawberry

from gql_api.errors import BadUserInput
from gql_api.loaders import Owned
from gql_api.schema import node
from gql_api.schema.connection import After, Before, First, Last
from gql_api.schema.context import Info
from gql_api.schema.disk import Disk, File
from gql_api.schema.message import Message
from gql_api.schema.node import Node
from gql_api.schema.place import Page
from gql_api.schema.session import (
    Session,
    SessionConnection,
    SessionOrder,
    SessionOrderBy,
    SessionWhere,
    disk_of,
    session_connection,
)
from gql_api.schema.user import User

MOST_NODES = 100

GlobalId = Annotated[
    strawberry.ID, strawberry.argument(description="The global id of anything that this API gave out.")
]
GlobalIds = Annotated[list[strawberry.ID], strawberry.argument(description="Global ids, at most 100.")]
SessionId = Annotated[
    strawberry.ID, strawberry.argument(description="The session's global id, or the bare UUID that Acontext knows.")
]
DiskId = Annotated[
    strawberry.ID, strawberry.argument(description="The disk's global id, or the bare UUID that Acontext knows.")
]
Identifier = Annotated[str, strawberry.argument(description="The user's identifier: 1 to 255 characters.")]
OfUser = Annotated[
    str | None,
    strawberry.argument(description="The identifier of the user whose sessions are listed; null: the viewer."),
]


@strawberry.type(description="All reads.")
class Query:
    """The root of reads."""

    @strawberry.field(description="Anything by its global id; null when there is no such thing for the viewer.")
    async def node(self, info: Info, id: GlobalId) -> Node | None:
        return await find_node(info, id)

    @strawberry.field(
        description="Several things by their global ids, in the order of the ids; null for what the viewer has not."
    )
    async def nodes(self, info: Info, ids: GlobalIds) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"ids: at most {MOST_NODES}.")
        # GraphQL makes an exception in a list the error of that entry alone.
        found = await asyncio.gather(*(find_node(info, id) for id in ids), return_exceptions=True)
        return cast("list[Node | None]", found)

    @strawberry.field(description="The user that this request acts for.")
    def viewer(self, info: Info) -> User:
        return User.of(info.context.viewer.user)

    @strawberry.field(description="A user by identifier.")
    def user(self, info: Info, identifier: Identifier) -> User | None:
        return User.of(info.context.reading_for(identifier, "identifier"))

    @strawberry.field(description="One of the viewer's sessions; null when the viewer has no such session.")
    async def session(self, info: Info, id: SessionId) -> Session | None:
        return await find_session(info, str(node.read_session(id, "id")))

    @strawberry.field(description="The disk of one of the viewer's sessions; null when the viewer has no such disk.")
    async def disk(self, info: Info, id: DiskId) -> Disk | None:
        return await find_disk(info, str(node.read_disk(id, "id")))

    @strawberry.field(description="A user's sessions, newest first; neither first nor last: 20 of them.")
    async def sessions(
        self,
        info: Info,
        user: OfUser = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: SessionWhere = None,
        order_by: SessionOrderBy = SessionOrder.CREATED_AT_DESC,
    ) -> SessionConnection | None:
        owner = info.context.reading_for(user, "user")
        page = Page(first=first, last=last, after=after, before=before)
        return await session_connection(info, owner, page=page, where=filter, order=order_by)


async def find_node(info: Info, id: str) -> Node | None:
    """Find what a global id names, if it is the viewer's; raise `BadUserInput` for what is no global id."""
    try:
        kind, rest = node.decode(id)
        return await _FINDERS[kind](info, rest)
    except (ValueError, KeyError):
        raise BadUserInput("id: this is not a global id of this API.") from None


async def find_session(info: Info, rest: str) -> Session | None:
    """Find the viewer's session by its UUID."""
    found = await info.context.loaders.session.load(Owned(info.context.viewer.user, node.uuid(rest)))
    return Session.of(found) if found else None


async def find_disk(info: Info, rest: str) -> Disk | None:
    """Find the viewer's disk by its UUID."""
    found = await info.context.loaders.session_of_disk.load(Owned(info.context.viewer.user, node.uuid(rest)))
    return disk_of(Session.of(found)) if found else None


async def find_user(info: Info, rest: str) -> User | None:
    """Find the viewer."""
    return User.of(rest) if rest == info.context.viewer.user else None


async def find_file(info: Info, rest: str) -> File | None:
    """Find a file on one of the viewer's disks."""
    key = node.parse_file(rest)
    disk = await find_disk(info, str(key.disk_id))
    found = await info.context.loaders.file.load(key) if disk else None
    return File.of(found, disk) if found and disk else None


async def find_message(info: Info, rest: str) -> Message | None:
    """Find a message of one of the viewer's sessions, with one call of Acontext."""
    key = node.parse_message(rest)
    session = await find_session(info, str(key.session_id))
    found = await info.context.loaders.message.load(key) if session else None
    return Message.of(found, session) if found and session else None


_FINDERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    "Session": find_session,
    "Disk": find_disk,
    "User": find_user,
    "File": find_file,
    "Message": find_message,
}
