"""What edit strategies do to a conversation: an edited view held against the conversation as it is stored.

These are two reads, and the conversation may grow between them. What is stored is taken as far as the edited view
goes: what came later is left out, and what the view had already, and this read had not, is read then.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import CostLimitExceeded
from gql_api.loaders.conversation import reads
from gql_api.loaders.keys import Shown
from gql_api.loaders.view import View, place
from gql_api.upstream import cursor
from gql_api.upstream.messages import Reading
from gql_api.upstream.walking import run

if TYPE_CHECKING:
    from gql_api.loaders import Loaders


class Edited(NamedTuple):
    """What was done to the messages that were `stored` by then, oldest first: some are gone, some are not the same."""

    stored: list[model.Message]
    removed: list[model.Message]
    changed: list[model.Message]
    tokens_before: int
    tokens_after: int


def foresee(loaders: "Loaders", session_id: UUID) -> None:
    """Ask for the conversation as it is stored, together with what is asked for next; `compare` tells failures."""
    asyncio.ensure_future(loaders.messages.load((session_id, Reading()))).add_done_callback(_look)


def _look(found: "asyncio.Future[model.MessagePage]") -> None:
    if not found.cancelled():
        found.exception()  # asyncio complains of those that nobody looked at


async def compare(loaders: "Loaders", session_id: UUID, view: View) -> Edited:
    """Hold a whole edited view against what is stored."""
    shown = view.whole or []
    page = await loaders.messages.load((session_id, Reading()))
    ends = {message.id_text for message in shown[-1:]} | ({str(view.edit_at)} if view.edit_at else set())
    known = len(page.messages)
    stored = page.messages + await _later(loaders, session_id, page.messages, ends)
    size = _size(stored, shown, ends)
    parts = {message.id_text: message.parts for message in shown}
    return Edited(
        stored=stored[:size],
        removed=[message for message in stored[:size] if message.id_text not in parts],
        changed=[message for message in stored[:size] if parts.get(message.id_text, message.parts) != message.parts],
        tokens_before=page.tokens
        + await _tokens(loaders, stored[known:size])
        - await _tokens(loaders, stored[size:known]),
        tokens_after=view.tokens or 0,
    )


async def _later(
    loaders: "Loaders", session_id: UUID, messages: list[model.Message], ends: set[str]
) -> list[model.Message]:
    """Read what follows these messages, where an end of the edited view is not among them."""
    if ends <= {message.id_text for message in messages}:
        return []
    start = cursor.after(messages[-1].created_at, messages[-1].id) if messages else None
    return (await run(reads(loaders, session_id), start, None)).messages


def _size(stored: Sequence[model.Message], shown: Sequence[model.Message], ends: set[str]) -> int:
    """Tell how many of the stored messages the edited view goes over.

    Its end is its last message, or the last one that edits were applied to, which they may have taken out.
    """
    if not ends:
        return 0
    places = [place(message) for message in (*stored, *shown) if message.id_text in ends]
    return bisect_right(stored, max(places), key=place) if places else len(stored)


async def _tokens(loaders: "Loaders", messages: Sequence[model.Message]) -> int:
    counts = await loaders.token_count.load_many(map(Shown, messages)) if messages else []
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        raise CostLimitExceeded("What came in meanwhile takes longer to count than the request may.")
    return sum(known)
