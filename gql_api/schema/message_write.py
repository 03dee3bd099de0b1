"""Inputs and payloads of the mutations that store messages."""

from typing import Any
from uuid import UUID

import strawberry

from gql_api.errors import BadUserInput, Correctable, Invalid
from gql_api.formats import chat
from gql_api.loaders import MessageKey
from gql_api.schema import node
from gql_api.schema.attachment_write import AttachmentInput, attachment
from gql_api.schema.context import Info
from gql_api.schema.message import Message, MessageEdge, MessageRole, messages_of, stored_edges
from gql_api.schema.scalars import Json
from gql_api.schema.session import Session
from gql_api.schema.user_error import ERRORS, UserError
from gql_api.services.drafts import ChatMessage, Draft, ProviderMessage
from gql_api.services.expecting import Last
from gql_api.services.messages import NO_CONDITION, Condition, Stored
from gql_api.services.remarks import Named

_KEY = (
    "1 to 255 characters that stand for this write, kept with it for at least 24 hours: sent again with the same input "
    "it gives the same messages and stores none twice, whatever became of the answer; with other input it is "
    "IDEMPOTENCY_MISMATCH. Null: every call stores."
)
_LAST = (
    "The message that is believed to be the last one of the conversation; CONFLICT, with the session, when it is not. "
    "Not looked at when the key was used before. Null: whatever is there."
)
_EMPTY = (
    "True: the conversation is believed to be empty; CONFLICT, with the session, when it is not. Not looked at when "
    "the key was used before."
)
_REPLAYED = "Whether an earlier call with the same idempotency key had stored all of it."
_METADATA = "The caller's own metadata of the message: an object of at most 64 KiB; null for none."


@strawberry.input(description="A model's wish to have a tool called.")
class ToolCallInput:
    """A tool call of the plain shape."""

    call_id: str = strawberry.field(description="The provider's id of the call; results name it.")
    name: str = strawberry.field(description="The tool's name.")
    arguments: Json = strawberry.field(
        description="The arguments. A string is the provider's JSON text and kept byte for byte."
    )


@strawberry.input(description="A message in the plain shape of chat models.")
class ChatMessageInput:
    """Role, content, tool calls."""

    role: MessageRole = strawberry.field(description="Who speaks.")
    content: str | None = strawberry.field(
        default=None,
        description="The text. An assistant's may be null when there are tool calls, and with attachments any may; a "
        "tool's may be empty, not null.",
    )
    tool_calls: list[ToolCallInput] | None = strawberry.field(
        default=None, description="The tool calls of an assistant's message, in order; null or empty for none."
    )
    tool_call_id: str | None = strawberry.field(
        default=None, description="Which call a tool's message answers: needed with role TOOL, and only there."
    )
    is_error: bool = strawberry.field(default=False, description="Whether the tool failed; true with role TOOL only.")
    attachments: list[AttachmentInput] | None = strawberry.field(
        default=None,
        description="At most 10 files and links that follow the text, in order, with roles USER and ASSISTANT; null or "
        "empty for none.",
    )


@strawberry.input(
    one_of=True,
    description="A message in one of these forms. What could not be kept whole is refused, and the field named.",
)
class MessageInput:
    """Exactly one of the forms."""

    chat: strawberry.Maybe[ChatMessageInput] = strawberry.field(
        description="The plain shape: role, content, tool calls."
    )
    openai: strawberry.Maybe[Json] = strawberry.field(description="A message of OpenAI's chat completions.")
    anthropic: strawberry.Maybe[Json] = strawberry.field(description="A message of Anthropic's messages API.")
    gemini: strawberry.Maybe[Json] = strawberry.field(description="A content of Gemini's API.")
    acontext: strawberry.Maybe[Json] = strawberry.field(description="A message in Acontext's own form: role and parts.")


@strawberry.input(description="Which message to store, and where.")
class StoreMessageInput:
    """Input of storeMessage."""

    session_id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    message: MessageInput = strawberry.field(description="The message.")
    metadata: Json | None = strawberry.field(default=None, description=_METADATA)
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)
    expected_last_message_id: strawberry.ID | None = strawberry.field(default=None, description=_LAST)
    expect_empty: bool | None = strawberry.field(default=None, description=_EMPTY)


@strawberry.input(description="One message of a list.")
class StoreMessagesItemInput:
    """A message with its metadata."""

    message: MessageInput = strawberry.field(description="The message.")
    metadata: Json | None = strawberry.field(default=None, description=_METADATA)


@strawberry.input(description="Which messages to store, and where.")
class StoreMessagesInput:
    """Input of storeMessages."""

    session_id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    messages: list[StoreMessagesItemInput] = strawberry.field(description="1 to 100 messages, in their order.")
    idempotency_key: str | None = strawberry.field(default=None, description=_KEY)
    expected_last_message_id: strawberry.ID | None = strawberry.field(default=None, description=_LAST)
    expect_empty: bool | None = strawberry.field(default=None, description=_EMPTY)


@strawberry.input(description="Which message to change the metadata of, and how.")
class UpdateMessageMetadataInput:
    """Input of updateMessageMetadata."""

    message_id: strawberry.ID = strawberry.field(
        description="The message's global id; a bare UUID does not tell where it stands."
    )
    metadata: Json = strawberry.field(
        description="Merged into the message's metadata key by key: a null key is deleted, an object replaced whole. "
        "An object; together with what is there, the idempotency key included, at most 64 KiB."
    )


@strawberry.type(description="What came of storeMessage.")
class StoreMessagePayload:
    """Payload of storeMessage."""

    message: Message | None = strawberry.field(default=None, description="The message; null when none was stored.")
    message_edge: MessageEdge | None = strawberry.field(default=None, description="The same, as its list shows it.")
    session: Session | None = strawberry.field(default=None, description="The session; null when it is not known.")
    replayed: bool = strawberry.field(default=False, description=_REPLAYED)
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of storeMessages: all of the list, or its start together with an error.")
class StoreMessagesPayload:
    """Payload of storeMessages."""

    messages: list[Message] = strawberry.field(default_factory=list, description="The messages stored, in order.")
    message_edges: list[MessageEdge] = strawberry.field(
        default_factory=list, description="The same, as their list shows them."
    )
    stored_count: int = strawberry.field(
        default=0, description="How many are known to be stored; they are the first ones of the list, without a gap."
    )
    session: Session | None = strawberry.field(default=None, description="The session; null when it is not known.")
    replayed: bool = strawberry.field(default=False, description=_REPLAYED)
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of updateMessageMetadata.")
class UpdateMessageMetadataPayload:
    """Payload of updateMessageMetadata."""

    message: Message | None = strawberry.field(
        default=None, description="The message as it is now; null when nothing was changed."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def store_message(info: Info, input: StoreMessageInput) -> StoreMessagePayload:
    """Store one message."""
    session_id = node.read_session(input.session_id, "sessionId")
    draft = Draft(_message(input.message), input.metadata, ("input",))
    try:
        condition = _condition(session_id, input)
        stored = await info.context.writing().messages.store(info.context.viewer.user, session_id, draft, condition)
    except Correctable as problem:
        return StoreMessagePayload(errors=[UserError.of(problem)])
    session, edges = await _edges(info, stored)
    if stored.problem:
        return StoreMessagePayload(session=session, errors=[UserError.of(stored.problem)])
    return StoreMessagePayload(message=edges[0].node, message_edge=edges[0], session=session, replayed=stored.replayed)


async def store_messages(info: Info, input: StoreMessagesInput) -> StoreMessagesPayload:
    """Store messages in their order."""
    session_id = node.read_session(input.session_id, "sessionId")
    drafts = [
        Draft(_message(item.message), item.metadata, ("input", "messages", str(index)))
        for index, item in enumerate(input.messages)
    ]
    try:
        condition = _condition(session_id, input)
        stored = await info.context.writing().messages.store_all(
            info.context.viewer.user, session_id, drafts, condition
        )
    except Correctable as problem:
        return StoreMessagesPayload(errors=[UserError.of(problem)])
    session, edges = await _edges(info, stored)
    return StoreMessagesPayload(
        messages=[edge.node for edge in edges],
        message_edges=edges,
        stored_count=len(edges),
        session=session,
        replayed=stored.replayed,
        errors=[UserError.of(stored.problem)] if stored.problem else [],
    )


async def update_message_metadata(info: Info, input: UpdateMessageMetadataInput) -> UpdateMessageMetadataPayload:
    """Merge keys into what is kept beside a message."""
    key = node.read_placed_message(input.message_id, "messageId")
    try:
        session, changed = await info.context.writing().messages.patch_metadata(
            info.context.viewer.user, Named(*key), input.metadata
        )
    except Correctable as problem:
        return UpdateMessageMetadataPayload(errors=[UserError.of(problem)])
    [message] = await messages_of(info, [changed], Session(value=session), "message")
    return UpdateMessageMetadataPayload(message=message)


def _condition(session_id: UUID, input: StoreMessageInput | StoreMessagesInput) -> Condition:
    """Read under which key it is stored and what is believed; the one that most calls give is always the same."""
    if input.expected_last_message_id is None and not input.expect_empty:
        return NO_CONDITION if input.idempotency_key is None else Condition(input.idempotency_key)
    last = None
    if input.expected_last_message_id is not None:
        if input.expect_empty:
            raise Invalid("An empty conversation has no last message.", ("input", "expectEmpty"))
        key = node.read_message(input.expected_last_message_id, "expectedLastMessageId")
        if isinstance(key, MessageKey) and key.session_id != session_id:
            raise Invalid("This message belongs to another session.", ("input", "expectedLastMessageId"))
        last = Last(key.id, key.created_at) if isinstance(key, MessageKey) else Last(key)
    return Condition(input.idempotency_key, last, is_empty=bool(input.expect_empty))


async def _edges(info: Info, stored: Stored) -> tuple[Session, list[MessageEdge]]:
    session = Session(value=stored.session)
    return session, await stored_edges(info, stored.messages, session)


def _message(given: MessageInput) -> ChatMessage | ProviderMessage:
    if given.chat:
        return _chat(given.chat.value)
    providers: dict[str, Any] = {
        "openai": given.openai,
        "anthropic": given.anthropic,
        "gemini": given.gemini,
        "acontext": given.acontext,
    }
    for format, blob in providers.items():
        if blob:
            return ProviderMessage(format, blob.value)
    raise BadUserInput("message: exactly one form must be given.")


def _chat(given: ChatMessageInput) -> ChatMessage:
    return ChatMessage(
        role=given.role.name,
        content=given.content,
        tool_calls=[chat.ToolCall(call.call_id, call.name, call.arguments) for call in given.tool_calls or []],
        tool_call_id=given.tool_call_id,
        is_error=given.is_error,
        attachments=[attachment(one) for one in given.attachments or []],
    )
