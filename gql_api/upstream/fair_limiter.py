"""A bound on calls at a time that requests share fairly: who asks for much waits behind itself, not before others."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable


class FairLimiter:
    """At most `most` holders at a time. Those who wait stand in lanes, and lanes are served in turn."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._lanes: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = 0
        """How many wait."""

    def take_at_once(self) -> bool:
        """Take a place, to be given back, if one is free and nobody waits; tell whether it was so."""
        if not self._free or self._lanes:
            return False
        self._free -= 1
        return True

    async def take(self, lane: Hashable) -> None:
        """Wait for a place, to be given back; in one lane first come, first served."""
        if self.take_at_once():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(turn)
        self.waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()  # the place came in the same moment
            else:
                self._leave(lane, turn)
            raise

    def give_back(self) -> None:
        """Give a place to the lane that was served longest ago."""
        while self._lanes:
            lane, waiting = self._lanes.popitem(last=False)
            turn = waiting.popleft()
            self.waiting -= 1
            if waiting:
                self._lanes[lane] = waiting
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _leave(self, lane: Hashable, turn: asyncio.Future[None]) -> None:
        waiting = self._lanes.get(lane)
        if waiting and turn in waiting:
            waiting.remove(turn)
            self.waiting -= 1
            if not waiting:
                del self._lanes[lane]
