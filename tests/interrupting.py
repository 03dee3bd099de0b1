"""Standard streams that something happens at, in the middle of a command."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Trickle(io.BytesIO):
    """Lines, before the last of which something happens."""

    def __init__(self, lines: list[str], *, before_last: Callable[[], None]) -> None:
        super().__init__("".join(lines).encode())
        self._left, self._before_last = len(lines), before_last

    def readline(self, size: int | None = -1) -> bytes:
        self._left -= 1
        if self._left == 0:
            self._before_last()
        return super().readline(size)


class Terminal(io.StringIO):
    """A terminal, where something happens when progress is told."""

    def __init__(self, *, at_progress: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._at_progress = at_progress

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self._at_progress()


def in_a_thread(ask: Callable[..., Coroutine[Any, Any, None]], *given: str) -> None:
    """Ask a database past the command, whose event loop stands still meanwhile."""
    with ThreadPoolExecutor() as pool:
        pool.submit(lambda: asyncio.run(ask(*given))).result()
