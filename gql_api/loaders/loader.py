"""Strawberry's DataLoader with plain lists and one dictionary in place of an object for each key and each batch."""

from asyncio import Future, Task
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

from strawberry.dataloader import AbstractCache, DataLoader
from strawberry.exceptions import WrongNumberOfResultsReturned

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Waiting = list[tuple[K, Future[V]]]


class Kept(dict[Any, "Future[Any]"], AbstractCache[Any, Any]):
    """What is known by its keys themselves; Strawberry's own has a function for keys around a dictionary."""

    set = dict.__setitem__  # type: ignore[assignment]
    delete = dict.__delitem__  # type: ignore[assignment]


class Loader(DataLoader[K, V]):
    """Batches as Strawberry's does: what is asked for in one turn of the event loop, each distinct key once.

    A batch that nobody waits for any more is cancelled. An operation makes a loader for each kind of thing, most for a
    single key, and making Strawberry's own objects takes longer than all else that a loader does.
    """

    def __init__(self, load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> None:
        super().__init__(load, cache_map=Kept())
        self._open: Waiting[K, V] | None = None

    def load(self, key: K) -> Awaitable[V]:
        """Give what will be there of a key."""
        known: Future[V] | None = self.cache_map.get(key)
        if known is not None and not known.cancelled():
            return known
        future: Future[V] = self.loop.create_future()
        self.cache_map.set(key, future)
        if self._open is None:
            self._open = []
            self.loop.call_soon(self._begin)
        self._open.append((key, future))
        return future

    def _begin(self) -> None:
        waiting, self._open = self._open or [], None
        task = self.loop.create_task(self._fill(waiting))
        ended = partial(_stop_what_nobody_wants, waiting, task)
        for _, future in waiting:
            future.add_done_callback(ended)

    async def _fill(self, waiting: Waiting[K, V]) -> None:
        keys = [key for key, _ in waiting]
        try:
            values = list(await self.load_fn(keys))
            if len(values) != len(keys):
                raise WrongNumberOfResultsReturned(expected=len(keys), received=len(values))
        except Exception as error:  # it is that of each key
            values = [error] * len(keys)
        for (_, future), value in zip(waiting, values, strict=True):
            if future.cancelled():
                continue
            if isinstance(value, BaseException):
                future.set_exception(value)
            else:
                future.set_result(value)


def _stop_what_nobody_wants(waiting: Waiting[Any, Any], task: Task[None], ended: "Future[Any]") -> None:
    if ended.cancelled() and not task.done() and all(future.cancelled() for _, future in waiting):
        task.cancel()
