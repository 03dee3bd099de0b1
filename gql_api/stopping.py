"""Servers that end when they are told to: not ready any more at once, then what is under way is finished, in time."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType

import uvicorn


class _UnderWay:
    """Counts the blocks that are under way; one that has none is idle."""

    __slots__ = ("_count", "idle")

    def __init__(self) -> None:
        self._count = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def __enter__(self) -> None:
        if not self._count:
            self.idle.clear()
        self._count += 1

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self.idle.set()


class Stop:
    """Whether the process has been told to stop, and whether it still works on requests; it serves on for a while."""

    def __init__(self) -> None:
        self.is_stopping = False
        self.is_forced = False
        self.is_closing = False
        self._closers: list[Callable[[], None]] = []
        self._under_way = _UnderWay()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Let `close` be called when nothing is taken any more: what would stay open for ever is to end."""
        self._closers.append(close)
        try:
            yield
        finally:
            self._closers.remove(close)

    def close(self) -> None:
        """Tell all that nothing is taken any more; once is enough."""
        if not self.is_closing:
            self.is_closing = True
            for close in self._closers:
                close()

    def request(self) -> AbstractContextManager[None]:
        """Let the block be one request."""
        return self._under_way

    async def until_idle(self, seconds: float) -> None:
        """Wait for the end of all requests, for so many seconds at most.

        uvicorn does not wait for those that it has cut; what they tidy up needs what is closed after this.
        """
        if not self.is_forced:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._under_way.idle.wait(), seconds)


class StoppableServer(uvicorn.Server):
    """Ends on SIGINT and SIGTERM. uvicorn's own would raise the signal once more, over whatever is still open.

    The first signal is told to `stop`; after `drain` seconds no connections are taken any more, and what is under way
    has as long as uvicorn's setting says. A second signal ends that at once, and a third ends the process. A process
    that has a supervisor leaves SIGINT to it: a terminal sends that to both.
    """

    def __init__(
        self, config: uvicorn.Config, *, stop: Stop | None = None, drain: float = 0.0, is_supervised: bool = False
    ) -> None:
        super().__init__(config)
        self._stop = stop or Stop()
        self._drain = drain
        self._is_supervised = is_supervised
        self._exit_at: float | None = None

    @property
    def was_forced(self) -> bool:
        """Whether a second signal ended it, with work left undone."""
        return self.force_exit

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        taken = {signal.SIGTERM: self.handle_exit}
        taken[signal.SIGINT] = signal.SIG_IGN if self._is_supervised else self.handle_exit  # type: ignore[assignment]
        before = {number: signal.signal(number, handler) for number, handler in taken.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if not self._stop.is_stopping:
            self._stop.is_stopping = True
            self._exit_at = time.monotonic() + self._drain
        else:
            self._stop.is_forced = self.should_exit = self.force_exit = True
            signal.signal(sig, signal.SIG_DFL)

    async def on_tick(self, counter: int) -> bool:
        """Do what is done ten times a second; tell whether to stop taking connections."""
        if self._exit_at is not None and time.monotonic() >= self._exit_at:
            self.should_exit = True
        if self.should_exit:
            self._stop.close()
        return await super().on_tick(counter)
