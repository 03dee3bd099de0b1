"""`searchMessages`: what was said in a user's conversations, found by words."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from gql_api.errors import BadUserInput
from gql_api.loaders import MessageKey
from gql_api.loaders.finding import Found, count, find, snippets
from gql_api.schema import node, place
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
from gql_api.schema.message import Message, MessageRole, messages_of
from gql_api.schema.selection import selects_below
from gql_api.schema.session import Session
from gql_api.searching.snippet import Piece

LONGEST = 500
_CURSOR = "message-hit"

SearchText = Annotated[
    str,
    strawberry.argument(
        description="What to look for: 1 to 500 characters. Messages are found that have all of the words, whole, in "
        'upper or lower case, with or without accents; `"several words"` in quotes stand side by side, `-word` must '
        "not be there, `begin*` is how a word begins. Of Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese any "
        "part of the text is found. No text is an error; one without a word finds nothing."
    ),
]
SearchFirst = Annotated[int | None, strawberry.argument(description="How many to give: 1 to 100; null: 20.")]


@strawberry.type(description="A part of a snippet.")
class SnippetPiece:
    """Plain text, marked or not."""

    text: str = strawberry.field(
        description="Plain text as it was written, with line breaks and the like as one space: no markup of ours, and "
        "to be escaped where it is shown as HTML."
    )
    is_match: bool = strawberry.field(description="Whether it is what was looked for, to be highlighted.")


@strawberry.type(description="A message that was found.")
class MessageHit:
    """What is known of it without Acontext, and the way to it."""

    snippet: list[SnippetPiece] = computed(
        "What it says around the place that fits best, about 160 characters; the pieces joined are the text, with `…` "
        "where it is cut.",
        lambda self: [SnippetPiece(text=piece.text, is_match=piece.is_match) for piece in self.pieces],
    )
    session: Session = computed(
        "The session that it belongs to.", lambda self: Session(value=self.found.session, beside=self.beside)
    )
    message_id: strawberry.ID = computed("The message's global id.", lambda self: node.message_id(_key(self.found)))
    role: MessageRole = computed("Who speaks: USER or ASSISTANT.", lambda self: MessageRole(self.found.role))
    created_at: datetime = computed("When Acontext stored it.", lambda self: self.found.created_at)
    page_cursor: str = computed(
        "The place just before it in `messages` of its session: given as `after`, the page begins with this message; "
        "given as `before`, the page ends with the message before it.",
        lambda self: place.cursor_before(self.found.session.id, self.found.created_at, self.found.id),
    )
    found: strawberry.Private[Found]
    pieces: strawberry.Private[list[Piece]]
    beside: strawberry.Private[int]
    """How many hits the page has."""

    @strawberry.field(
        description="The whole message, read from Acontext: one call for each hit. Null where Acontext has it no more; "
        "with an error where its whole conversation is gone, or it cannot be read."
    )
    async def message(self, info: Info) -> Message | None:
        found = await info.context.loaders.message.load(_key(self.found))
        if found is None:
            return None
        info.context.allowance.take(1)
        return (await messages_of(info, [found], Session(value=self.found.session)))[0]


@strawberry.type(description="A hit and its place among the hits.")
class MessageHitEdge:
    """Relay's edge."""

    cursor: str = computed("The place of this hit: opaque, for after.", lambda self: _cursor(self.node.found))
    node: MessageHit = strawberry.field(description="The hit.")


@strawberry.type(description="A page of the messages that were found, newest first.")
class MessageHitConnection:
    """Relay's connection, forward only."""

    edges: list[MessageHitEdge] = computed(
        "The hits with their cursors.", lambda self: [MessageHitEdge(node=hit) for hit in self.nodes]
    )
    nodes: list[MessageHit] = strawberry.field(description="The hits alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies among the hits.")
    asked: strawberry.Private[tuple[str, str]]
    """Whose messages, and what was looked for."""

    @strawberry.field(description="How many messages are found in all; counted only when selected.")
    async def total_count(self, info: Info) -> int | None:
        return await count(info.context.loaders, *self.asked)


async def search(info: Info, owner: str, query: str, *, first: int | None, after: str | None) -> MessageHitConnection:
    """Find a page of a user's messages."""
    check_size(first, None)
    if not 1 <= len(query) <= LONGEST:
        raise BadUserInput(f"query: 1 to {LONGEST} characters.")
    found, more = await find(
        info.context.loaders, owner, query, before=_position(after), limit=DEFAULT_PAGE if first is None else first
    )
    info.context.allowance.take(len(found))
    shown: list[list[Piece]] = [[] for _ in found]
    if selects_below(info, "snippet"):
        info.context.allowance.look_through(sum(len(one.text) for one in found))
        shown = await snippets(found, query)
    return MessageHitConnection(
        nodes=[
            MessageHit(found=one, pieces=pieces, beside=len(found)) for one, pieces in zip(found, shown, strict=True)
        ],
        asked=(owner, query),
        page_info=page_info(
            [_cursor(one) for one in found[:1] + found[-1:]], has_previous=after is not None, has_next=more
        ),
    )


def _key(found: Found) -> MessageKey:
    return MessageKey(found.session.id, found.created_at, found.id)


def _cursor(found: Found) -> str:
    return write_cursor(_CURSOR, found.micros, found.id)


def _position(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    time, id = read_cursor(cursor, "after", _CURSOR, 2)
    try:
        return node.microseconds(node.moment(int(time))), node.uuid(id)
    except ValueError:
        raise bad_cursor("after") from None
