"""Takes what messages say as they come by, and keeps it behind the requests, so that it is found."""

import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Sequence, Sized
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.store import read_texts, texts
from gql_api.store.places import to_micros
from gql_api.store.texts import Text

_MOST = 20_000
"""Messages that wait; of what comes beyond that only the session is noted, to be looked through."""
_MOST_KNOWN = 50_000
"""Messages of which it is remembered that they are kept, and sessions of which it is known how far they were read."""
_AT_ONCE = 100
_ID = attrgetter("id_text")
_SPEAKERS = ("user", "assistant")
_INSTRUCTIONS = ("system", "developer")


class _Waiting(NamedTuple):
    """A message that is to be kept; its owner is known where it was stored here."""

    message: model.Message
    owner: str | None = None


class TextKeeper:
    """What is lost here, by a failure or for want of room, is found again: the session is looked through for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._read_to: OrderedDict[UUID, datetime] = OrderedDict()
        self._grown: OrderedDict[UUID, None] = OrderedDict()
        self._made: dict[UUID, datetime] = {}

    @property
    def has_news(self) -> bool:
        """Whether anything waits to be kept."""
        return bool(self._waiting)

    def note_made(self, session: model.Session) -> None:
        """Note that a session was made here: there is nothing in it that nobody knows, so none has to look."""
        if len(self._made) < _MOST:
            self._made[session.id] = session.created_at

    def keep_stored(self, message: model.Message, owner: str) -> None:
        """Keep what a message says that was stored here, in a session of this owner."""
        self._add(_Waiting(message, owner))

    def keep_read(self, messages: Sequence[model.Message]) -> None:
        """Keep what messages of one session say that were read, oldest first, whoever stored them."""
        if all(map(self._known.__contains__, map(_ID, messages))):
            return
        read_to = self._read_to.get(messages[0].session_id)
        for message in reversed(messages):
            if read_to and message.created_at <= read_to:
                break
            if message.id_text not in self._known and message.id_text not in self._waiting:
                self._add(_Waiting(message))

    async def keep_at_once(self, messages: Sequence[model.Message]) -> None:
        """Keep what messages say, and come back when it is found."""
        await self._put([_Waiting(message) for message in messages])

    def note_read_to(self, session_id: UUID, moment: datetime) -> None:
        """Note that all of a session is kept up to this time, and that nothing more is known to be missing."""
        self._grown.pop(session_id, None)
        self._read_to[session_id] = moment
        _trim(self._read_to)

    def grown(self, most: int) -> list[UUID]:
        """Name sessions with messages that others stored, or that could not be kept here: there may be more of them."""
        return [*islice(self._grown, most)]

    def forget(self, session_id: UUID) -> None:
        """Keep nothing of this session that waits, and forget what is known of it."""
        self._grown.pop(session_id, None)
        self._read_to.pop(session_id, None)
        for id, one in [*self._waiting.items()]:
            if one.message.session_id == session_id:
                del self._waiting[id]

    async def flush(self) -> None:
        """Keep all that waits; what comes meanwhile waits for others, to be kept together with them."""
        for _ in _hundreds(self._waiting):
            some = [self._waiting.pop(id) for id in [*islice(self._waiting, _AT_ONCE)]]
            try:
                self._note_grown(await self._put(some))
            except BaseException:
                self._note_grown(one.message.session_id for one in some)
                raise
        for _ in _hundreds(self._made):
            made = {id: self._made.pop(id) for id in [*islice(self._made, _AT_ONCE)]}
            await read_texts.note_empty([*made], at=min(made.values()))

    async def _put(self, some: Sequence["_Waiting"]) -> list[UUID]:
        """Keep what messages say, and name the sessions in which others stored something new."""
        said = [(one.owner, text) for one in some if (text := _text(one.message))]
        new = [(owner, text) for owner, text in said if owner is not None]
        read = [text for owner, text in said if owner is None]
        found = await texts.missing(read) if read else []
        new += found
        for start in range(0, len(new), _AT_ONCE):
            await texts.put(new[start : start + _AT_ONCE])
        for one in some:
            self._known[one.message.id_text] = None
        _trim(self._known)
        return [text.session_id for _, text in found]

    def _add(self, one: "_Waiting") -> None:
        if len(self._waiting) < _MOST:
            self._waiting[one.message.id_text] = one
        else:
            self._note_grown([one.message.session_id])

    def _note_grown(self, session_ids: Iterable[UUID]) -> None:
        self._grown.update(dict.fromkeys(session_ids))
        _trim(self._grown)


def _text(message: model.Message) -> Text | None:
    """Give what a user or a model says in a message; None where it says nothing, or is an instruction."""
    if message.role not in _SPEAKERS or (message.meta or {}).get("original_role") in _INSTRUCTIONS:
        return None
    parts = (part.get("text") for part in message.parts if part.get("type") == "text")
    said = (
        "\n".join(part for part in parts if isinstance(part, str))[: texts.LONGEST]
        .encode(errors="replace")
        .decode()
        .replace("\0", " ")
    )
    text = unicodedata.normalize("NFC", said)[: texts.LONGEST]
    if not text or text.isspace():
        return None
    return Text(message.session_id, to_micros(message.created_at), message.id_text, message.role, text)


def _hundreds(waiting: Sized) -> range:
    """Count how many times so many as are taken at once make all of these."""
    return range(0, len(waiting), _AT_ONCE)


def _trim(known: OrderedDict[Any, Any]) -> None:
    while len(known) > _MOST_KNOWN:
        known.popitem(last=False)
