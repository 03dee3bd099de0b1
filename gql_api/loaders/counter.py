"""Counts the tokens of messages beside the event loop; what of a message is counted, and how, is told in `tokens`."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic

from gql_api import model, tokens
from gql_api.request_scope import current

Count = int | Exception | None
"""None: not counted within the request's time. An exception: what went wrong with a message unlike Acontext's."""
_AT_A_TIME = 2
_SECONDS = 0.05


class TokenCounter:
    """The threads that all operations of a process count in: few of them, each for one operation for a short while.

    So many long conversations wait for each other and keep nobody else from a thread, and counting ends soon after
    nobody waits for it any more.
    """

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_A_TIME, "tokens")

    async def counts(self, messages: Sequence[model.Message]) -> list[Count]:
        """Count each message, as far as the time of the request at hand goes."""
        count = partial(_count_for_a_while, deque(messages), self._seconds)
        found: list[Count] = []
        request, loop = current(), asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(request.seconds_left if request else None):
                while len(found) < len(messages):
                    found += await loop.run_in_executor(self._threads, count)
        return found + [None] * (len(messages) - len(found))

    def close(self) -> None:
        """End without what waits for a thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _count_for_a_while(left: deque[model.Message], seconds: float) -> list[Count]:
    """Take messages off the start, one at least, and count them."""
    found = [_count(left.popleft())]
    end = monotonic() + seconds
    while left and monotonic() < end:
        found.append(_count(left.popleft()))
    return found


def _count(message: model.Message) -> Count:
    try:
        return tokens.count_message(message.parts)
    except Exception as failure:  # it is that message's
        return failure
