"""Failed calls of Acontext, told apart by what may have become of them: that decides whether to call again."""

from enum import Enum

from gql_api.errors import UpstreamFailure, UpstreamTimeout, UpstreamUnavailable
from gql_api.upstream.refusal import Refused


class Fate(Enum):
    """What became of a call that failed."""

    UNSENT = "unsent"
    """It never left: no connection was to be had."""
    DEFERRED = "deferred"
    """Acontext, or a proxy before it, did not take it up and asks to come again later (429)."""
    FAILED = "failed"
    """Acontext answered with a failure: it may have had a part of its effect, and has no other."""
    ASTRAY = "astray"
    """Something before Acontext answered with a failure: it may have had its effect, or have it later."""
    LOST = "lost"
    """The connection broke: it may have had its effect, or have it later."""
    LATE = "late"
    """No answer in time: it may still have its effect."""
    UNREADABLE = "unreadable"
    """It was answered, in no form that Acontext uses."""
    CLOSED = "closed"
    """It was not tried: this server ends."""
    CIRCUIT_OPEN = "circuit_open"
    """It was not tried: too many before it had failed."""


_HARMLESS = frozenset({Fate.UNSENT, Fate.DEFERRED, Fate.CLOSED, Fate.CIRCUIT_OPEN})
"""Fates of calls that certainly had no effect."""


class Unavailable(UpstreamUnavailable):
    """No use of Acontext was to be had.

    `sound` tells that Acontext itself gave the answer: then it is up, whatever is wrong with this one call.
    """

    def __init__(self, message: str, fate: Fate, *, sound: bool = False) -> None:
        super().__init__(message)
        self.fate = fate
        self.sound = sound


class TooMuch(Unavailable):
    """An answer is larger than any may be: who asked for a page may ask for a smaller one."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Acontext gave an answer of more than {most} bytes.", Fate.UNREADABLE, sound=True)


class Late(UpstreamTimeout):
    """No answer in time; `Fate.UNSENT` when not even a connection was had in time."""

    def __init__(self, message: str, fate: Fate = Fate.LATE) -> None:
        super().__init__(message)
        self.fate = fate


def is_harmless(failure: UpstreamFailure) -> bool:
    """Tell whether a call that failed so certainly had no effect."""
    return isinstance(failure, Refused) or getattr(failure, "fate", None) in _HARMLESS


def may_still_come(failure: BaseException) -> bool:
    """Tell whether a call that ended so may have its effect later, as one that was cancelled."""
    if not isinstance(failure, UpstreamFailure):
        return True
    return not is_harmless(failure) and getattr(failure, "fate", None) is not Fate.FAILED
