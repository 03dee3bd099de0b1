"""The life of a mapping: begun, bound, changed, deleted, swept; each on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from sample_mappings import BEGUN, LEASE_END, make_ready, new_disk, new_intent

from gql_api import model
from gql_api.model import MappingState
from gql_api.store import mappings
from gql_api.store.changing import NO_CHANGE, Change, change

pytestmark = pytest.mark.usefixtures("database")

LATER = BEGUN + timedelta(hours=1, microseconds=1)
NO_FILTER = model.SessionFilter()


def mapping_of(intent: mappings.Intent, *, lease_until: datetime | None = None) -> model.Mapping:
    return model.Mapping(
        id=intent.id,
        user=intent.owner,
        title=intent.title,
        state=MappingState.CREATING,
        disk_id=None,
        adopted=intent.adopted,
        nonce=intent.nonce,
        created_at=intent.now,
        updated_at=intent.now,
        lease_until=lease_until or intent.lease_until,
    )


async def state_of(id: UUID) -> MappingState | None:
    found = await mappings.find(id)
    return found.state if found else None


async def test_an_intent_is_written_down_and_seen_by_no_reader() -> None:
    intent = new_intent(title="Grüße", adopted=True)

    assert await mappings.begin(intent) is True

    assert await mappings.find(intent.id) == mapping_of(intent)
    assert await mappings.ready("ada", [intent.id]) == {}
    assert await mappings.count("ada", NO_FILTER) == 0


async def test_a_taken_id_is_not_begun_again_by_anyone() -> None:
    intent = new_intent()
    await mappings.begin(intent)

    assert await mappings.begin(intent) is False
    assert await mappings.begin(replace(intent, owner="bob", nonce="other")) is False

    assert await mappings.find(intent.id) == mapping_of(intent)


async def test_an_unknown_id_is_not_found() -> None:
    assert await mappings.find(uuid4()) is None


async def test_a_bound_session_is_whole_and_ready() -> None:
    intent, disk = new_intent(title="Plan"), new_disk()
    await mappings.begin(intent)

    bound = await mappings.bind(intent.id, disk=disk, lease_until=LEASE_END, now=LATER)

    expected = model.Session(
        id=intent.id,
        user="ada",
        title="Plan",
        disk_id=disk.id,
        disk_created_at=disk.created_at,
        created_at=BEGUN,
        updated_at=LATER,
    )
    assert bound == expected
    assert await mappings.ready("ada", [intent.id]) == {intent.id: expected}
    assert await mappings.ready_by_disk("ada", [disk.id]) == {disk.id: expected}


async def test_a_session_is_bound_once() -> None:
    session = await make_ready()

    assert await mappings.bind(session.id, disk=new_disk(), lease_until=LEASE_END, now=LATER) is None

    assert await mappings.ready("ada", [session.id]) == {session.id: session}


async def test_a_maker_whose_lease_was_taken_over_binds_nothing() -> None:
    intent = new_intent()
    await mappings.begin(intent)
    until = LATER + timedelta(minutes=1)
    await mappings.claim_unfinished(now=LATER, lease_until=until, limit=10)
    assert await mappings.bind(intent.id, disk=new_disk(), lease_until=LEASE_END, now=LATER) is None
    assert not await mappings.hold(intent.id, lease_until=LEASE_END, until=LATER)

    assert await mappings.find(intent.id) == mapping_of(intent, lease_until=until)


async def test_a_disk_is_bound_to_one_session_only() -> None:
    first, second = await make_ready(), new_intent()
    await mappings.begin(second)

    with pytest.raises(mappings.DiskTaken):
        await mappings.bind(second.id, disk=new_disk(first.disk_id), lease_until=LEASE_END, now=LATER)

    assert await mappings.find(second.id) == mapping_of(second)
    assert await mappings.ready_by_disk("ada", [first.disk_id]) == {first.disk_id: first}


async def test_a_disk_stays_bound_until_its_tombstone_is_gone() -> None:
    session = await make_ready()
    bound = [await mappings.disk_is_bound(session.disk_id)]
    await mappings.entomb("ada", session.id, now=LATER, lease_until=LATER)
    bound.append(await mappings.disk_is_bound(session.disk_id))
    await mappings.bury(session.id, now=LATER)
    bound.append(await mappings.disk_is_bound(session.disk_id))
    await mappings.purge_tombstones(before=LATER + timedelta(days=1))
    bound.append(await mappings.disk_is_bound(session.disk_id))

    assert bound == [True, True, True, False]


async def test_readers_get_their_own_ready_sessions_among_the_ids() -> None:
    mine, other, foreign, unfinished = await make_ready(), await make_ready(), await make_ready("bob"), new_intent()
    await mappings.begin(unfinished)
    ids = [mine.id, foreign.id, unfinished.id, uuid4(), mine.id]
    disks = [mine.disk_id, foreign.disk_id, uuid4()]

    assert await mappings.ready("ada", ids) == {mine.id: mine}
    assert await mappings.ready("ada", [other.id, mine.id]) == {mine.id: mine, other.id: other}
    assert await mappings.ready("ada", []) == {}
    assert await mappings.ready_by_disk("ada", disks) == {mine.disk_id: mine}
    assert await mappings.ready_by_disk("ada", []) == {}


async def test_an_abandoned_intent_frees_its_id() -> None:
    intent = new_intent()
    await mappings.begin(intent)

    await mappings.abandon(intent.id, nonce="of one that was taken over")
    assert await mappings.find(intent.id) is not None
    await mappings.abandon(intent.id, nonce=intent.nonce)

    assert await mappings.find(intent.id) is None
    assert await mappings.begin(intent) is True


async def test_a_ready_session_cannot_be_abandoned() -> None:
    session = await make_ready()

    found = await mappings.find(session.id)
    assert found is not None

    await mappings.abandon(session.id, nonce=found.nonce)

    assert await mappings.ready("ada", [session.id]) == {session.id: session}


@pytest.mark.parametrize("title", ["Anders", None, "", "%_\\'\";--", "👩‍👩‍👧 שלום", "x" * 1000])
async def test_a_title_is_kept_as_it_is_given(title: str | None) -> None:
    session = await make_ready(title="Before")

    renamed = await change("ada", session.id, Change(title=(title,)), now=LATER)

    assert renamed == session._replace(title=title, updated_at=LATER)
    assert await mappings.ready("ada", [session.id]) == {session.id: renamed}


async def test_a_renamed_session_is_found_by_its_new_title_only() -> None:
    session = await make_ready(title="Before")

    await change("ada", session.id, Change(title=("After",)), now=LATER)

    assert await mappings.count("ada", model.SessionFilter(title_contains="before")) == 0
    assert await mappings.count("ada", model.SessionFilter(title_contains="after")) == 1


async def test_touching_moves_the_time_of_change_only() -> None:
    session = await make_ready(title="Plan")

    assert await change("ada", session.id, NO_CHANGE, now=LATER) == session._replace(updated_at=LATER)


async def test_a_strangers_session_cannot_be_changed() -> None:
    session = await make_ready("bob")

    assert await change("ada", session.id, Change(title=("Mine",)), now=LATER) is None
    assert await change("ada", session.id, NO_CHANGE, now=LATER) is None
    assert await mappings.entomb("ada", session.id, now=LATER, lease_until=LATER) is None

    assert await mappings.ready("bob", [session.id]) == {session.id: session}


async def test_an_entombed_session_is_gone_for_readers_and_known_to_services() -> None:
    session = await make_ready(title="Plan")

    entombed = await mappings.entomb("ada", session.id, now=LATER, lease_until=LATER)

    assert entombed == model.Mapping(
        id=session.id,
        user="ada",
        title=None,
        state=MappingState.DELETING,
        disk_id=session.disk_id,
        adopted=False,
        nonce="nonce",
        created_at=BEGUN,
        updated_at=LATER,
        lease_until=LATER,
    )
    assert await mappings.find(session.id) == entombed
    assert await mappings.ready("ada", [session.id]) == {}
    assert await mappings.entomb("ada", session.id, now=LATER, lease_until=LATER) is None
    assert await change("ada", session.id, NO_CHANGE, now=LATER) is None


async def test_a_buried_session_keeps_its_row_and_its_id_taken() -> None:
    session = await make_ready()
    entombed = await mappings.entomb("ada", session.id, now=BEGUN, lease_until=LATER)
    assert entombed

    await mappings.bury(session.id, now=LATER)

    assert await mappings.find(session.id) == replace(entombed, state=MappingState.DELETED, updated_at=LATER)
    assert await mappings.begin(new_intent(id=session.id)) is False


async def test_only_what_is_being_deleted_can_be_buried() -> None:
    session, intent = await make_ready(), new_intent()
    await mappings.begin(intent)

    await mappings.bury(session.id, now=LATER)
    await mappings.bury(intent.id, now=LATER)

    assert (await state_of(session.id), await state_of(intent.id)) == (MappingState.READY, MappingState.CREATING)


async def test_old_tombstones_are_purged_and_nothing_else() -> None:
    old, young, deleting, kept = [await make_ready() for _ in range(4)]
    for session, at in ((old, BEGUN), (young, LATER), (deleting, BEGUN)):
        await mappings.entomb("ada", session.id, now=at, lease_until=at)
    await mappings.bury(old.id, now=BEGUN)
    await mappings.bury(young.id, now=LATER)

    assert await mappings.purge_tombstones(before=LATER) == 1

    states = [await state_of(session.id) for session in (old, young, deleting, kept)]
    assert states == [None, MappingState.DELETED, MappingState.DELETING, MappingState.READY]
    assert await mappings.purge_tombstones(before=LATER) == 0


async def test_unfinished_mappings_are_claimed_once_their_lease_is_over_oldest_first() -> None:
    young, old = new_intent(now=BEGUN + timedelta(seconds=1)), new_intent()
    leased, deleting = new_intent(lease_until=LATER), await make_ready()
    for intent in (young, old, leased):
        await mappings.begin(intent)
    await mappings.entomb("ada", deleting.id, now=BEGUN, lease_until=LEASE_END)
    await make_ready()

    until = LATER + timedelta(minutes=1)
    claimed = await mappings.claim_unfinished(now=LATER, lease_until=until, limit=10)
    created = {mapping.id: mapping.created_at for mapping in claimed}
    assert created == {old.id: BEGUN, deleting.id: BEGUN, young.id: BEGUN + timedelta(seconds=1)}
    assert claimed[-1] == mapping_of(young, lease_until=until)
    assert await mappings.claim_unfinished(now=LATER, lease_until=LATER, limit=10) == []


async def test_a_claim_takes_no_more_than_its_limit() -> None:
    intents = [new_intent(now=BEGUN + timedelta(seconds=second)) for second in range(3)]
    for intent in intents:
        await mappings.begin(intent)

    first = await mappings.claim_unfinished(now=LATER, lease_until=LATER + timedelta(minutes=1), limit=2)
    rest = await mappings.claim_unfinished(now=LATER, lease_until=LATER + timedelta(minutes=1), limit=2)

    assert [mapping.id for mapping in first + rest] == [intent.id for intent in intents]
    assert len(first) == 2


async def test_a_lone_process_claims_what_is_under_lease_too() -> None:
    intent = new_intent(lease_until=LATER)
    await mappings.begin(intent)

    assert await mappings.claim_unfinished(now=BEGUN, lease_until=LATER, limit=10) == []
    assert await mappings.claim_unfinished(now=BEGUN, lease_until=LATER, limit=10, ignore_leases=True) == [
        mapping_of(intent)
    ]


@pytest.mark.parametrize("microseconds", [0, 1, 999_999])
async def test_times_come_back_in_utc_to_the_microsecond(microseconds: int) -> None:
    written = datetime(2026, 3, 29, 1, 30, 0, microseconds, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    session = await make_ready(now=written)

    assert session.created_at.isoformat() == written.astimezone(UTC).isoformat()
