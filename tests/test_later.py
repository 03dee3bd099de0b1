"""Calls that are due later, and limits of time on timers that are shared; on event loops whose clocks stand still."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.later import Later, Limit

STEP = 0.5


class Clocked(asyncio.SelectorEventLoop):
    """Turns when it is told to, at the time that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.timers = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, **options)

    def turn(self, times: int = 1, *, at: float | None = None) -> None:
        self.now = self.now if at is None else at
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def begin(self, work: Coroutine[Any, Any, str]) -> "asyncio.Task[str]":
        task = self.create_task(work)
        self.turn()
        return task


@pytest.fixture
def loop() -> Iterator[Clocked]:
    with closing(Clocked()) as loop:
        yield loop
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.turn(5)


@given(began=st.floats(0, 1e6), seconds=st.floats(0, 1e4), step=st.floats(0.01, 10))
def test_what_is_due_is_called_once_in_time_and_a_step_late_at_most(began: float, seconds: float, step: float) -> None:
    called: list[float] = []
    with closing(Clocked()) as loop:
        loop.now = began
        Later(step).put(loop, seconds, lambda: called.append(loop.now))
        loop.turn(at=began + seconds - 1e-5)
        assert called == []
        end = began + seconds + step + 1e-5
        loop.turn(at=end)
        loop.turn(at=end + 100 * step)
        assert called == [end]


def test_what_was_discarded_is_not_called(loop: Clocked) -> None:
    called: list[str] = []
    later = Later(STEP)
    for name in ("kept", "given up"):
        call = partial_append(called, name)
        due = later.put(loop, 3, call)
        if name == "given up":
            due.discard(call)
    loop.turn(at=110)

    assert called == ["kept"]


def partial_append(to: list[str], name: str) -> Callable[[], None]:
    return lambda: to.append(name)


def test_all_that_are_due_about_then_share_one_timer(loop: Clocked) -> None:
    called: list[str] = []
    later = Later(STEP)
    for number in range(100):
        later.put(loop, 3 + number * STEP / 200, partial_append(called, str(number)))
    assert loop.timers == 1
    loop.turn(at=103.6)
    assert sorted(called, key=int) == [str(number) for number in range(100)]

    later.put(loop, 3, partial_append(called, "next"))
    loop.turn(at=110)
    assert (called[100:], loop.timers) == (["next"], 2)


def test_each_event_loop_has_its_own(loop: Clocked) -> None:
    called: list[asyncio.AbstractEventLoop] = []
    later = Later(STEP)
    with closing(Clocked()) as other:
        for one in (loop, other):
            later.put(one, 3, lambda: called.append(asyncio.get_running_loop()))
        loop.turn(at=110)
        assert called == [loop]
        other.turn(at=110)
        assert called == [loop, other]


async def waiting(later: Later, *limits: float) -> str:
    """Wait for ever, within limits of which each is in the one before; tell which one ended it."""
    if not limits:
        await asyncio.Event().wait()
    try:
        async with Limit(later, asyncio.get_running_loop(), limits[0]):
            return await waiting(later, *limits[1:])
    except TimeoutError:
        return f"ended by {limits[0]}"


def test_what_takes_too_long_is_ended(loop: Clocked) -> None:
    task = loop.begin(waiting(Later(STEP), 3))
    loop.turn(5, at=102.9)
    assert not task.done()
    loop.turn(5, at=103.6)
    assert task.result() == "ended by 3"
    assert task.cancelling() == 0


@pytest.mark.parametrize(("limits", "end"), [((7, 3), 3), ((3, 7), 3), ((3.1, 3), 3.1), ((3, 3.1), 3), ((9, 3, 5), 3)])
def test_of_limits_within_each_other_the_one_that_is_over_ends_it(
    loop: Clocked, limits: tuple[float, ...], end: float
) -> None:
    """Where two are over at once it is the outer one, as with `asyncio.timeout`."""
    task = loop.begin(waiting(Later(STEP), *limits))
    loop.turn(10, at=103.6)

    assert task.result() == f"ended by {end}"


@pytest.mark.parametrize("turns", range(3))
def test_who_is_cancelled_when_the_time_is_over_is_cancelled(loop: Clocked, turns: int) -> None:
    """After three turns it would have been told of the time."""
    task = loop.begin(waiting(Later(STEP), 3))
    loop.turn(turns, at=110)
    task.cancel()
    loop.turn(5)

    assert task.cancelled()


@pytest.mark.parametrize("fails", [False, True])
def test_what_ended_in_time_leaves_nothing_behind(loop: Clocked, fails: bool) -> None:
    later = Later(STEP)
    call = partial_append([], "another")
    due = later.put(loop, 3, call)

    async def work() -> str:
        try:
            async with Limit(later, loop, 3):
                assert len(due) == 2
                if fails:
                    raise ValueError
        except ValueError:
            pass
        await asyncio.Event().wait()
        return "never"

    task = loop.begin(work())
    assert due == {call}
    loop.turn(5, at=110)
    assert (task.done(), task.cancelling()) == (False, 0)
