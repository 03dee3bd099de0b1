"""The calls of one batch: all at once; where Acontext is busy with others' for a while, few at a time.

A call that waits takes memory, and more of a page's waiting do not bring it forward: requests are served in turn.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

FEW = 2

K = TypeVar("K")
V = TypeVar("V")


async def spread(
    ask: Callable[[K], Awaitable[V]], keys: Sequence[K], is_crowded: Callable[[], bool]
) -> list[V | BaseException]:
    """Ask for each key; give the answers, or what was raised, in the keys' order."""
    left = deque(enumerate(keys))
    found: dict[int, V | BaseException] = {}
    few = FEW if is_crowded() else len(keys)
    start = asyncio.get_running_loop().create_task
    await asyncio.gather(*[start(_work(ask, left, found, is_crowded)) for _ in range(few)])
    return [found[place] for place in range(len(keys))]


async def _work(
    ask: Callable[[K], Awaitable[V]],
    left: deque[tuple[int, K]],
    found: dict[int, V | BaseException],
    is_crowded: Callable[[], bool],
) -> None:
    """Ask for one key after the other; for all that are left at once as soon as nobody else is in the way."""
    while left:
        place, key = left.popleft()
        try:
            found[place] = await ask(key)
        except Exception as failure:  # it is that key's
            found[place] = failure
        if left and not is_crowded():
            await asyncio.gather(*[_work(ask, left, found, is_crowded) for _ in range(len(left))])
