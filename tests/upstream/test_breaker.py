"""A circuit breaker opens when Acontext as a whole fails, and not for what one caller asks."""

import pytest

from gql_api.errors import UpstreamFailure
from gql_api.upstream.breaker import FAILURES, PAUSE, Breaker
from gql_api.upstream.failures import Fate, Late, Unavailable
from gql_api.upstream.refusal import Refused


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _through(breaker: Breaker, failure: UpstreamFailure | None = None) -> None:
    with breaker.guarding(late_counts=True):
        if failure:
            raise failure


def _fails(breaker: Breaker, failure: UpstreamFailure) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        _through(breaker, failure)
    assert caught.value is failure


DOWN = Unavailable("down", Fate.UNSENT)


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try_after_a_while() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES - 1):
        _fails(breaker, DOWN)
    _through(breaker)
    for _ in range(FAILURES):
        assert not breaker.is_open
        _fails(breaker, DOWN)
    assert breaker.is_open
    with pytest.raises(Unavailable) as caught:
        _through(breaker)
    assert caught.value.fate is Fate.CIRCUIT_OPEN

    clock.now += PAUSE * 1.25
    with breaker.guarding(late_counts=True), pytest.raises(Unavailable):
        _through(breaker)  # one at a time
    assert not breaker.is_open
    _through(breaker)


def test_a_breaker_stays_open_while_its_tries_fail() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        _fails(breaker, DOWN)
    for _ in range(3):
        clock.now += PAUSE * 1.25
        _fails(breaker, DOWN)
        with pytest.raises(Unavailable):
            _through(breaker)
    clock.now += PAUSE * 1.25
    _through(breaker)
    assert not breaker.is_open


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("its own words", Fate.FAILED, sound=True),
        Unavailable("too many", Fate.DEFERRED),
        Refused("no", status=400, worded=True),
    ],
    ids=["a failure in its own words", "too many requests", "a refusal"],
)
def test_what_one_caller_can_cause_does_not_open_a_breaker(failure: UpstreamFailure) -> None:
    breaker = Breaker(Clock())
    for _ in range(3 * FAILURES):
        _fails(breaker, failure)
    assert not breaker.is_open


def test_only_late_small_calls_open_a_breaker() -> None:
    breaker = Breaker(Clock())
    for counts in (False, True):
        for _ in range(FAILURES):
            with pytest.raises(Late), breaker.guarding(late_counts=counts):
                raise Late("late")
        assert breaker.is_open is counts
