"""Counts the tokens of messages beside the event loop; what of a message is counted, and how, is told in `tokens`."""

from collections import deque
from collections.abc import Sequence
from time import monotonic

from anyio import CapacityLimiter, to_thread

from gql_api import model, tokens

_AT_A_TIME = 2
_SECONDS = 0.05


class TokenCounter:
    """The threads that all operations of a process count in: few of them, each for one operation for a short while.

    So many long conversations wait for each other and keep nobody else from a thread, and what nobody waits for any
    more comes to its end.
    """

    def __init__(self) -> None:
        self._turns = CapacityLimiter(_AT_A_TIME)

    async def counts(self, messages: Sequence[model.Message]) -> list[int | Exception]:
        """Count each message; in the place of one that is not as Acontext's are stands what went wrong."""
        left, found = deque(messages), list[int | Exception]()
        while left:
            found += await to_thread.run_sync(_count_for_a_while, left, limiter=self._turns)
        return found


def _count_for_a_while(left: deque[model.Message]) -> list[int | Exception]:
    """Take messages off the start, one at least, and count them."""
    found = [_count(left.popleft())]
    end = monotonic() + _SECONDS
    while left and monotonic() < end:
        found.append(_count(left.popleft()))
    return found


def _count(message: model.Message) -> int | Exception:
    try:
        return tokens.count_message(message.parts)
    except Exception as failure:  # it is that message's
        return failure
