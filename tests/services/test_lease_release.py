"""Sessions that are given back: behind who held them, and whatever may have been taken by one who was cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import pytest

from gql_api import model
from gql_api.services import locks as locks_module
from services.leasing import PATH, another, is_free, process, settled

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def row_locked(url: str, session: model.Session) -> AsyncIterator[None]:
    """Let all statements that change the session's row wait in PostgreSQL."""
    other = await asyncpg.connect(url)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM session_mappings WHERE id = $1 FOR UPDATE", session.id)
            yield
    finally:
        await other.close()


async def until_one_waits(url: str) -> None:
    looking = await asyncpg.connect(url)
    while not await looking.fetch(WAITING):  # noqa: ASYNC110 - it waits in another process
        await asyncio.sleep(0.01)
    await looking.close()


@pytest.mark.parametrize("times", [1, 2])
async def test_one_who_is_cancelled_while_the_database_works_on_it_leaves_the_session_free(
    session: model.Session, url: str, times: int
) -> None:
    locks = process("one")

    async def hold() -> None:
        async with locks.holding("ada", session.id, PATH):
            raise AssertionError

    async with row_locked(url, session):
        task = asyncio.create_task(hold())
        await until_one_waits(url)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_free(session)
    async with locks.holding("ada", session.id, PATH):
        pass


async def test_one_who_is_cancelled_at_any_time_while_it_takes_the_session_leaves_it_free(
    session: model.Session,
) -> None:
    """Also just when the answer has come that it is taken, which it does not learn any more."""
    locks = process("one")

    async def hold() -> None:
        async with locks.holding("ada", session.id, PATH):
            await asyncio.Event().wait()

    for step in range(60):
        task = asyncio.create_task(hold())
        await asyncio.sleep(step * 0.0001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await is_free(session)


async def test_who_is_done_need_not_wait_until_the_session_is_given_back_but_the_next_one_does(
    session: model.Session, url: str
) -> None:
    locks, seen = process("one"), list[str]()

    async def hold(name: str) -> None:
        async with locks.holding("ada", session.id, PATH):
            seen.append(name)

    async with AsyncExitStack() as locked:
        async with asyncio.timeout(1), locks.holding("ada", session.id, PATH):
            await locked.enter_async_context(row_locked(url, session))
        next_one = asyncio.create_task(hold("next"))
        await until_one_waits(url)
        assert seen == []
    await next_one
    assert seen == ["next"]
    assert await is_free(session)


async def test_what_cannot_be_given_back_does_not_hold_up_the_end_of_a_process(
    session: model.Session, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    locks = process("one")
    async with AsyncExitStack() as locked, asyncio.timeout(1), locks.open(patience=0.1):
        holding = locks.holding("ada", session.id, PATH)
        await holding.__aenter__()
        await locked.enter_async_context(row_locked(url, session))
        await holding.__aexit__(None, None, None)
    assert "1 leases could not be released in time" in caplog.text


@pytest.fixture
def gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let leases be gathered for so long that none goes back by time alone."""
    monkeypatch.setattr(locks_module, "_TOGETHER", 3600.0)


@pytest.mark.usefixtures("gathering")
async def test_one_that_is_gathered_is_given_back_at_once_for_who_comes_next_here(session: model.Session) -> None:
    locks = process("one")
    async with asyncio.timeout(5):
        for _ in range(3):
            async with locks.holding("ada", session.id, PATH):
                pass


@pytest.mark.usefixtures("gathering")
async def test_one_is_given_back_at_once_where_another_waits_here_already(session: model.Session) -> None:
    locks, entered = process("one"), asyncio.Event()

    async def hold() -> None:
        async with locks.holding("ada", session.id, PATH):
            entered.set()
            await asyncio.sleep(0.01)

    first = asyncio.create_task(hold())
    await entered.wait()
    async with asyncio.timeout(5):
        await asyncio.gather(first, hold())


@pytest.mark.usefixtures("gathering")
async def test_all_that_is_gathered_is_given_back_at_the_end_one_that_is_locked_as_soon_as_it_can(
    session: model.Session, url: str
) -> None:
    sessions = [session, *[await another() for _ in range(3)]]
    locks = process("one")
    looking = await asyncpg.connect(url)

    async def free() -> set[UUID]:
        return {row["id"] for row in await looking.fetch("SELECT id FROM session_mappings WHERE write_holder IS NULL")}

    for one in sessions:
        async with locks.holding("ada", one.id, PATH):
            pass
    assert await free() == set()
    async with row_locked(url, session):
        ending = asyncio.create_task(settled())
        await until_one_waits(url)
        assert await free() == {one.id for one in sessions[1:]}
    await ending
    assert await free() == {one.id for one in sessions}
    await looking.close()


async def test_one_that_ends_alone_is_given_back_without_anybody_asking(session: model.Session, url: str) -> None:
    async with process("one").holding("ada", session.id, PATH):
        pass
    looking = await asyncpg.connect(url)
    async with asyncio.timeout(5):
        while await looking.fetchval("SELECT write_holder FROM session_mappings"):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.005)
    await looking.close()
