"""A circuit breaker: when Acontext is down, calls fail at once instead of waiting for it one by one."""

import logging
import random
from collections.abc import Callable
from types import TracebackType

from gql_api.errors import UpstreamFailure
from gql_api.upstream.failures import Fate, Late, Unavailable

_LOG = logging.getLogger(__name__)

FAILURES = 10
"""So many failures in a row open it."""
PAUSE = 5.0
"""Seconds until one call may try again; up to a quarter more, so that replicas do not try in step."""
_DOWN = "Acontext has failed too often of late; it is asked again in some seconds."


class Breaker:
    """One for each Acontext. `clock` gives seconds.

    Only what speaks of Acontext as a whole counts: no connection, a broken one, a proxy's word that nobody is behind
    it, no answer in time to a small call. What one caller may cause by asking oddly (a refusal, a 500 in Acontext's own
    words, a long conversation that takes long to read) does not open it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._probe_at = 0.0
        self._is_open = False
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused."""
        return self._is_open

    def guarding(self, *, late_counts: bool) -> "_Guarded":
        """Make one call; raise `Unavailable` instead when it is open. While it is open one call at a time may probe."""
        return _Guarded(self, late_counts=late_counts)

    def enter(self) -> bool:
        """Let a call begin; tell whether it probes."""
        if not self._is_open:
            return False
        if self._is_probing or self._clock() < self._probe_at:
            raise Unavailable(_DOWN, Fate.CIRCUIT_OPEN)
        self._is_probing = True
        return True

    def leave(self, error: BaseException | None, *, probe: bool, late_counts: bool) -> None:
        """Take notice of how a call ended."""
        if probe:
            self._is_probing = False
        if error is None:
            self._close()
        elif isinstance(error, UpstreamFailure):
            self._note(error, late_counts=late_counts)

    def _note(self, failure: UpstreamFailure, *, late_counts: bool) -> None:
        if isinstance(failure, Late):
            if late_counts:
                self._fail()
        elif not isinstance(failure, Unavailable):
            self._close()  # a refusal is an answer
        elif not failure.sound and failure.fate is not Fate.DEFERRED:
            self._fail()

    def _fail(self) -> None:
        self._failures += 1
        if self._failures < FAILURES:
            return
        self._probe_at = self._clock() + PAUSE * random.uniform(1, 1.25)  # noqa: S311  no secret
        if not self._is_open:
            self._is_open = True
            _LOG.error("Acontext failed %d times in a row: it is left alone for a while", self._failures)

    def _close(self) -> None:
        self._failures = 0
        if self._is_open:
            self._is_open = False
            _LOG.warning("Acontext answers again")


class _Guarded:
    """One call. A class, since every call passes here: what a generator makes of it takes four times as long."""

    __slots__ = ("_breaker", "_is_probe", "_late_counts")

    def __init__(self, breaker: Breaker, *, late_counts: bool) -> None:
        self._breaker = breaker
        self._late_counts = late_counts

    def __enter__(self) -> None:
        self._is_probe = self._breaker.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._breaker.leave(error, probe=self._is_probe, late_counts=self._late_counts)
