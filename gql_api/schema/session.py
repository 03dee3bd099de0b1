"""Sessions: one conversation and one disk each; the pages that list them are in `session_list`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.loaders import Owned
from gql_api.loaders.naming import newest_message, opening
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.connection import After, Before, First, Last
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
from gql_api.schema.event import EventsAfter, EventsFirst, SessionEventConnection, event_page
from gql_api.schema.export import Forms, names_of, shown
from gql_api.schema.limits import check_whole
from gql_api.schema.message import Message, MessageConnection, message_connection, messages_of
from gql_api.schema.part import ExpiresIn, SignedUrl, check_expiry
from gql_api.schema.place import Page, asked
from gql_api.schema.scalars import Json
from gql_api.services import rules
from gql_api.tokens import ENCODING

if TYPE_CHECKING:
    from gql_api.schema.user import User

_UNTITLED = "Untitled"
"""What a session is called of which nothing else is known."""

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
        "When it was last changed through this API: its title, configs or tags, or whether it is archived or pinned.",
        lambda self: self.value.updated_at,
    )
    archived_at: datetime | None = computed(
        "Since when it is archived; null when it is not.", lambda self: self.value.archived_at
    )
    pinned_at: datetime | None = computed(
        "Since when it is pinned; null when it is not.", lambda self: self.value.pinned_at
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

    @strawberry.field(
        description="A name to show: the title; else the start of the first line that the user wrote, at most 80 "
        "characters; else `Untitled`, also where Acontext cannot tell now. Acontext is asked only for what was not "
        "seen here before."
    )
    async def display_title(self, info: Info) -> str:
        title = self.value.title
        if title and not title.isspace():
            return title
        return await opening(info.context.loaders, self.acontext_id) or _UNTITLED

    @strawberry.field(
        description="The newest message of the conversation; null when there is none. One call of Acontext for each "
        "session, none where `messages` of the same session is read to its end beside it."
    )
    async def last_message(self, info: Info) -> Message | None:
        found = await newest_message(info.context.loaders, self.acontext_id)
        if found is None:
            return None
        info.context.allowance.take(1)
        return (await messages_of(info, [found], self))[0]

    @strawberry.field(
        description="When its newest message was stored, as far as it was seen here; createdAt where there is none, or "
        "none since then. It never goes back."
    )
    def last_activity_at(self, info: Info) -> datetime:
        return info.context.loaders.places.activity(self.value)

    @strawberry.field(
        description="The session that forkSession made it of; null when it was made otherwise, or that one is gone."
    )
    async def forked_from(self, info: Info) -> "Session | None":
        source = self.value.forked_from
        found = source and await info.context.loaders.session.load(Owned(self.value.user, source))
        return Session(value=found, beside=self.beside) if found else None

    @strawberry.field(description="Its tags, in alphabetical order.")
    async def tags(self, info: Info) -> list[str]:
        return await info.context.loaders.tags.load(self.acontext_id)

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

    @strawberry.field(description="What programs noted in the session beside its messages, oldest first.")
    async def events(
        self, info: Info, first: EventsFirst = None, after: EventsAfter = None
    ) -> SessionEventConnection | None:
        return await event_page(info, self, first=first, after=after)

    @strawberry.field(
        description="Where the session can be read as an archive, with its messages, media and files as they are when "
        "it is read: GET, without a token. Whoever has the URL has the session; it cannot be taken back, but by "
        "deleting the session."
    )
    def export_url(self, info: Info, expires_in: ExpiresIn = 3600, forms: Forms = None) -> SignedUrl | None:
        seconds = check_expiry(expires_in)
        return shown(info.context.exports.session_url(self.value, names_of(forms), seconds=seconds))

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
