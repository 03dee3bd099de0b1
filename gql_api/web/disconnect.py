"""Work that stops when its client has gone; which work may be stopped is left to the caller."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from gql_api.later import Due, Later

_SOON = 0.01
"""Seconds after which a connection is watched, and as many more at most."""
_LATER = Later(_SOON)


class _Watch:
    """Waits for the end of a connection on behalf of the task that made it."""

    __slots__ = ("_has_cancelled", "_loop", "_may_stop", "_receive", "_starting", "_task", "_watcher")

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, may_stop: Callable[[], bool]) -> None:
        self._loop = loop
        self._receive = receive
        self._may_stop = may_stop
        self._has_cancelled = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task: Any = asyncio.current_task(self._loop)  # an ASGI application always runs in one
        # Most work is done before it is worth a task to look whether somebody still waits for it.
        self._starting: Due = _LATER.put(self._loop, _SOON, self._start)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._starting.discard(self._start)
        if self._watcher:
            self._watcher.cancel()
            # It ends with an exception that holds this object: without this, only the garbage collector would end it.
            self._watcher = None
        # Somebody else may have cancelled the task too, as the server does when it stops.
        if isinstance(error, asyncio.CancelledError) and self._has_cancelled and self._task.uncancel() == 0:
            raise ClientDisconnect from None

    def _start(self) -> None:
        self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        # The body of a GET is not read before; when it is too large, the watch ends and the block goes on.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._may_stop():
            self._has_cancelled = True
            self._task.cancel()


def stopped_when_gone(
    loop: asyncio.AbstractEventLoop, receive: Receive, may_stop: Callable[[], bool]
) -> AbstractContextManager[None]:
    """Cancel the block when the client goes, if it may be stopped at that moment, and raise ClientDisconnect.

    The body must have been read before: the messages of the connection are taken here.
    """
    return _Watch(loop, receive, may_stop)
