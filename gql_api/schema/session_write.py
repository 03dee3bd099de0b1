"""Inputs and payloads of the mutations that make, change and delete sessions."""

from uuid import UUID

import strawberry

from gql_api.errors import Correctable
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.scalars import Json
from gql_api.schema.session import Session
from gql_api.schema.session_list import SessionEdge
from gql_api.schema.user_error import ERRORS, UserError
from gql_api.services.creation import NewSession
from gql_api.services.sessions import Changes

USER = "Whose session it is to be; null: the viewer's. 1 to 255 characters, no control characters or outer blanks."
_TITLE = "What the user calls it: at most 1000 characters, no control characters; null for none."
_KEY = (
    "1 to 255 characters that stand for this write among those of its user, kept as long as the session and at least "
    "24 hours: sent again with the same input it gives the same session, whatever became of the answer; with other "
    "input it is IDEMPOTENCY_MISMATCH. Null: every call "
)
_CONFIGS = "Acontext's configs of the session: an object of at most 64 KiB; null for none."


@strawberry.input(description="What a new session is made of.")
class CreateSessionInput:
    """Input of createSession."""

    user: str | None = strawberry.field(default=None, description=USER)
    title: str | None = strawberry.field(default=None, description=_TITLE)
    configs: Json | None = strawberry.field(default=None, description=_CONFIGS)
    acontext_id: UUID | None = strawberry.field(
        default=None, description="The id that Acontext shall know it by; CONFLICT when it is taken. Null: a fresh one."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY + "makes a session.")


@strawberry.input(description="Which session to give; and what to make it of when there is none.")
class GetOrCreateSessionInput:
    """Input of getOrCreateSession."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The session's global id, or the bare UUID of Acontext. Null or unknown: a session is made, "
        "always under a fresh id.",
    )
    disk_id: UUID | None = strawberry.field(
        default=None,
        description="The disk of a session that Acontext has and that is not known here yet; CONFLICT when it belongs "
        "to another session. Null: a disk is made for it.",
    )
    user: str | None = strawberry.field(default=None, description=USER)
    title: str | None = strawberry.field(default=None, description=_TITLE + " A known session keeps its own.")
    configs: Json | None = strawberry.field(
        default=None, description=_CONFIGS + " Only for a session that is made; one that exists keeps its own."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description=_KEY + "that finds no session makes one. It is used up when a session is made."
    )


@strawberry.input(description="What to change of a session. A field that is absent stays, one that is null is cleared.")
class UpdateSessionInput:
    """Input of updateSession."""

    id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    title: strawberry.Maybe[str | None] = strawberry.field(description=_TITLE)
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="All tags that it is to have: at most 20. Without outer blanks each has 1 to 50 characters, no "
        "control characters. Those that differ only in case are one, as it is written first. Null or empty: none."
    )
    archived: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is archived. One that is already stays so since then. Null: it is not."
    )
    pinned: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is pinned. One that is already stays so since then. Null: it is not."
    )
    configs: strawberry.Maybe[Json | None] = strawberry.field(
        description="Merged into Acontext's configs key by key: a null key is deleted, an object replaced whole. "
        "At most 64 KiB; null deletes all keys."
    )


@strawberry.input(description="Which session to delete.")
class DeleteSessionInput:
    """Input of deleteSession."""

    id: strawberry.ID = strawberry.field(description=node.SESSION_ID)


@strawberry.type(description="What came of createSession.")
class CreateSessionPayload:
    """Payload of createSession."""

    session: Session | None = strawberry.field(default=None, description="The session; null when none was made.")
    session_edge: SessionEdge | None = strawberry.field(default=None, description="The same, as its list shows it.")
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of getOrCreateSession.")
class GetOrCreateSessionPayload:
    """Payload of getOrCreateSession."""

    session: Session | None = strawberry.field(default=None, description="The session; null when there is none.")
    session_edge: SessionEdge | None = strawberry.field(default=None, description="The same, as its list shows it.")
    created: bool = strawberry.field(default=False, description="Whether the session was made just now.")
    disk_created: bool = strawberry.field(default=False, description="Whether its disk was made just now.")
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of updateSession.")
class UpdateSessionPayload:
    """Payload of updateSession."""

    session: Session | None = strawberry.field(
        default=None, description="The session as it is now; null when it could not be changed."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of deleteSession.")
class DeleteSessionPayload:
    """Payload of deleteSession."""

    deleted_session_id: strawberry.ID | None = strawberry.field(
        default=None, description="The global id of the session that is gone; null when none was deleted."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def create_session(info: Info, input: CreateSessionInput) -> CreateSessionPayload:
    """Make a session with its disk."""
    new = NewSession(title=input.title, configs=input.configs, id=input.acontext_id)  # type: ignore[arg-type]
    try:
        owner = info.context.acting_for(input.user)
        made = await info.context.writing().sessions.create(owner, new, key=input.idempotency_key)
    except Correctable as problem:
        return CreateSessionPayload(errors=[UserError.of(problem)])
    edge = SessionEdge(node=Session(value=made))
    return CreateSessionPayload(session=edge.node, session_edge=edge)


async def get_or_create_session(info: Info, input: GetOrCreateSessionInput) -> GetOrCreateSessionPayload:
    """Give a session, adopt it, or make one."""
    id = None if input.id is None else node.read_session(input.id, "id")
    new = NewSession(title=input.title, configs=input.configs)  # type: ignore[arg-type]
    try:
        owner = info.context.acting_for(input.user)
        opened = await info.context.writing().sessions.get_or_create(
            owner, id, new=new, disk_id=input.disk_id, key=input.idempotency_key
        )
    except Correctable as problem:
        return GetOrCreateSessionPayload(errors=[UserError.of(problem)])
    edge = SessionEdge(node=Session(value=opened.session))
    return GetOrCreateSessionPayload(
        session=edge.node, session_edge=edge, created=opened.created, disk_created=opened.disk_created
    )


async def update_session(info: Info, input: UpdateSessionInput) -> UpdateSessionPayload:
    """Change what is given."""
    id = node.read_session(input.id, "id")
    fields = ("title", "configs", "tags", "archived", "pinned")
    changes = Changes(**{name: given.value for name in fields if (given := getattr(input, name))})
    try:
        changed = await info.context.writing().sessions.update(info.context.viewer.user, id, changes)
    except Correctable as problem:
        return UpdateSessionPayload(errors=[UserError.of(problem)])
    return UpdateSessionPayload(session=Session(value=changed))


async def delete_session(info: Info, input: DeleteSessionInput) -> DeleteSessionPayload:
    """Delete a session with its messages and its disk."""
    id = node.read_session(input.id, "id")
    try:
        await info.context.writing().sessions.delete(info.context.viewer.user, id)
    except Correctable as problem:
        return DeleteSessionPayload(errors=[UserError.of(problem)])
    return DeleteSessionPayload(deleted_session_id=node.session_id(id))
