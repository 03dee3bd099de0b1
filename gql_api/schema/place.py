"""Cursors of conversations: the place of a message in a session, and for an edited view the edits it holds under.

A cursor holds a mark of its session in place of the id, and fits no other: two conversations have no places in common.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import BadUserInput
from gql_api.loaders import SessionEventKey
from gql_api.loaders.conversation import Edits
from gql_api.loaders.view import Place, View, Window
from gql_api.mark import Edge, Mark
from gql_api.schema import editing, node
from gql_api.schema.connection import bad_cursor, check_size, read_cursor, write_cursor

_STORED, _EDITED, _SEEN, _EVENT = "message", "edited-message", "messages-seen", "event"
_SHORT = 8
"""Bytes of a message's shortened id."""
_PIN = "pinAtMessageId"


class Page(NamedTuple):
    """The paging arguments as a client gives them."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None


class Cursors:
    """Makes the cursors of messages of a view, or of events; what all begin with is made for the first one wanted."""

    def __init__(self, begin: Callable[[], tuple[str, ...]]) -> None:
        self._begin = begin

    @cached_property
    def _start(self) -> str:
        return "\n".join(self._begin())

    def __call__(self, message: model.Message | model.SessionEvent) -> str:
        return write_cursor(self._start, node.microseconds(message.created_at), message.id_text)


class Asked(NamedTuple):
    """What a client asked of a conversation; no edits for the conversation as it is stored."""

    session_id: UUID
    window: Window
    edits: Edits | None


def asked(
    session_id: UUID, page: Page, *, strategies: list[editing.EditStrategyInput] | None, pin: str | None
) -> Asked:
    """Read the arguments; raise `BadUserInput` for a cursor or a pin that does not go with them.

    A cursor of an edited view holds the pin of its first page, and later pages are read with it: a walk is one
    snapshot, and what came after.
    """
    check_size(page.first, page.last)
    spelled = editing.spelled(strategies)
    if spelled is None:
        if pin is not None:
            raise BadUserInput(f"{_PIN}: a pin goes with editStrategy only.")
        bounds = {name: stored_place(session_id, text, name) for name, text in _bounds(page)}
        return Asked(session_id, _window(page, **bounds), None)
    after, before = (_edited(session_id, text, name, spelled) for name, text in _bounds(page))
    pins = {pinned for pinned in (_pin(pin, session_id), after and after[0], before and before[0]) if pinned}
    if len(pins) > 1:
        raise BadUserInput(f"{_PIN}: the cursors were made under another pin.")
    window = _window(page, after=after and after[1], before=before and before[1])
    return Asked(session_id, window, Edits(spelled, pins.pop() if pins else None))


def cursors(asked: Asked, view: View) -> Cursors:
    """Give what makes the cursors of this view's messages."""
    edits = asked.edits
    if edits is None:
        return stored_cursors(asked.session_id)
    strategies = edits.strategies
    return Cursors(lambda: (_EDITED, _mark(asked.session_id), editing.digest(strategies), str(view.edit_at)))


def stored_cursors(session_id: UUID) -> Cursors:
    """Give what makes the cursors of messages in the conversation as it is stored."""
    return Cursors(lambda: (_STORED, _mark(session_id)))


def cursor_before(session_id: UUID, created_at: datetime, id: UUID) -> str:
    """Make the cursor of the place just before a message of the conversation as it is stored."""
    if id.int > 1:  # the nil UUID is no id
        return write_cursor(_STORED, _mark(session_id), node.microseconds(created_at), UUID(int=id.int - 1))
    return write_cursor(_STORED, _mark(session_id), node.microseconds(created_at) - 1, UUID(int=2**128 - 1))


def stored_place(session_id: UUID, cursor: str | None, name: str) -> Place | None:
    """Read a cursor of the conversation as it is stored; raise `BadUserInput` naming the argument for any other."""
    if cursor is None:
        return None
    mark, time, id = read_cursor(cursor, name, _STORED, 3)
    return _place(session_id, mark, (time, id), name)


def event_cursors(session_id: UUID) -> Cursors:
    """Give what makes the cursors of a session's events."""
    return Cursors(lambda: (_EVENT, _mark(session_id)))


def event_place(session_id: UUID, cursor: str | None, name: str) -> SessionEventKey | None:
    """Read a cursor of a session's events; raise `BadUserInput` naming the argument for any other."""
    if cursor is None:
        return None
    mark, time, id = read_cursor(cursor, name, _EVENT, 3)
    found = _place(session_id, mark, (time, id), name)
    return SessionEventKey(session_id, found.created_at, found.id)


def _mark(session_id: UUID) -> str:
    return hashlib.sha256(session_id.bytes).hexdigest()[:16]


def _bounds(page: Page) -> tuple[tuple[str, str | None], ...]:
    return ("after", page.after), ("before", page.before)


def resume_cursor(session_id: UUID, mark: Mark) -> str:
    """Make the cursor that a subscription goes on from; it fits no other session."""
    known = b"".join(id.to_bytes(_SHORT) for id in sorted(mark.known))
    fields = node.microseconds(mark.settled), urlsafe_b64encode(known).decode()
    return write_cursor(_SEEN, _mark(session_id), *fields)


def start(session_id: UUID, cursor: str | None) -> Mark | Edge | None:
    """Read the cursor that a subscription goes on from, of either kind; raise `BadUserInput`."""
    if cursor is None:
        return None
    try:
        digest, settled, known = read_cursor(cursor, "after", _SEEN, 3)
    except BadUserInput:
        place = stored_place(session_id, cursor, "after")
        return Edge(place.created_at, place.id) if place else None
    try:
        ids = urlsafe_b64decode(known)
        if digest != _mark(session_id) or len(ids) % _SHORT:
            raise ValueError("made for another session, or by somebody else")
        places = range(0, len(ids), _SHORT)
        return Mark(node.moment(int(settled)), frozenset(int.from_bytes(ids[at : at + _SHORT]) for at in places))
    except ValueError:
        raise bad_cursor("after") from None


def _window(page: Page, *, after: Place | None, before: Place | None) -> Window:
    return Window(first=page.first, last=page.last, after=after, before=before)


def _pin(pin: str | None, session_id: UUID) -> UUID | None:
    if pin is None:
        return None
    message = node.read_message(pin, _PIN)
    if isinstance(message, UUID):
        return message
    if message.session_id != session_id:
        raise BadUserInput(f"{_PIN}: there is no such message in this conversation.")
    return message.id


def _edited(session_id: UUID, text: str | None, name: str, strategies: str) -> tuple[UUID, Place] | None:
    if text is None:
        return None
    mark, digest, pin, time, id = read_cursor(text, name, _EDITED, 5)
    found = _place(session_id, mark, (time, id), name)
    if digest != editing.digest(strategies):
        raise BadUserInput(f"{name}: this cursor was made under other edit strategies.")
    try:
        return node.uuid(pin), found
    except ValueError:
        raise bad_cursor(name) from None


def _place(session_id: UUID, mark: str, fields: tuple[str, str], name: str) -> Place:
    if mark != _mark(session_id):
        raise bad_cursor(name)
    time, id = fields
    try:
        return Place(node.moment(int(time)), node.uuid(id))
    except ValueError:
        raise bad_cursor(name) from None
