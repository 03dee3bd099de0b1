"""Sessions held on PostgreSQL: one holder at a time, by the database's clock; who was passed changes nothing."""

import asyncio
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest
from sample_mappings import BEGUN, make_ready, new_intent

from gql_api import model
from gql_api.store import leases, mappings

LONG, OVER = 60.0, -1.0


@pytest.fixture
async def session(url: str) -> model.Session:
    """A ready session of Ada's."""
    return await make_ready(title="plan")


async def take(session: model.Session, holder: str = "one", *, seconds: float = LONG) -> leases.Hold | None:
    return await leases.take("ada", session.id, holder=holder, seconds=seconds)


async def test_one_of_many_holds_a_session_and_learns_how_it_is(session: model.Session) -> None:
    holds = await asyncio.gather(*(take(session, str(number)) for number in range(20)))

    [hold] = [hold for hold in holds if hold]
    assert hold == leases.Hold(session, str(holds.index(hold)), 1)


async def test_a_session_that_was_released_is_free_at_once(session: model.Session) -> None:
    for fence in (1, 2, 3):
        hold = await take(session)
        assert hold == leases.Hold(session, "one", fence)
        assert await take(session, "other") is None
        await leases.release(hold)


async def test_a_lease_that_is_over_passes_to_who_comes_next(session: model.Session) -> None:
    passed = await take(session, seconds=OVER)
    assert passed

    hold = await take(session, "other")

    assert hold == leases.Hold(session, "other", 2)
    assert not await leases.renew(passed, seconds=LONG)
    await leases.release(passed)
    assert await take(session, "third") is None
    assert await leases.renew(hold, seconds=LONG)


async def test_a_lease_that_is_over_and_that_nobody_took_can_be_renewed(session: model.Session) -> None:
    hold = await take(session, seconds=OVER)
    assert hold
    assert await leases.renew(hold, seconds=LONG)
    assert await take(session, "other") is None


async def test_a_holder_whose_answer_was_lost_takes_once_more_what_it_has(session: model.Session) -> None:
    lost = await take(session)
    assert lost
    again = await take(session)
    assert again == lost._replace(fence=2)
    await leases.release(lost)
    assert await take(session, "other") is None


async def test_a_holder_learns_as_it_lets_go_that_another_waits(session: model.Session) -> None:
    for waits, within, is_told in ((False, LONG, False), (True, LONG, True), (True, OVER, False), (False, LONG, False)):
        hold = await take(session)
        assert hold
        if waits:
            await leases.wish(session.id, holder="other")
        await leases.wish(session.id, holder="one")  # one's own wish is no other's
        assert await leases.release(hold, wished_within=within) is is_told


async def test_a_fence_is_not_enough_without_its_holder(session: model.Session) -> None:
    """A row that was restored from a backup begins to count again."""
    hold = await take(session)
    assert hold
    for forged in (hold._replace(holder="other"), hold._replace(fence=2)):
        assert not await leases.renew(forged, seconds=LONG)
        await leases.release(forged)
    assert await take(session, "third") is None


async def test_only_ready_sessions_of_the_owner_are_held(session: model.Session) -> None:
    intent = new_intent()
    await mappings.begin(intent)
    for owner, id in (("bob", session.id), ("ada", intent.id), ("ada", uuid4())):
        assert await leases.take(owner, id, holder="one", seconds=LONG) is None
    await mappings.entomb("ada", session.id, now=BEGUN, lease_until=BEGUN)
    assert await take(session) is None


async def test_who_deletes_goes_on_holding(session: model.Session) -> None:
    hold = await take(session)
    assert hold
    await mappings.entomb("ada", session.id, now=BEGUN, lease_until=BEGUN)
    assert await leases.renew(hold, seconds=LONG)


async def test_many_are_let_go_at_once_but_for_those_that_others_have_or_are_at(
    session: model.Session, url: str
) -> None:
    sessions = [session, *[await make_ready(title=str(number)) for number in range(3)]]
    holds = [await take(one, seconds=OVER if one is sessions[1] else LONG) for one in sessions]
    assert await take(sessions[1], "other")
    await leases.wish(sessions[2].id, holder="other")
    other = await asyncpg.connect(url)
    async with other.transaction(), asyncio.timeout(5):
        await other.execute("SELECT 1 FROM session_mappings WHERE id = $1 FOR UPDATE", sessions[3].id)
        free = await leases.release_all([hold for hold in holds if hold], wished_within=LONG)
    await other.close()
    assert free == {sessions[0].id: False, sessions[2].id: True}
    assert [bool(await take(one, "third")) for one in sessions] == [True, False, True, False]


async def test_many_are_let_go_only_by_their_holder(session: model.Session) -> None:
    hold = await take(session)
    assert hold
    forged = [hold._replace(holder="other"), hold._replace(fence=2)]
    for one in forged:
        assert await leases.release_all([one, one], wished_within=LONG) == {}
    assert await take(session, "third") is None
