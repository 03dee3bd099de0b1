"""The queue of this process for a session: one at a time, in the order of coming; patience ends; nothing stays."""

import asyncio
from uuid import UUID, uuid4

import pytest

from gql_api.errors import Busy
from gql_api.services.locks import SessionLocks

PATIENT, HASTY = 30.0, 0.01


async def test_holders_of_one_session_follow_each_other_in_the_order_of_coming() -> None:
    locks, id = SessionLocks(patience=PATIENT), uuid4()
    seen: list[str] = []

    async def hold(number: int) -> None:
        async with locks.queued(id):
            seen.append(f"in {number}")
            await asyncio.sleep(0)
            seen.append(f"out {number}")

    await asyncio.gather(*(hold(number) for number in range(5)))
    assert seen == [f"{way} {number}" for number in range(5) for way in ("in", "out")]


async def test_sessions_do_not_wait_for_each_other() -> None:
    locks = SessionLocks(patience=HASTY)
    async with locks.queued(uuid4()), locks.queued(uuid4()), locks.queued(uuid4()):
        pass


async def test_who_waits_too_long_is_told_that_the_session_is_busy() -> None:
    locks, id = SessionLocks(patience=HASTY), uuid4()
    async with locks.queued(id):
        with pytest.raises(Busy) as caught:
            async with locks.queued(id):
                raise AssertionError
        assert caught.value.code == "BUSY"
    async with locks.queued(id):
        pass


async def test_a_holder_that_fails_or_is_cancelled_lets_go() -> None:
    locks, id = SessionLocks(patience=HASTY), uuid4()
    with pytest.raises(RuntimeError, match="failed"):
        async with locks.queued(id):
            raise RuntimeError("failed")
    entered = asyncio.Event()

    async def hold() -> None:
        async with locks.queued(id):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with locks.queued(id):
        pass


async def test_one_who_gives_up_waiting_does_not_hold_up_the_next() -> None:
    locks, id = SessionLocks(patience=PATIENT), uuid4()

    async def hold() -> str:
        async with locks.queued(id):
            return "held"

    async with locks.queued(id):
        waiting = [asyncio.create_task(hold()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert ended[1:] == ["held", "held"]


async def wait_in_vain(locks: SessionLocks, id: UUID) -> None:
    with pytest.raises(Busy):
        async with locks.queued(id):
            raise AssertionError


async def test_a_lock_is_there_only_while_somebody_needs_it() -> None:
    locks = SessionLocks(patience=HASTY)
    for _ in range(3):
        id = uuid4()
        async with locks.queued(id):
            await wait_in_vain(locks, id)
            assert list(locks._queues) == [id]
    assert not locks._queues
