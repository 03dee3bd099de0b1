"""One guarded call of the SDK: bounded in number and time, its errors translated."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from acontext import AcontextAsyncClient

from gql_api.upstream.translate import translated

A = TypeVar("A")
T = TypeVar("T")


class Caller:
    """Runs SDK calls: at most `concurrency` at a time in this process, first come, first served, each in `seconds`.

    An in-process transport knows no timeouts, so the deadline is kept here, waiting for a free place not included.
    """

    def __init__(self, client: AcontextAsyncClient, *, concurrency: int, seconds: float) -> None:
        self._client = client
        self._places = asyncio.Semaphore(concurrency)
        self._seconds = seconds

    async def __call__(self, ask: Callable[[AcontextAsyncClient], Awaitable[T]]) -> T:
        """Return what `ask` gets from the SDK's client, or raise one of our failures."""
        return await self.reading(ask, lambda answer: answer)

    async def reading(self, ask: Callable[[AcontextAsyncClient], Awaitable[A]], read: Callable[[A], T]) -> T:
        """Return what `read` makes of the answer; an answer that it cannot read is Acontext's failure too."""
        async with self._places:
            with translated():
                async with asyncio.timeout(self._seconds):
                    return read(await ask(self._client))
