"""Erasures of several processes on one PostgreSQL: one goes on with what another left, and by turns."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gql_api.events.local import LocalBroker
from gql_api.services.creation import LEASE, NewSession
from gql_api.services.erasing import Erasing
from gql_api.services.locks import SessionLocks
from gql_api.services.reconcile import REPORTS_KEPT
from gql_api.store import erasures, leases, mappings
from gql_api.store.turns import Turn
from services.parts import Parts, opened

NEW = NewSession(title=None, configs=None)
LONG = 60.0


@pytest.fixture
async def parts(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


def process(parts: Parts, turn: Turn | None = None) -> Erasing:
    """Give what one process works on erasures with."""
    return Erasing(
        locks=SessionLocks(patience=0.1),
        creation=parts.creation(),
        reconciler=parts.reconciler(),
        events=LocalBroker(),
        turn=turn,
    )


async def until_left(most: int) -> None:
    """Wait until of Ada's sessions no more than so many are left, and none that nobody has begun to delete."""
    async with asyncio.timeout(20):
        while (states := await erasures.left("ada")).get("ready") or sum(states.values()) > most:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def killed_while_deleting(parts: Parts, count: int) -> None:
    """Let a process begin to erase a user who has so many sessions, and die in the middle of a call."""
    for _ in range(count):
        await parts.creation().make("ada", NEW)
    reached = asyncio.Event()

    async def hold(_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    parts.upstream.meanwhile = hold
    dying = asyncio.create_task(process(parts).delete_user("ada"))
    await reached.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    parts.upstream.meanwhile = None


async def test_what_a_killed_process_left_another_finishes_after_its_lease(parts: Parts) -> None:
    await killed_while_deleting(parts, 20)
    [left] = await erasures.open_ones()
    other = asyncio.create_task(process(parts, Turn("erasures", "other", LONG)).run(every=0.01))
    await until_left(8)
    held = await erasures.find(left.id, "ada")
    assert held is not None
    assert held.put_off == held.left > 0  # what the dead one was at
    parts.now += LEASE + timedelta(seconds=1)
    async with asyncio.timeout(20):
        while await erasures.open_ones():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    report = await erasures.find(left.id, "ada")
    assert report is not None
    assert (report.sessions, report.disks, report.left) == (20, 20, 0)
    assert await parts.left_upstream() == (0, 0, 0)


async def test_who_has_no_turn_leaves_it_to_the_other(parts: Parts) -> None:
    await killed_while_deleting(parts, 1)
    parts.now += LEASE + timedelta(seconds=1)
    assert await Turn("erasures", "alive", LONG).take()
    waiting = process(parts, Turn("erasures", "waiting", LONG))
    assert not await waiting._try_to_advance()
    assert await erasures.open_ones()
    await Turn("erasures", "alive", -1.0).take()
    assert await waiting._try_to_advance()
    assert await erasures.open_ones() == []


async def test_a_session_that_another_process_writes_to_is_deleted_when_it_lets_go(parts: Parts) -> None:
    made = await parts.creation().make("ada", NEW)
    hold = await leases.take("ada", made.id, holder="another", seconds=LONG)
    assert hold is not None
    asked = await process(parts).delete_user("ada")
    assert (asked.erasure.finished_at, asked.erasure.left, asked.erasure.put_off) == (None, 1, 0)
    assert await leases.take("ada", made.id, holder="another", seconds=LONG) is None  # nobody begins to write any more
    assert await leases.renew(hold, seconds=LONG)  # who has begun goes on
    assert await mappings.ready("ada", [made.id]) == {}
    await leases.release(hold)
    asked = await process(parts).delete_user("ada")
    assert (asked.erasure.sessions, asked.erasure.finished_at) == (1, parts.now)
    assert await parts.left_upstream() == (0, 0, 0)


async def test_a_report_is_kept_for_90_days(parts: Parts) -> None:
    erasure = (await process(parts).delete_user("ada")).erasure
    parts.now += REPORTS_KEPT
    await parts.reconciler().purge()
    assert await erasures.find(erasure.id, "ada") == erasure
    parts.now += timedelta(seconds=1)
    assert (await parts.reconciler().expired())["reports"] == 1
    await parts.reconciler().purge()
    assert await erasures.find(erasure.id, "ada") is None
