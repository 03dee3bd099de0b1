"""Readers of a conversation who stop and go on from any cursor they were given: each message comes once to each."""

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gql_api.services.following.feed import seconds_to_pause
from services.late import OVERLAP
from services.readers import Step, World

TICKS = st.sampled_from([0.0, 0.0, 0.000001, 0.1, 0.5, 0.5, 1.0, 1.0, 2.0, 3.0, 4.9, 6.0])
DELAYS = st.sampled_from([0.0, 0.0, 0.5, 2.0, 3.0, 4.9, OVERLAP])
NUMBERS = st.integers(0, 50)
MEANWHILE = st.lists(st.tuples(TICKS, DELAYS), max_size=3)
SIZES = st.one_of(st.none(), st.integers(1, 4))
WINDOWS = st.tuples(st.sampled_from(["whole", "first", "last", "edited"]), SIZES, SIZES, SIZES)
STEP = st.one_of(
    st.tuples(st.just("write"), DELAYS, st.sampled_from([1, 1, 1, 2, 3, 25, 70])),
    st.tuples(st.just("tick"), st.one_of(TICKS, TICKS, st.just(700.0))),
    st.tuples(st.just("poll"), NUMBERS, MEANWHILE),
    st.tuples(st.just("restart"), NUMBERS, MEANWHILE),
    st.tuples(st.just("pages"), st.lists(WINDOWS, min_size=1, max_size=2), MEANWHILE),
    st.tuples(st.just("edge"), NUMBERS),
    st.tuples(st.just("follow"), NUMBERS, st.one_of(st.none(), NUMBERS), MEANWHILE),
    st.tuples(st.just("stop"), NUMBERS),
)


BEHIND_A_PAGE: list[Step] = [
    ("follow", 0, 0, []),
    ("write", 4.9, 1),
    ("tick", 0.5),
    ("write", 0.0, 3),
    ("poll", 0, [(4.9, 0.0), (0.0, 0.0)]),
]
BEHIND_A_POLL: list[Step] = [
    ("follow", 0, 0, []),
    ("write", OVERLAP, 1),
    ("tick", 4.5),
    ("write", 0.0, 1),
    ("poll", 0, []),
]
MORE_THAN_A_PAGE_BEFORE: list[Step] = [
    ("write", 0.0, 1),
    ("tick", 3.0),
    ("write", 0.0, 2),
    ("tick", 3.0),
    ("write", 0.0, 1),
    ("tick", 1.0),
    ("write", 0.0, 1),
    ("pages", [("first", 1, 4, None)], []),
]
INSIDE_THE_LAST: list[Step] = [
    ("write", 0.0, 3),
    ("tick", 1.0),
    ("write", 4.9, 1),
    ("tick", 0.5),
    ("write", 0.0, 2),
    ("pages", [("last", 4, None, None)], [(4.9, 0.0), *[(0.0, OVERLAP)] * 4]),
]
OLDER_THAN_WHAT_IS_BEFORE: list[Step] = [
    ("write", 0.0, 1),
    ("tick", 1.0),
    ("write", 4.9, 1),
    ("tick", 0.5),
    ("write", 0.0, 1),
    ("pages", [("first", 2, 2, None)], [(4.9, 0.0), (0.0, OVERLAP)]),
]
QUIET_FOR_A_MOMENT: list[Step] = [
    ("follow", 0, 0, []),
    ("write", OVERLAP, 1),
    ("tick", 0.5),
    ("write", 0.0, 1),
    ("poll", 0, []),
    ("tick", 1.0),
    ("poll", 0, []),
]
NOT_POLLED_YET: list[Step] = [("write", 0.0, 1), ("edge", 0), ("follow", 0, 0, [])]


@example(BEHIND_A_PAGE, 2, 0.0)
@example(BEHIND_A_POLL, 2, 0.0)
@example(MORE_THAN_A_PAGE_BEFORE, 2, 0.0)
@example(INSIDE_THE_LAST, 2, 0.0)
@example(OLDER_THAN_WHAT_IS_BEFORE, 50, 0.0)
@example(QUIET_FOR_A_MOMENT, 50, 0.0)
@example(NOT_POLLED_YET, 50, 0.0)
@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=20, max_size=40), st.sampled_from([2, 3, 50]), st.sampled_from([-500.0, 0.0, 500.0]))
def test_each_message_comes_once_whatever_cursor_is_gone_on_from(steps: list[Step], page: int, skew: float) -> None:
    asyncio.run(World(page, skew).run(steps))


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.05, 300))
def test_polls_slow_down_while_nothing_comes_and_never_beyond_what_is_set(
    quiet: float, longer: float, slowest: float
) -> None:
    seconds = seconds_to_pause(quiet, slowest=slowest)
    assert min(1.0, slowest) <= seconds <= slowest
    assert seconds <= seconds_to_pause(quiet + longer, slowest=slowest)
    assert seconds_to_pause(4 * slowest, slowest=slowest) == slowest
