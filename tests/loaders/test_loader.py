"""The loader does what Strawberry's does: the same batches, the same answers, the same that is stopped."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strawberry.dataloader import DataLoader
from strawberry.exceptions import WrongNumberOfResultsReturned

from gql_api.loaders.loader import Loader

KEYS = st.integers(0, 5)
STEPS = st.lists(
    st.tuples(st.just("load"), KEYS)
    | st.tuples(st.just("cancel"), st.integers(0, 9))
    | st.tuples(st.just("clear"), KEYS)
    | st.tuples(st.just("turns"), st.integers(1, 4)),
    max_size=25,
)
Make = Callable[[Any], DataLoader[int, str]]


class Asked:
    """Answers a batch some turns later; odd things happen to some keys."""

    def __init__(self, odd: dict[int, str]) -> None:
        self.odd = odd
        self.batches: list[list[int]] = []
        self.stopped: list[list[int]] = []

    async def ask(self, keys: list[int]) -> list[str | BaseException]:
        self.batches.append([*keys])
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.stopped.append([*keys])
            raise
        kinds = {self.odd.get(key) for key in keys}
        if "batch" in kinds:
            raise ValueError("all of it")
        found: list[str | BaseException] = [KeyError(key) if self.odd.get(key) == "key" else str(key) for key in keys]
        return found[:-1] if "short" in kinds else found


async def told(make: Make, steps: list[tuple[str, int]], odd: dict[int, str]) -> Any:
    asked = Asked(odd)
    loader = make(asked.ask)
    futures: list[Any] = []
    for kind, number in steps:
        if kind == "load":
            futures.append(loader.load(number))
        elif kind == "cancel" and number < len(futures):
            futures[number].cancel()
        elif kind == "clear" and loader.cache_map.get(number) is not None:
            loader.clear(number)
        elif kind == "turns":
            for _ in range(number):
                await asyncio.sleep(0)
    found = await asyncio.gather(*futures, return_exceptions=True)
    same = [[one is other for other in futures] for one in futures]
    return asked.batches, asked.stopped, [repr(one) for one in found], same


@given(steps=STEPS, odd=st.dictionaries(KEYS, st.sampled_from(["key", "batch", "short"]), max_size=3))
async def test_it_does_what_strawberrys_does(steps: list[tuple[str, int]], odd: dict[int, str]) -> None:
    assert await told(Loader, steps, odd) == await told(DataLoader, steps, odd)


async def test_too_few_answers_are_nobodys() -> None:
    asked = Asked({1: "short"})
    loader = Loader(asked.ask)
    found = await asyncio.gather(loader.load(0), loader.load(1), return_exceptions=True)
    assert {type(one) for one in found} == {WrongNumberOfResultsReturned}


async def test_many_are_asked_for_at_once() -> None:
    asked = Asked({})
    assert await Loader(asked.ask).load_many([1, 2, 1]) == ["1", "2", "1"]
    assert asked.batches == [[1, 2]]
