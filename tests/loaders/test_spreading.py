"""The calls of a batch: all at once, or few at a time where many others wait."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.loaders.spreading import FEW, spread


class Asked:
    """Answers when it is told to; `crowded` says, one after the other, what it is told when it asks."""

    def __init__(self, failing: Sequence[int] = ()) -> None:
        self.failing = failing
        self.at_work = 0
        self.most = 0
        self.keys: list[int] = []
        self.gate = asyncio.Event()

    async def ask(self, key: int) -> str:
        self.keys.append(key)
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.at_work -= 1
        if key in self.failing:
            raise ValueError(key)
        return f"answer {key}"


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@given(
    keys=st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=30),
    failing=st.sets(st.integers(0, 99)),
    crowded=st.lists(st.booleans(), max_size=40),
)
async def test_each_key_gets_its_own_answer_once(keys: list[int], failing: set[int], crowded: list[bool]) -> None:
    asked = Asked([*failing])
    asked.gate.set()
    said = iter(crowded)

    found = await spread(asked.ask, keys, lambda: next(said, False))

    assert sorted(asked.keys) == sorted(keys)
    assert [str(answer) for answer in found] == [str(key) if key in failing else f"answer {key}" for key in keys]


@pytest.mark.parametrize(("crowded", "at_once"), [(False, 20), (True, FEW)])
async def test_where_it_is_crowded_few_are_asked_at_a_time(crowded: bool, at_once: int) -> None:
    asked = Asked()
    spreading = asyncio.ensure_future(spread(asked.ask, range(20), lambda: crowded))
    await settled()
    begun = asked.at_work
    asked.gate.set()
    await spreading

    assert (begun, asked.most) == (at_once, at_once)


async def test_when_the_crowd_has_gone_the_rest_are_asked_at_once() -> None:
    asked, crowd = Asked(), [True]
    spreading = asyncio.ensure_future(spread(asked.ask, range(20), lambda: crowd[0]))
    await settled()
    crowd[0] = False
    asked.gate.set()
    await settled()
    asked.gate.clear()
    await spreading

    assert asked.most >= 20 - FEW


async def test_who_is_cancelled_leaves_nothing_under_way() -> None:
    asked = Asked()
    spreading = asyncio.ensure_future(spread(asked.ask, range(20), lambda: True))
    await settled()
    spreading.cancel()
    await settled()

    assert (asked.at_work, len(asked.keys), spreading.cancelled()) == (0, FEW, True)
