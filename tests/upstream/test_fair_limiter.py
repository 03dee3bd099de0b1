"""Calls at a time are bounded, and requests share the bound whatever each of them asks for."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api.upstream.fair_limiter import FairLimiter


@asynccontextmanager
async def one(limiter: FairLimiter, lane: Hashable) -> AsyncIterator[None]:
    """Hold a place."""
    await limiter.take(lane)
    try:
        yield
    finally:
        limiter.give_back()


async def _settled() -> None:
    """Let every task come as far as it can by itself."""
    for _ in range(10):
        await asyncio.sleep(0)


class Worker:
    """Takes limiter and notes their order."""

    def __init__(self, limiter: FairLimiter) -> None:
        self.limiter = limiter
        self.order: list[Hashable] = []
        self.at_work = 0
        self.most = 0
        self.gate = asyncio.Event()

    async def work(self, lane: Hashable, name: Hashable) -> None:
        async with one(self.limiter, lane):
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            self.order.append(name)
            try:
                await self.gate.wait()
                await asyncio.sleep(0)
            finally:
                self.at_work -= 1


async def test_one_that_asks_for_little_does_not_wait_for_one_that_asks_for_much() -> None:
    worker = Worker(FairLimiter(1))
    tasks = [asyncio.create_task(worker.work("greedy", number)) for number in range(50)]
    await _settled()
    assert worker.limiter.waiting == 49
    tasks += [asyncio.create_task(worker.work("modest", name)) for name in ("a", "b")]
    await _settled()
    assert worker.limiter.waiting == 51

    worker.gate.set()
    await asyncio.gather(*tasks)

    assert worker.order[:6] == [0, 1, "a", 2, "b", 3]
    assert worker.order[6:] == [*range(4, 50)]
    assert worker.most == 1


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20),
)
@settings(max_examples=100, deadline=None)
def test_no_place_is_lost_or_taken_twice(most: int, wanted: list[tuple[str, bool]]) -> None:
    """Whoever is cancelled, waiting or at work."""

    async def run() -> None:
        worker = Worker(FairLimiter(most))
        tasks = [asyncio.create_task(worker.work(lane, index)) for index, (lane, _) in enumerate(wanted)]
        await asyncio.sleep(0)
        for task, (_, cancelled) in zip(tasks, wanted, strict=True):
            if cancelled:
                task.cancel()
        await asyncio.sleep(0)
        worker.gate.set()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert worker.most <= most
        assert worker.limiter.waiting == 0
        kept = [index for index, (_, cancelled) in enumerate(wanted) if not cancelled]
        assert set(kept) <= set(worker.order)
        again = Worker(worker.limiter)
        later = [asyncio.create_task(again.work(number, number)) for number in range(most)]
        await _settled()
        assert again.at_work == most
        again.gate.set()
        await asyncio.gather(*later)

    asyncio.run(run())


async def test_a_place_that_comes_in_the_moment_of_a_cancellation_goes_to_the_next() -> None:
    limiter = FairLimiter(1)
    async with one(limiter, "a"):
        leaving = asyncio.create_task(_hold(limiter, "b"))
        following = asyncio.create_task(_hold(limiter, "c"))
        await _settled()
        assert limiter.waiting == 2
    leaving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await leaving
    await asyncio.wait_for(following, 5)


async def _hold(limiter: FairLimiter, lane: Hashable) -> None:
    async with one(limiter, lane):
        await asyncio.sleep(0)
