"""The sweep of several processes on one PostgreSQL: one works at a time, and what it comes to is told once."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from api.odd_upstream import answering
from gql_api.services.creation import LEASE
from gql_api.store.turns import Turn
from gql_api.telemetry import listening
from gql_api.telemetry.metrics import Metrics
from gql_api.telemetry.names import Names
from services.parts import Parts, opened

LONG, OVER = 60.0, -1.0


@pytest.fixture
async def parts(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


def turn(holder: str, *, seconds: float = LONG) -> Turn:
    return Turn("sweep", holder, seconds)


async def leave_open(parts: Parts, count: int = 1) -> None:
    """Begin sessions and die, long ago."""
    for _ in range(count):
        assert await parts.creation().begin("ada", id=uuid4(), title=None, adopted=False) is not None
    parts.now += LEASE + timedelta(seconds=1)


async def test_of_many_one_has_the_turn_and_keeps_it(url: str) -> None:
    taken = await asyncio.gather(*(turn(str(number)).take() for number in range(20)))
    assert taken.count(True) == 1
    holder = str(taken.index(True))
    assert await turn(holder).take()
    assert not await turn("another").take()
    assert await Turn("something else", "another", LONG).take()


async def test_a_turn_that_is_over_or_left_is_anothers(url: str) -> None:
    assert await turn("one", seconds=OVER).take()
    assert await turn("two").take()
    await turn("one").leave()  # it is not the first one's any more
    assert not await turn("one").take()
    await turn("two").leave()
    assert await turn("one").take()


async def test_who_has_no_turn_does_nothing_until_the_other_is_gone(parts: Parts) -> None:
    await leave_open(parts)
    assert await turn("dead", seconds=LONG).take()
    assert await parts.reconciler(turn("alive")).sweep() == 0
    await turn("dead", seconds=OVER).take()
    assert await parts.reconciler(turn("alive")).sweep() == 1


async def test_who_loses_the_turn_stops_after_the_session_at_hand(parts: Parts) -> None:
    await leave_open(parts, 3)
    out_of_breath = turn("slow", seconds=OVER)

    async def another_begins(_: object) -> None:
        parts.upstream.meanwhile = None
        assert await turn("quick").take()

    parts.upstream.meanwhile = another_begins
    assert await parts.reconciler(out_of_breath).sweep() == 1
    assert await parts.reconciler(turn("quick")).sweep() == 2


async def test_who_ends_leaves_the_turn_to_another(parts: Parts) -> None:
    sweeping = asyncio.create_task(parts.reconciler(turn("one")).run(every=LONG))
    async with asyncio.timeout(30):
        while not await _is_taken():  # noqa: ASYNC110 - the sweep tells nobody that it began
            await asyncio.sleep(0.01)
    sweeping.cancel()
    await asyncio.wait([sweeping])
    assert await turn("two").take()


async def _is_taken() -> bool:
    """Look by a turn that is over as soon as it is taken."""
    return not await turn("nobody", seconds=OVER).take()


async def test_what_the_sweep_comes_to_is_counted_each_time_and_told_once(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gql_api.services.reconcile")
    registry = CollectorRegistry()
    await leave_open(parts)
    reconciler = parts.reconciler(turn("one"))
    parts.upstream.instead = answering(500, {"code": 500, "msg": "down"})
    with listening([Metrics(registry, "", Names())]):
        for _ in range(3):
            assert await reconciler.sweep() == 0
            parts.now += LEASE + timedelta(seconds=1)
        parts.upstream.instead = None
        assert await reconciler.sweep() == 1

    def counted(outcome: str) -> float | None:
        return registry.get_sample_value("gql_api_sweep_sessions_total", {"state": "creating", "outcome": outcome})

    assert (counted("put_off"), counted("ok")) == (3, 1)
    told = [record.getMessage() for record in caplog.records if record.name == "gql_api.services.reconcile"]
    assert told == [
        "an open creating is left for later: Unavailable",
        "the sweep finished an open creating",
    ]
