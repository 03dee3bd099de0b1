"""Input and payload of the mutation that makes a session of another one."""

from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

from gql_api.errors import Correctable, Invalid
from gql_api.loaders import MessageKey
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.session import Session
from gql_api.schema.session_list import SessionEdge
from gql_api.schema.user_error import ERRORS, UserError
from gql_api.services.forking import Asked, Forked, New


@strawberry.enum(description="What to do where a conversation is cut at a tool call that has no result there.")
class OpenToolCalls(Enum):
    """A call is open until its result, or until the assistant speaks again."""

    REFUSE = strawberry.enum_value("REFUSE", description="Copy nothing: CONFLICT.")
    CUT_BEFORE = strawberry.enum_value(
        "CUT_BEFORE", description="Cut before the message with the call; before the first, where several are open."
    )


@strawberry.input(description="Which session to copy, up to where, and what of it.")
class ForkSessionInput:
    """Input of forkSession."""

    session_id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    at_message_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The last message to copy, by its global id, or the bare UUID that Acontext knows. Null: the whole "
        "conversation as it is then. At most 10 000 messages, else TOO_LARGE.",
    )
    title: str | None = strawberry.field(
        default=None,
        description="What the user calls the new session: at most 1000 characters, no control characters; null: as the "
        "other one.",
    )
    include_files: bool = strawberry.field(
        default=True,
        description="Whether the files are copied too, as they are while it is made, to the disk of the new session. "
        "At most 10 000, else TOO_LARGE.",
    )
    open_tool_calls: OpenToolCalls = strawberry.field(
        default=OpenToolCalls.REFUSE,
        description="What to do where the conversation is cut at a tool call that has no result there. A call is open "
        "until the assistant speaks again.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="1 to 255 characters that stand for this write among those of its user, kept as long as the new "
        "session and at least 24 hours: sent again with the same input it tells how far the copy is, and gives the "
        "same session once it is there, whatever became of the answer; with other input it is IDEMPOTENCY_MISMATCH. "
        "Null: every call copies; one that takes longer than a request appears in the list when it is whole.",
    )


@strawberry.type(description="How far something is that takes longer than a request.")
class Progress:
    """Messages and files."""

    done: int = strawberry.field(description="Messages and files that are there already.")
    total: int = strawberry.field(description="Messages and files that there are to be; 0 until they are counted.")


@strawberry.type(description="What came of forkSession.")
class ForkSessionPayload:
    """Payload of forkSession."""

    session: Session | None = strawberry.field(
        default=None, description="The new session; null while it is being made, or when none is."
    )
    session_edge: SessionEdge | None = strawberry.field(default=None, description="The same, as its list shows it.")
    progress: Progress | None = strawberry.field(
        default=None,
        description="How far it is while it is being made: send the same again with the same key. Null when the "
        "session is there, or none is made.",
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def fork_session(info: Info, input: ForkSessionInput) -> ForkSessionPayload:
    """Copy a session."""
    session_id = node.read_session(input.session_id, "sessionId")
    try:
        at, at_time = _message(session_id, input.at_message_id)
        asked = Asked(
            source=session_id,
            at=at,
            at_time=at_time,
            cuts_before=input.open_tool_calls is OpenToolCalls.CUT_BEFORE,
            with_files=input.include_files,
        )
        new = New(asked, input.title, input.idempotency_key)
        forked = await info.context.writing().forking.fork(info.context.viewer.user, new)
    except Correctable as problem:
        return ForkSessionPayload(errors=[UserError.of(problem)])
    return _payload(forked)


def _message(session_id: UUID, id: str | None) -> tuple[UUID | None, datetime | None]:
    """Read the last message to copy, and its time where that is known."""
    if id is None:
        return None, None
    key = node.read_message(id, "atMessageId")
    if not isinstance(key, MessageKey):
        return key, None
    if key.session_id != session_id:
        raise Invalid("This message belongs to another session.", ("input", "atMessageId"))
    return key.id, key.created_at


def _payload(forked: Forked) -> ForkSessionPayload:
    if forked.session is None:
        return ForkSessionPayload(progress=Progress(done=forked.done, total=forked.total))
    edge = SessionEdge(node=Session(value=forked.session))
    return ForkSessionPayload(session=edge.node, session_edge=edge)
