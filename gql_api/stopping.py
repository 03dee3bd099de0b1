"""A uvicorn server that ends when it is told to, and then lets its caller clean up and leave in order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class StoppableServer(uvicorn.Server):
    """Ends on SIGINT and SIGTERM. uvicorn's own would raise the signal once more, over whatever is still open."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self.handle_exit) for number in signals]
        try:
            yield
        finally:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)
