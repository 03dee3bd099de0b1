"""Cursors of conversations: the place of a message, and for an edited view the edits that it holds under."""

from dataclasses import dataclass
from uuid import UUID

from gql_api import model
from gql_api.errors import BadUserInput
from gql_api.loaders.conversation import Edits, Place, View, Window
from gql_api.schema import editing, node
from gql_api.schema.connection import bad_cursor, check_size, read_cursor, write_cursor

_STORED, _EDITED = "message", "edited-message"
_PIN = "pinAtMessageId"


@dataclass(frozen=True, slots=True)
class Page:
    """The paging arguments as a client gives them."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class Asked:
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
        return Asked(
            session_id, _window(page, after=_stored(page.after, "after"), before=_stored(page.before, "before")), None
        )
    after = _edited(page.after, "after", spelled)
    before = _edited(page.before, "before", spelled)
    pins = {pinned for pinned in (_pin(pin, session_id), after and after[0], before and before[0]) if pinned}
    if len(pins) > 1:
        raise BadUserInput(f"{_PIN}: the cursors were made under another pin.")
    window = _window(page, after=after and after[1], before=before and before[1])
    return Asked(session_id, window, Edits(spelled, pins.pop() if pins else None))


def cursor(asked: Asked, view: View, message: model.Message) -> str:
    """Make the cursor of a message in this view."""
    time = node.microseconds(message.created_at)
    if asked.edits is None:
        return write_cursor(_STORED, time, message.id)
    return write_cursor(_EDITED, editing.digest(asked.edits.strategies), view.edit_at, time, message.id)


def stored_cursor(message: model.Message) -> str:
    """Make the cursor of a message in the conversation as it is stored."""
    return write_cursor(_STORED, node.microseconds(message.created_at), message.id)


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


def _stored(text: str | None, name: str) -> Place | None:
    if text is None:
        return None
    time, id = read_cursor(text, name, _STORED, 2)
    return _place(time, id, name)


def _edited(text: str | None, name: str, strategies: str) -> tuple[UUID, Place] | None:
    if text is None:
        return None
    digest, pin, time, id = read_cursor(text, name, _EDITED, 4)
    if digest != editing.digest(strategies):
        raise BadUserInput(f"{name}: this cursor was made under other edit strategies.")
    try:
        return node.uuid(pin), _place(time, id, name)
    except ValueError:
        raise bad_cursor(name) from None


def _place(time: str, id: str, name: str) -> Place:
    try:
        return Place(node.moment(int(time)), node.uuid(id))
    except ValueError:
        raise bad_cursor(name) from None
