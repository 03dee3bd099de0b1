"""Several processes that serve one port: started, watched, replaced when they die, and stopped together."""

import logging
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import SpawnProcess
from types import FrameType

_LOG = logging.getLogger(__name__)
_TICK = 0.1
Work = Callable[[], None]


class Supervisor:
    """Runs `work` in so many new processes. It must be something that can be sent to one.

    The first SIGTERM or SIGINT asks all of them to end, a second one to end at once. `forget` is told the id of each
    process that has ended; `stopping` is called when no other is started any more. One that dies within `soon` seconds
    of its start, before it could serve, would die again, so it ends the others too.
    """

    def __init__(
        self,
        work: Work,
        count: int,
        *,
        forget: Callable[[int], None],
        stopping: Callable[[], None],
        soon: float = 10.0,
    ) -> None:
        self._work = work
        self._count = count
        self._forget = forget
        self._stopping = stopping
        self._soon = soon
        self._running: dict[SpawnProcess, float] = {}
        self._signals = 0
        self._passed_on = 0

    def run(self) -> int:
        """Serve until told to stop; give the exit code, which is 0 when all ended in good order."""
        code = 0
        with self._listening():
            for _ in range(self._count):
                self._start()
            while self._running:
                time.sleep(_TICK)
                self._pass_on()
                code = max(code, *(self._reap(process) for process in list(self._running)))
        return code

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _pass_on(self) -> None:
        if self._signals and not self._passed_on:
            self._stopping()
        while self._passed_on < self._signals:
            self._passed_on += 1
            for process in self._running:
                process.terminate()

    def _start(self) -> None:
        process = multiprocessing.get_context("spawn").Process(target=partial(_begin, self._work))
        process.start()
        self._running[process] = time.monotonic()

    def _reap(self, process: SpawnProcess) -> int:
        """Look after one process; give the exit code that it has left behind, where that is to be told."""
        if process.is_alive():
            return 0
        began, code = self._running.pop(process), process.exitcode or 0
        self._forget(process.pid or 0)
        process.close()
        if self._signals:
            # One that had not begun to listen to signals yet is ended by the signal itself.
            return 0 if code in {0, -signal.SIGTERM} else 1
        if time.monotonic() - began < self._soon:
            _LOG.error("A worker ended with code %d as soon as it had begun: the others are stopped", code)
            self._signals += 1
            return 1
        _LOG.error("A worker ended with code %d: another takes its place", code)
        self._start()
        return 0


def _begin(work: Work) -> None:
    # Until the server listens to signals itself; the terminal's is for the supervisor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work()
