"""A model of Acontext in a time of its own, where messages are there only some time after the time that they bear."""

import asyncio
from base64 import urlsafe_b64decode
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from gql_api import model
from gql_api.store import places
from gql_api.store.places import Wanted
from gql_api.upstream.messages import LARGEST_PAGE, Reading

OVERLAP = 5.0
SESSION = UUID(int=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
EDITS = '["keep the last three"]'
Place = tuple[datetime, UUID]


def place(message: model.Message) -> Place:
    """Tell where a message stands in the list."""
    return message.created_at, message.id


@dataclass
class LateAcontext:
    """Gives a message its time when it is written, and shows it when its delay is over.

    `page` stands for the size of the largest page: a walk by such pages takes several reads.
    """

    page: int
    seconds: float = 0.0
    reads: int = 0
    written: list[tuple[model.Message, float]] = field(default_factory=list)
    """Each message with when it is shown, in the order of the list."""
    meanwhile: list[tuple[float, float]] = field(default_factory=list)
    """What goes on before each of the next reads: so much time, and then a message is written with that delay."""
    edited: set[UUID] = field(default_factory=set)
    """What was there at the last read that was edited."""
    known: set[Place] = field(default_factory=set)

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    def write(self, delay: float) -> None:
        # Ids are in no order, so that of equal times the later message comes first in the list or last.
        id = UUID(int=(len(self.written) + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)
        message = model.Message(str(id), SESSION, "user", [], {}, {}, self.now())
        insort(self.written, (message, self.seconds + delay), key=lambda one: place(one[0]))

    def there(self) -> list[model.Message]:
        """Give what is shown now, as the list has it."""
        return [message for message, shown in self.written if shown <= self.seconds]

    async def read(self, session_id: UUID, reading: Reading) -> model.MessagePage:
        assert session_id == SESSION
        self.reads += 1
        if self.meanwhile:
            seconds, delay = self.meanwhile.pop()
            self.seconds += seconds
            self.write(delay)
        messages, has_more = self._answer(reading)
        await asyncio.sleep(0)
        return model.MessagePage(messages, has_more, 0, None)

    def _answer(self, reading: Reading) -> tuple[list[model.Message], bool]:
        there = self.there()
        if reading.strategies is not None:
            self.edited = {message.id for message in there}
            return there[-3:], False
        if reading.limit is None:
            return there, False
        if not reading.newest:
            limit = min(reading.limit, self.page) if reading.limit == LARGEST_PAGE else reading.limit
            start = bisect_right(there, _place(reading.after), key=place) if reading.after else 0
            return there[start : start + limit], len(there) - start > limit
        end = bisect_left(there, _place(reading.after), key=place) if reading.after else len(there)
        if end <= reading.limit:
            return there[:end], False
        return there[end - reading.limit - 1 : end - 1], True

    def loaders(self) -> Any:
        """Give what remembers reads for one operation."""

        async def load(keys: Sequence[tuple[UUID, Reading]]) -> list[model.MessagePage]:
            return await asyncio.gather(*(self.read(*key) for key in keys))

        ends: dict[str, Any] = {"heads": {}, "tails": {}}
        return SimpleNamespace(messages=DataLoader(load), anchor=DataLoader(self._anchors), places=self, **ends)

    def keep(self, messages: Iterable[model.Message]) -> None:
        """Remember where messages stand, as the database does."""
        self.known |= set(map(place, messages))

    async def _anchors(self, wanted: Sequence[Wanted]) -> list[places.Place | None]:
        found: list[places.Place | None] = []
        for one in wanted:
            older = sorted(at for at in self.known if one.before is None or at < one.before)[: -one.newer]
            found.append(places.Place(SESSION, *older[-1]) if older else None)
        return found


def _place(cursor: str) -> Place:
    nanoseconds, id = urlsafe_b64decode(cursor + "==").decode().split("|")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(nanoseconds) // 1000), UUID(id)
