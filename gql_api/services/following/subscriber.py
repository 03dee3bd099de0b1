"""One who follows something: what waits for it, in a bounded buffer, and how it ends."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gql_api.errors import Failure, SlowConsumer, Unauthenticated

T = TypeVar("T")
_EXPIRED = "The token is not valid any more; subscribe again with another, from the last resumeCursor."
_MOST_ONCE = 4096
_TOO_SLOW = "Events came faster than they were taken; subscribe again, with the last resumeCursor if there is one."


@dataclass(slots=True, eq=False)
class Subscriber(Generic[T]):
    """Takes at most `most` items in advance; whoever lags behind further is ended, and told so.

    Items that say no more when they come twice wait once each, and take no room from the others.
    """

    most: int
    until: float | None
    """When what proves who follows is no longer good, in seconds since 1970."""
    _items: deque[T] = field(default_factory=deque)
    _once: set[T] = field(default_factory=set)
    """Those of the items that wait once."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _failure: Failure | None = None
    _has_ended: bool = False

    def offer(self, item: T) -> None:
        """Let the item come, unless this has ended."""
        if self._has_ended:
            return
        if len(self._items) - len(self._once) >= self.most:
            self._give_up()
            return
        self._items.append(item)
        self._news.set()

    def offer_once(self, item: T) -> None:
        """Let the item come, unless it waits already; many may come at a stroke, of which nobody is to be ended."""
        if self._has_ended or item in self._once:
            return
        if len(self._once) >= _MOST_ONCE:
            self._give_up()
            return
        self._once.add(item)
        self._items.append(item)
        self._news.set()

    def _give_up(self) -> None:
        self._items.clear()
        self._once.clear()
        self.end(SlowConsumer(_TOO_SLOW))

    def end(self, failure: Failure | None = None) -> None:
        """End it, after what has come already: with a failure that it is told, or well."""
        if not self._has_ended:
            self._has_ended, self._failure = True, failure
            self._news.set()

    async def next(self) -> T | None:
        """Wait for the next item; None at the end. Raises the failure that ended it, or `Unauthenticated` in time."""
        while not self._items:
            if self._has_ended:
                if self._failure:
                    raise self._failure
                return None
            self._news.clear()
            await self._wait()
        if self.until is not None and time.time() >= self.until:
            raise Unauthenticated(_EXPIRED)
        item = self._items.popleft()
        if self._once:  # only then it is sure to be hashable
            self._once.discard(item)
        return item

    async def _wait(self) -> None:
        left = None if self.until is None else max(0.0, self.until - time.time())
        try:
            async with asyncio.timeout(left):
                await self._news.wait()
        except TimeoutError:
            raise Unauthenticated(_EXPIRED) from None
