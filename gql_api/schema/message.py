"""Messages and their connection: a window on a conversation, as stored or as edited."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.loaders import MessageKey
from gql_api.loaders.conversation import edited_to, read, read_edited
from gql_api.loaders.counting import total
from gql_api.loaders.preview import foresee
from gql_api.loaders.resuming import read_and_mark, read_edited_and_mark
from gql_api.loaders.view import View
from gql_api.mark import Mark
from gql_api.schema import node, place, stored_part
from gql_api.schema.computed import computed
from gql_api.schema.connection import PageInfo, page_info
from gql_api.schema.context import Info
from gql_api.schema.cost import TOKENS_A_POINT
from gql_api.schema.formatting import FormattedMessages, MediaMode, MessageFormat, format_messages
from gql_api.schema.part import MessagePart, Together, ToolCallPart, ToolResultPart, make_parts
from gql_api.schema.place import Asked, Cursors
from gql_api.schema.preview import EditReport, report
from gql_api.schema.scalars import Json, time_as_written
from gql_api.schema.selection import selects, selects_below
from gql_api.services.rules import RESERVED, without_ours

if TYPE_CHECKING:
    from gql_api.schema.session import Session

T = TypeVar("T")


@strawberry.enum(description="Who speaks in a message.")
class MessageRole(Enum):
    """The roles of chat models."""

    SYSTEM = strawberry.enum_value("system", description="The system prompt, as written.")
    DEVELOPER = strawberry.enum_value("developer", description="A developer's instruction, as written.")
    USER = strawberry.enum_value("user", description="The user; also a message that mixes text and tool results.")
    ASSISTANT = strawberry.enum_value("assistant", description="The model.")
    TOOL = strawberry.enum_value("tool", description="A message of tool results only.")


@strawberry.type(
    description="A message of a session's conversation. Of what was stored only the metadata may change; messages are "
    "not removed one by one."
)
class Message(node.Node):
    """A message; plain attributes but for its way back to the session."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.message_id_at(self.together.spelled(self.value)))
    acontext_id: UUID = computed("Acontext's id of the message.", lambda self: self.value.id_text)
    session: Annotated["Session", strawberry.lazy("gql_api.schema.session")] = strawberry.field(
        description="The session that it belongs to."
    )
    role: MessageRole = computed(
        "Who speaks. TOOL only when all parts are tool results (Acontext files them under user); a message "
        "that mixes them with others is USER; SYSTEM and DEVELOPER as they were written.",
        lambda self: _role(self.value),
    )
    text: str = computed(
        "Its text parts, joined by newlines; empty when it has none.",
        lambda self: stored_part.text_of(self.value.parts),
    )
    parts: list[MessagePart] = computed(
        "All that it consists of, in order.", lambda self: make_parts(self.value, self.together)
    )
    tool_calls: list[ToolCallPart] = computed(
        "Those of its parts that are tool calls, in order.", lambda self: _only(ToolCallPart, self.parts)
    )
    tool_results: list[ToolResultPart] = computed(
        "Those of its parts that are tool results, in order.", lambda self: _only(ToolResultPart, self.parts)
    )
    metadata: Json = computed("The caller's own metadata, an object.", lambda self: without_ours(self.value.user_meta))
    idempotency_key: str | None = computed(
        "The key it was stored under, which those of one list share; null when there was none.",
        lambda self: _key(self.value.user_meta),
    )
    created_at: datetime = computed(
        "When Acontext stored it.", lambda self: time_as_written(self.value.created_at, self.value.created_text)
    )
    token_count: int | None = computed(
        "How many tokens (o200k_base) it has as it is shown here, edited or not; counted here as Acontext counts: the "
        "texts, and of tool calls the name and the arguments, not the role, ids or media. Those of all messages of a "
        "view add up to the connection's tokenCount. Null only where that takes longer than the request may.",
        lambda self: self.together.tokens_of(self.value),
    )
    value: strawberry.Private[model.Message]
    together: strawberry.Private[Together]


def _only(kind: type[T], parts: list[MessagePart]) -> list[T]:
    return [part for part in parts if isinstance(part, kind)]


def _key(metadata: model.JsonObject) -> str | None:
    ours = metadata.get(RESERVED)
    key = ours.get("key") if isinstance(ours, dict) else None
    return key if isinstance(key, str) else None


def _role(value: model.Message) -> MessageRole:
    if value.meta and (original := value.meta.get("original_role")) in ("system", "developer"):
        return MessageRole(original)
    if value.role == "assistant":
        return MessageRole.ASSISTANT
    if value.role != "user" or not value.parts:
        return MessageRole.USER
    for part in value.parts:
        if part.get("type") != "tool-result":
            return MessageRole.USER
    return MessageRole.TOOL


@strawberry.type(description="A message and its place in the list.")
class MessageEdge:
    """Relay's edge."""

    cursor: str = computed(
        "The place of this message: opaque, for after and before.", lambda self: self.cursors(self.node.value)
    )
    node: Message = strawberry.field(description="The message.")
    cursors: strawberry.Private[Cursors]


async def messages_of(info: Info, values: list[model.Message], session: "Session", *within: str) -> list[Message]:
    """Make messages that were read together: the calls and results among them know each other.

    Tokens are counted before, where they are asked for below: of the field at hand, or of its sub-fields `within`.
    """
    together = Together(values)
    if selects_below(info, "tokenCount", *within):
        info.context.allowance.worked += await together.count(info.context.loaders) // TOKENS_A_POINT
    made: list[Message] = []
    for value in values:
        message = object.__new__(Message)  # as parts are made
        message.value = value
        message.session = session
        message.together = together
        made.append(message)
    return made


_STORED = ("message", "messageEdge", "messages", "messageEdges")
"""The fields of payloads and events that show what was stored."""


async def stored_edges(info: Info, values: list[model.Message], session: "Session") -> list[MessageEdge]:
    """Make the edges that show these messages in the unedited list."""
    cursors = place.stored_cursors(session.acontext_id)
    return [
        MessageEdge(node=message, cursors=cursors) for message in await messages_of(info, values, session, *_STORED)
    ]


def _page_info(connection: "MessageConnection") -> PageInfo:
    view = connection.view
    ends = [connection.cursors(message) for message in view.messages[:1] + view.messages[-1:]]
    return page_info(ends, has_previous=view.has_previous, has_next=view.has_next)


@strawberry.type(description="A page of a conversation, oldest first; as stored, or as the edit strategies leave it.")
class MessageConnection:
    """Relay's connection, with what an agent wants to know of the view."""

    edges: list[MessageEdge] = computed(
        "The messages with their cursors, oldest first.",
        lambda self: [MessageEdge(node=message, cursors=self.cursors) for message in self.nodes],
    )
    nodes: list[Message] = strawberry.field(description="The messages alone, oldest first.")
    page_info: PageInfo = computed("Where this page lies in the view.", _page_info)
    cursors: strawberry.Private[Cursors]
    asked: strawberry.Private[Asked]
    view: strawberry.Private[View]
    mark: strawberry.Private[Mark]

    @strawberry.field(
        description="Edits were applied up to this message. Give it back as pinAtMessageId, and the start of the "
        "conversation stays as it is now while new messages come. Null without strategies or messages."
    )
    async def edit_at_message_id(self, info: Info) -> strawberry.ID | None:
        if self.asked.edits is None:
            return None
        last = await edited_to(info.context.loaders, self.asked.session_id, self.view)
        return node.message_id(MessageKey(self.asked.session_id, last.created_at, last.id)) if last else None

    @strawberry.field(
        description="How many messages the whole view has: after editing when strategies are given. Asked of Acontext "
        "only when selected; of an unedited page those are read that were not counted before."
    )
    async def total_count(self, info: Info) -> int | None:
        if self.view.total is not None:
            return self.view.total
        if not self.view.has_previous and not self.view.has_next:
            return len(self.view.messages)  # they are all on this page
        found = await total(info.context.loaders, self.asked.session_id, info.context.following.settling)
        info.context.learn(self.asked.session_id, found)
        return found

    @strawberry.field(description="How many tokens (o200k_base) the whole view has, after editing. Not only this page.")
    async def token_count(self, info: Info) -> int | None:
        if self.view.tokens is not None:
            return self.view.tokens
        return await info.context.loaders.token_total.load(self.asked.session_id)

    @strawberry.field(
        description="What the edit strategies did to the whole conversation, whatever page of it this is. A dry run: "
        "nothing is changed. For this the conversation is read as it is stored too, once however many views of it one "
        "operation compares, and together with them. Null without strategies; also, with an error, when that read "
        "fails, while the page is there."
    )
    async def edits(self, info: Info) -> EditReport | None:
        return await report(info, self.asked, self.view) if self.asked.edits else None

    @strawberry.field(
        description="Where a subscription to messageStored goes on from when it is to miss nothing, and bring nothing "
        "twice, of what is stored after this page; of an edited view, after the conversation that was edited."
    )
    def resume_cursor(self) -> str:
        return place.resume_cursor(self.asked.session_id, self.mark)

    @strawberry.field(
        description="The messages of this page as a provider's SDK takes them, made from their parts by this server."
    )
    async def formatted(
        self,
        info: Info,
        as_: Annotated[MessageFormat, strawberry.argument(name="as", description="Whose form.")],
        media: Annotated[MediaMode, strawberry.argument(description="How media come along.")] = MediaMode.INLINE,
    ) -> FormattedMessages | None:
        return await format_messages(info, self.view, format=as_, mode=media)


async def message_connection(info: Info, session: "Session", asked: Asked) -> MessageConnection:
    """Read the page that was asked for."""
    view, mark = await _read(info, asked)
    if asked.edits is None and view.total is not None:
        info.context.learn(asked.session_id, view.total)
    info.context.allowance.take(len(view.messages))
    return MessageConnection(
        nodes=await messages_of(info, view.messages, session, "nodes", "edges"),
        cursors=place.cursors(asked, view),
        asked=asked,
        view=view,
        mark=mark,
    )


async def _read(info: Info, asked: Asked) -> tuple[View, Mark]:
    """Read the page; where a subscription goes on from takes more to read, and is told only when it is asked for."""
    loaders, settling = info.context.loaders, info.context.following.settling
    if asked.edits and selects(info, "edits"):
        foresee(loaders, asked.session_id)
    if not selects(info, "resumeCursor"):
        if asked.edits is None:
            return await read(loaders, asked.session_id, asked.window), Mark()
        return await read_edited(loaders, asked.session_id, asked.window, asked.edits), Mark()
    if asked.edits is None:
        return await read_and_mark(loaders, asked.session_id, asked.window, settling)
    return await read_edited_and_mark(loaders, asked.session_id, asked.window, edits=asked.edits, settling=settling)
