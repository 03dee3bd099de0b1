"""Sessions that are wanted in the same moment: taken in one statement, and each as if it were alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg  # type: ignore[import-untyped]
import pytest

from databases import PostgresDatabases
from gql_api import model
from gql_api.errors import Busy, DatabaseUnavailable, NotFound
from gql_api.services.locks import SessionLocks
from services.leasing import HASTY, PATH, another, is_free, process
from services.test_lease_release import WAITING, row_locked, until_one_waits


async def waiting_in(url: str) -> int:
    """Count the statements that wait for a lock."""
    looking = await asyncpg.connect(url)
    found = await looking.fetch(WAITING)
    await looking.close()
    return len(found)


@asynccontextmanager
async def table_locked(url: str) -> AsyncIterator[None]:
    """Let all statements on sessions wait in PostgreSQL."""
    other = await asyncpg.connect(url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE session_mappings IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await other.close()


class Holder:
    """One who holds a session until it may go."""

    def __init__(self, locks: SessionLocks, session: model.Session, owner: str = "ada") -> None:
        self.session = session
        self.has_it, self.may_go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._hold(locks, owner))

    async def _hold(self, locks: SessionLocks, owner: str) -> None:
        async with locks.holding(owner, self.session.id, PATH) as held:
            assert held.session == self.session
            self.has_it.set()
            await self.may_go.wait()

    async def waited_for(self) -> None:
        async with asyncio.timeout(10):
            await self.has_it.wait()

    async def end(self) -> None:
        self.may_go.set()
        await self.task


async def test_all_of_one_moment_are_taken_by_one_statement(
    session: model.Session, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = [session, *[await another() for _ in range(4)]]
    locks = process("one")
    with caplog.at_level("DEBUG", "tortoise.db_client"):
        holders = [Holder(locks, one) for one in sessions]
        await asyncio.gather(*(holder.waited_for() for holder in holders))
        taken = [record.getMessage() for record in caplog.records if "write_fence, 0) + 1" in record.getMessage()]
    assert len(taken) == 1
    with pytest.raises(Busy):
        await process("two", patience=HASTY).holding("ada", sessions[3].id, PATH).__aenter__()
    for holder in holders:
        await holder.end()
    assert all([await is_free(one) for one in sessions])


async def test_one_that_is_not_free_holds_up_no_other(session: model.Session, url: str) -> None:
    free = [await another() for _ in range(2)]
    held = await another()
    locks, elsewhere = process("one"), Holder(process("two"), held)
    await elsewhere.waited_for()
    async with row_locked(url, session):
        holders = [Holder(locks, one) for one in (session, free[0], held, free[1])]
        await asyncio.gather(holders[1].waited_for(), holders[3].waited_for())
        assert not holders[0].has_it.is_set()
        assert not holders[2].has_it.is_set()
    await elsewhere.end()
    for holder in holders:
        await holder.waited_for()
        await holder.end()


async def test_one_of_another_user_is_not_there_for_who_asks(session: model.Session) -> None:
    other = await another()
    locks = process("one")
    holders = [Holder(locks, session), Holder(locks, other, "bob"), Holder(locks, session, "bob")]
    await holders[0].waited_for()
    for stranger in holders[1:]:
        with pytest.raises(NotFound):
            await stranger.task
    assert await is_free(other)
    await holders[0].end()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("who", [0, 1, 2])
async def test_one_who_is_cancelled_leaves_its_session_free_and_the_others_theirs(
    session: model.Session, url: str, who: int, times: int
) -> None:
    locks = process("one")
    holders = [Holder(locks, one) for one in (session, await another(), await another())]
    cancelled = holders.pop(who)
    async with table_locked(url):
        await until_one_waits(url)
        for _ in range(times):
            cancelled.task.cancel()
            await asyncio.sleep(0)
        if who:  # it is given back only when no statement can take it any more
            async with asyncio.timeout(20):
                await until_one_waits(url)
    for holder in holders:
        await holder.waited_for()
    with pytest.raises(asyncio.CancelledError):
        await cancelled.task
    async with asyncio.timeout(5), locks.holding("ada", cancelled.session.id, PATH):
        pass
    assert await is_free(cancelled.session)
    for holder in holders:
        await holder.end()


async def test_those_who_are_cancelled_at_any_time_leave_their_sessions_free(session: model.Session) -> None:
    sessions = [session, *[await another() for _ in range(2)]]
    locks = process("one")
    for step in range(60):
        holders = [Holder(locks, one) for one in sessions]
        await asyncio.sleep(step * 0.0001)
        for holder in holders[step % 3 :]:
            holder.task.cancel()
        ended = await asyncio.gather(*(holder.task for holder in holders[step % 3 :]), return_exceptions=True)
        assert {type(error) for error in ended} == {asyncio.CancelledError}
        for holder in holders[: step % 3]:
            await holder.waited_for()
            await holder.end()
        assert all([await is_free(one) for one in sessions])


async def test_all_are_told_of_a_database_that_is_away(
    session: model.Session, url: str, postgres_databases: PostgresDatabases
) -> None:
    locks = process("one")
    sessions = [session, await another(), await another()]
    await postgres_databases.shut(url)
    holders = [Holder(locks, one) for one in sessions]
    for holder in holders:
        with pytest.raises(DatabaseUnavailable):
            await holder.task
    await postgres_databases.open(url)
    async with AsyncExitStack() as stack:
        for one in sessions:
            await stack.enter_async_context(locks.holding("ada", one.id, PATH))
