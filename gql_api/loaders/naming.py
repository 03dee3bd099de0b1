"""What a list of sessions shows of their conversations: how they open, and what was said last.

Both are taken from what the same operation reads anyhow, where it does: a read tells of itself before it begins.
"""

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.errors import Failure
from gql_api.loaders.conversation import read
from gql_api.loaders.view import Window
from gql_api.opening import opening_of
from gql_api.upstream.messages import Reading

if TYPE_CHECKING:
    from gql_api.loaders import Loaders

START = Reading(limit=20)
"""How much is read of a conversation to find what the user says first."""


async def opening(loaders: "Loaders", session_id: UUID) -> str | None:
    """Tell how the user opened a conversation; None where nothing was said, and where that cannot be told now."""
    with suppress(Failure):
        return await loaders.opening.load(session_id) or await _read_opening(loaders, session_id)
    return None


async def _read_opening(loaders: "Loaders", session_id: UUID) -> str | None:
    for views in (loaders.heads, loaders.tails):
        if session_id in views:
            view = await views[session_id]
            found = None if view.has_previous else opening_of(view.messages)
            if found or not (view.has_previous or view.has_next):
                return found[0] if found else None
    whole = loaders.whole(session_id)
    page = await (whole or loaders.messages.load((session_id, START)))
    found = opening_of(page.messages)
    return found[0] if found else None


async def newest_message(loaders: "Loaders", session_id: UUID) -> model.Message | None:
    """Give the last message of a conversation."""
    await loaders.siblings.load(session_id)
    if session_id in loaders.tails:
        found = (await loaders.tails[session_id]).messages
    elif whole := loaders.whole(session_id):
        found = (await whole).messages
    else:
        found = (await read(loaders, session_id, Window(last=1))).messages
    return found[-1] if found else None
