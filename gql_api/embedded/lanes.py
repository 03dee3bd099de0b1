"""Threads for blocking work, some of which large work never takes, so that small work need not wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_THREADS, _FOR_LARGE = 4, 2


class Lanes:
    """A few threads; `prepare` runs first in each of them."""

    def __init__(self, name: str, *, threads: int = _THREADS, prepare: Callable[[], None] | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads, name, initializer=prepare)
        self._turns = asyncio.Semaphore(_FOR_LARGE)

    async def run(self, work: Callable[[], T], *, large: bool) -> T:
        """Run `work` in a thread; a caller that is cancelled does not stop it once it has begun."""
        loop = asyncio.get_running_loop()
        if not large:
            return await loop.run_in_executor(self._threads, work)
        await self._turns.acquire()
        running = self._threads.submit(work)
        # Not when the caller leaves, as the work goes on without it.
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._turns.release))
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Wait for what runs. Blocks."""
        self._threads.shutdown()
