"""What a reader of a conversation has seen, so small that a cursor can hold it; reading itself is left to the feed.

Acontext sets a message's time before it commits the message, so of several writers at once one may appear behind a
reader's back: earlier in the list than what was read already. A place in the list is therefore not enough to go on
from. A mark says: everything up to `settled` was seen, and of what is later just these. Whoever goes on reads from
`settled`, and leaves out what is known.

How far a read settles things rests on one bound: a message is there at most `overlap` after its time. A read that
saw a message of time W began no earlier than W, so it saw all that will ever be there up to W - overlap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gql_api import model

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)
_LOW = 2**64 - 1
_FEW = 256
LONG_AGO = timedelta(minutes=10)
"""What is older than this by our clock is settled. Clocks that differ by more are a fault, and the doctor says so."""
_UNTIMED = datetime.max.replace(tzinfo=UTC)


def short(message: model.Message) -> int:
    """Fold its random id to 64 bits: what is told apart by it lies within seconds of one conversation."""
    number = int(message.id_text.replace("-", ""), 16)
    return (number >> 64) ^ (number & _LOW)


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything up to `settled` was seen, and of what is later those messages whose shortened ids are `known`."""

    settled: datetime = BEGINNING
    known: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Edge:
    """The place of one message: what comes after it in the list was not seen."""

    created_at: datetime
    id: UUID

    def is_after(self, message: model.Message) -> bool:
        """Tell whether the message comes no later in the list."""
        return (message.created_at, message.id) <= (self.created_at, self.id)


@dataclass(slots=True)
class Seen:
    """What has been seen so far. Messages of one read are taken in the order of the list."""

    settled: datetime = BEGINNING
    latest: datetime = BEGINNING
    _known: dict[int, datetime] = field(default_factory=dict)
    _room: int = _FEW

    @classmethod
    def of(cls, mark: Mark) -> "Seen":
        """Begin with a mark. The times of what it knows come only when that is read again: till then it is kept."""
        return cls(mark.settled, mark.settled, dict.fromkeys(mark.known, _UNTIMED))

    def is_new(self, message: model.Message) -> bool:
        """Tell whether the message was not seen yet."""
        return message.created_at > self.settled and short(message) not in self._known

    def take(self, message: model.Message, *, ceiling: datetime) -> None:
        """Note a message as seen; `ceiling` is how far the read that gave it settles things.

        What comes after it in the same read may not be seen yet, so nothing is settled beyond it.
        """
        self._known[short(message)] = message.created_at
        self.latest = max(self.latest, message.created_at)
        self.settle(min(message.created_at - _STEP, ceiling))

    def settle(self, until: datetime) -> None:
        """Note that everything up to then was seen."""
        self.settled = max(self.settled, until)
        if len(self._known) > self._room:
            self._known = {id: time for id, time in self._known.items() if time > self.settled}
            self._room = max(_FEW, 2 * len(self._known))

    def mark(self) -> Mark:
        """Make the mark of what is seen now."""
        return Mark(self.settled, frozenset(id for id, time in self._known.items() if time > self.settled))


@dataclass(frozen=True, slots=True)
class Settling:
    """By when everything is there: `overlap` after its time at the latest, and what is old by our clock is there."""

    overlap: timedelta
    clock: Callable[[], datetime]

    def ceiling(self, latest: datetime, *, began: datetime) -> datetime:
        """Tell how far a read settles things that began then and saw a message of that time."""
        return max(latest - self.overlap, min(latest, began - LONG_AGO))

    def mark(self, messages: Sequence[model.Message], latest: datetime | None, *, began: datetime) -> Mark:
        """Make the mark of whoever has these messages and all that was before the first of them.

        `latest` is the time of the last message that the first of their reads saw. They must reach back to `overlap`
        before it, or to the beginning.
        """
        if latest is None or not messages:
            return Mark()
        # What comes after the last of them may have its very time.
        settled = min(self.ceiling(latest, began=began), messages[-1].created_at - _STEP)
        return Mark(settled, frozenset(short(message) for message in messages if message.created_at > settled))
