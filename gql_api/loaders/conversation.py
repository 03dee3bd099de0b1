"""A window on a conversation: any page of it, unedited or edited, in as few reads of Acontext as that takes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.errors import BadUserInput
from gql_api.loaders.newest import newest
from gql_api.loaders.view import Place, View, Window, behind, bound, place, shared
from gql_api.upstream import cursor
from gql_api.upstream.messages import Reading
from gql_api.upstream.walking import Read, run

if TYPE_CHECKING:
    from gql_api.loaders import Loaders

_STEP = 20


@dataclass(frozen=True, slots=True)
class Edits:
    """How the conversation is edited: Acontext's JSON text of the strategies, and the message to edit up to."""

    strategies: str
    pin: UUID | None = None


async def read(loaders: "Loaders", session_id: UUID, window: Window) -> View:
    """Read a window of the conversation as it is stored."""
    if window.first is not None:
        reading = _forward(loaders, session_id, window, window.first)
        return await (reading if window.is_bounded else shared(loaders.heads, session_id, reading, _itself))
    if window.last is not None:
        reading = _backward(loaders, session_id, window, window.last)
        return await (reading if window.is_bounded else shared(loaders.tails, session_id, reading, _itself))
    return _cut(await loaders.messages.load((session_id, Reading())), window)


def _itself(view: View) -> View:
    return view


async def read_edited(loaders: "Loaders", session_id: UUID, window: Window, edits: Edits) -> View:
    """Edit the whole conversation, then read a window of that; raise `BadUserInput` when there is no such pin."""
    page = await loaders.messages.load((session_id, Reading(strategies=edits.strategies, pin=edits.pin)))
    if edits.pin is not None and page.edit_at != edits.pin:
        raise BadUserInput("pinAtMessageId: there is no such message in this conversation.")
    return _cut(page, window)


async def edited_to(loaders: "Loaders", session_id: UUID, view: View) -> Place | None:
    """Tell how far the edits of a view reach; where they took out that very message, the unedited ones are read."""
    if view.edited_to is not None or view.edit_at is None:
        return view.edited_to
    whole = await loaders.messages.load((session_id, Reading()))
    return _find(whole, view.edit_at)


def _find(page: model.MessagePage, id: UUID | None) -> Place | None:
    text = str(id)
    return next((place(message) for message in reversed(page.messages) if message.id_text == text), None)


async def _forward(loaders: "Loaders", session_id: UUID, window: Window, first: int) -> View:
    page = await loaders.messages.load((session_id, Reading(limit=first, after=_upstreams(window.after))))
    kept = [message for message in page.messages if window.before is None or place(message) < window.before]
    return View(kept, window.after is not None, page.has_more or len(kept) < len(page.messages))


async def _backward(loaders: "Loaders", session_id: UUID, window: Window, last: int) -> View:
    """Read the newest of the range with a page cut from its new end, and then what Acontext leaves out of such a page.

    Where there is more than the page holds, the newest message of the range is missing from it: reading on from the
    page's end brings it, and what was stored meanwhile. What is seen so is kept, and found in one read from then on.
    """
    view = await newest(loaders, session_id, window, last)
    if view:
        return view
    reading = Reading(limit=last, newest=True, after=_upstreams(window.before))
    page = await loaders.messages.load((session_id, reading))
    messages = list(page.messages)
    if page.has_more and messages:
        start, before = _upstreams(place(messages[-1])), bound(window.before)
        messages += (await run(reads(loaders, session_id), start, before, size=_STEP)).messages
        loaders.places.keep(messages)
    inside = behind(window.after, messages)
    cut_off = page.has_more or len(inside) > last
    return View(inside[-last:], cut_off or window.after is not None, window.before is not None)


def reads(loaders: "Loaders", session_id: UUID) -> Read:
    """Give what reads pages of the session, each distinct one once."""
    return lambda reading: loaders.messages.load((session_id, reading))


def _upstreams(place: Place | None) -> str | None:
    return cursor.after(place.created_at, place.id) if place else None


def _cut(page: model.MessagePage, window: Window) -> View:
    """Take a window out of a view that is whole."""
    inside = [
        message
        for message in page.messages
        if (window.after is None or place(message) > window.after)
        and (window.before is None or place(message) < window.before)
    ]
    start, end = 0, len(inside)
    if window.first is not None:
        end = min(end, window.first)
    if window.last is not None:
        start = max(0, end - window.last)
    return View(
        inside[start:end],
        has_previous=start > 0 or window.after is not None,
        has_next=end < len(inside) or window.before is not None,
        total=len(page.messages),
        tokens=page.tokens,
        edit_at=page.edit_at,
        edited_to=_find(page, page.edit_at),
        whole=page.messages,
    )
