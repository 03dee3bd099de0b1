"""The reads: every one is scoped to the viewer, for whom absent and foreign things look the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from gql_api.errors import BadUserInput
from gql_api.loaders import FileKey, MessageKey, Owned, SessionEventKey
from gql_api.schema import node
from gql_api.schema.connection import After, Before, First, Last
from gql_api.schema.context import Info
from gql_api.schema.disk import Disk, File
from gql_api.schema.erasure import Erasure, find_erasure
from gql_api.schema.event import SessionEvent
from gql_api.schema.message import Message, messages_of
from gql_api.schema.node import Node
from gql_api.schema.place import Page
from gql_api.schema.search import MessageHitConnection, SearchFirst, SearchText, search
from gql_api.schema.session import Session, disk_of
from gql_api.schema.session_list import (
    SessionConnection,
    SessionOrder,
    SessionOrderBy,
    SessionWhere,
    session_connection,
)
from gql_api.schema.user import User

MOST_NODES = 100

GlobalId = Annotated[
    strawberry.ID, strawberry.argument(description="The global id of anything that this API gave out.")
]
GlobalIds = Annotated[list[strawberry.ID], strawberry.argument(description="Global ids, at most 100.")]
SessionId = Annotated[strawberry.ID, strawberry.argument(description=node.SESSION_ID)]
DiskId = Annotated[
    strawberry.ID, strawberry.argument(description="The disk's global id, or the bare UUID that Acontext knows.")
]
Identifier = Annotated[str, strawberry.argument(description="The user's identifier: 1 to 255 characters.")]
OfUser = Annotated[
    str | None,
    strawberry.argument(description="The identifier of the user whose sessions are listed; null: the viewer."),
]
ErasureId = Annotated[strawberry.ID, strawberry.argument(description="The erasure's global id.")]
OfErased = Annotated[
    str | None,
    strawberry.argument(description="The identifier of the user who is or was deleted; null: the viewer."),
]

SearchedUser = Annotated[
    str | None,
    strawberry.argument(description="The identifier of the user whose messages are searched; null: the viewer."),
]

_READS = (
    "All reads. Where nothing is said of null: in a field it stands for what could not be given, and errors say why; "
    "in an argument or an input it is the same as nothing given."
)


@strawberry.type(description=_READS)
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
        return await find_session(info, node.read_session(id, "id"))

    @strawberry.field(description="The disk of one of the viewer's sessions; null when the viewer has no such disk.")
    async def disk(self, info: Info, id: DiskId) -> Disk | None:
        return await find_disk(info, node.read_disk(id, "id"))

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

    @strawberry.field(description="The deletion of a user by deleteUser; null where it is none of this user.")
    async def erasure(self, info: Info, id: ErasureId, user: OfErased = None) -> Erasure | None:
        owner = info.context.reading_for(user, "user")
        return await find_erasure(info, node.read_erasure(id, "id"), owner)

    @strawberry.field(
        description="What users and models said in a user's conversations, found by words, newest first; archived "
        "sessions too. Searched are the texts of messages as `text` has them, of each its first 20 000 characters; not "
        "instructions (SYSTEM, DEVELOPER), tool calls and their results, or files. What is stored through this API is "
        "found at once, or within a second through another server; what others store in Acontext when it is read here, "
        "or else within a day or so. Nothing is found of a deleted session. SEARCH_OFF where no texts are kept."
    )
    async def search_messages(
        self,
        info: Info,
        query: SearchText,
        user: SearchedUser = None,
        first: SearchFirst = None,
        after: After = None,
    ) -> MessageHitConnection | None:
        owner = info.context.reading_for(user, "user")
        return await search(info, owner, query, first=first, after=after)


async def find_node(info: Info, id: str) -> Node | None:
    """Find what a global id names, if it is the viewer's; raise `BadUserInput` for what is no global id."""
    try:
        kind, rest = node.decode(id)
        parse, find = _KINDS[kind]
        key = parse(rest)
    except (ValueError, KeyError):
        raise BadUserInput("id: this is not a global id of this API.") from None
    return await find(info, key)


async def find_session(info: Info, id: UUID) -> Session | None:
    """Find the viewer's session."""
    found = await info.context.loaders.session.load(Owned(info.context.viewer.user, id))
    return Session(value=found) if found else None


async def find_disk(info: Info, id: UUID) -> Disk | None:
    """Find the disk of one of the viewer's sessions."""
    found = await info.context.loaders.session_of_disk.load(Owned(info.context.viewer.user, id))
    return disk_of(Session(value=found)) if found else None


async def find_user(info: Info, identifier: str) -> User | None:
    """Find the viewer."""
    return User.of(identifier) if identifier == info.context.viewer.user else None


async def find_file(info: Info, key: FileKey) -> File | None:
    """Find a file on one of the viewer's disks."""
    disk = await find_disk(info, key.disk_id)
    found = await info.context.loaders.file.load(key) if disk else None
    return File(disk=disk, value=found) if found and disk else None


async def find_message(info: Info, key: MessageKey) -> Message | None:
    """Find a message of one of the viewer's sessions, with one call of Acontext."""
    session = await find_session(info, key.session_id)
    found = await info.context.loaders.message.load(key) if session else None
    if found is None or session is None:
        return None
    [message] = await messages_of(info, [found], session)
    return message


async def find_session_event(info: Info, key: SessionEventKey) -> SessionEvent | None:
    """Find an event of one of the viewer's sessions, with one call of Acontext."""
    session = await find_session(info, key.session_id)
    found = await info.context.loaders.session_event.load(key) if session else None
    return SessionEvent(session=session, value=found) if found and session else None


Kind = tuple[Callable[[str], Any], Callable[[Info, Any], Awaitable[Node | None]]]

_KINDS: dict[str, Kind] = {
    "Session": (node.uuid, find_session),
    "Disk": (node.uuid, find_disk),
    "User": (str, find_user),
    "Erasure": (node.uuid, find_erasure),
    "File": (node.parse_file, find_file),
    "Message": (node.parse_message, find_message),
    "SessionEvent": (node.parse_session_event, find_session_event),
}
"""How the rest of a global id is read, and how what it names is found."""
