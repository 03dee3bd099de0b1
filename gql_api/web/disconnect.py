"""Work that stops when its client has gone; which work may be stopped is left to the caller."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from starlette.requests import ClientDisconnect
from starlette.types import Receive

_SOON = 0.01
"""Seconds after which a connection is watched."""


@asynccontextmanager
async def stopped_when_gone(receive: Receive, may_stop: Callable[[], bool]) -> AsyncIterator[None]:
    """Cancel the block when the client goes, if it may be stopped at that moment, and raise ClientDisconnect.

    The body must have been read before: the messages of the connection are taken here.
    """
    watch = _Watch(receive, may_stop)
    # Most work is done before it is worth a task to look whether somebody still waits for it.
    starting = asyncio.get_running_loop().call_later(_SOON, watch.start)
    try:
        yield
    except asyncio.CancelledError:
        # Somebody else may have cancelled the task too, as the server does when it stops.
        if watch.has_cancelled and watch.task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        starting.cancel()
        watch.stop()


class _Watch:
    """Waits for the end of a connection on behalf of the task that made it."""

    def __init__(self, receive: Receive, may_stop: Callable[[], bool]) -> None:
        self.task = cast("asyncio.Task[object]", asyncio.current_task())  # an ASGI application always runs in one
        self.has_cancelled = False
        self._receive = receive
        self._may_stop = may_stop
        self._watcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watcher = asyncio.create_task(self.run())

    def stop(self) -> None:
        if self._watcher:
            self._watcher.cancel()

    async def run(self) -> None:
        # The body of a GET is not read before; when it is too large, the watch ends and the block goes on.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._may_stop():
            self.has_cancelled = True
            self.task.cancel()
