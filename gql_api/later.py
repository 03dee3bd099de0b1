"""Calls that are due later and hardly ever come to it: one timer of the event loop for all that are due about then."""

import asyncio
from collections.abc import Callable
from functools import partial
from types import TracebackType

Due = set[Callable[[], object]]


class Later:
    """Calls, once its time has come, what is still wanted then, at most `step` seconds late.

    A timer of the loop takes longer to be made and cancelled than most work that it watches over.
    """

    __slots__ = ("_due", "_loop", "_step")

    def __init__(self, step: float) -> None:
        self._step = step
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: dict[int, Due] = {}

    def put(self, loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], object]) -> Due:
        """Let something be called in so many seconds; discard it from what is given when it is not wanted any more."""
        if loop is not self._loop:
            self._loop, self._due = loop, {}
        place = int((loop.time() + seconds) / self._step) + 1
        due = self._due.get(place)
        if due is None:
            due = self._due[place] = set()
            loop.call_at(place * self._step, _come, self._due, place)
        due.add(call)
        return due


def _come(dues: dict[int, Due], place: int) -> None:
    due = dues.pop(place)
    while due:  # one may discard another
        due.pop()()


class Limit:
    """`asyncio.timeout` for a block, on a timer that is shared: `TimeoutError` comes at most a step late."""

    __slots__ = ("_due", "_end", "_later", "_loop", "_seconds", "_timeout")

    def __init__(self, later: Later, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._later = later
        self._loop = loop
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._timeout = timeout = asyncio.Timeout(None)
        await timeout.__aenter__()
        self._end = partial(timeout.reschedule, 0)
        self._due = self._later.put(self._loop, self._seconds, self._end)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._due.discard(self._end)
        await self._timeout.__aexit__(kind, error, trace)
