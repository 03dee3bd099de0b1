"""Of several that do the same at once, one wins and the others are told so."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sample_mappings import BEGUN, LEASE_END, make_ready, new_disk, new_intent

from gql_api.store import mappings

pytestmark = pytest.mark.usefixtures("database")

RACERS = 20
LATER = BEGUN + timedelta(hours=1)


async def test_one_of_many_begins_a_session() -> None:
    intent = new_intent()

    won = await asyncio.gather(*(mappings.begin(replace(intent, nonce=str(n))) for n in range(RACERS)))

    assert Counter(won) == {True: 1, False: RACERS - 1}
    mapping = await mappings.find(intent.id)
    assert mapping
    assert mapping.nonce == str(won.index(True))


async def test_one_of_many_disks_is_bound_to_a_session() -> None:
    intent, disks = new_intent(), [new_disk() for _ in range(RACERS)]
    await mappings.begin(intent)

    bound = await asyncio.gather(
        *(mappings.bind(intent.id, disk=disk, lease_until=LEASE_END, now=LATER) for disk in disks)
    )

    assert Counter(session is None for session in bound) == {True: RACERS - 1, False: 1}
    session = next(session for session in bound if session)
    assert session.disk_id == disks[bound.index(session)].id
    assert await mappings.ready("ada", [intent.id]) == {intent.id: session}


async def test_one_of_many_sessions_gets_a_disk() -> None:
    intents, disk = [new_intent() for _ in range(RACERS)], new_disk()
    for intent in intents:
        await mappings.begin(intent)

    bound = await asyncio.gather(
        *(mappings.bind(intent.id, disk=disk, lease_until=LEASE_END, now=LATER) for intent in intents),
        return_exceptions=True,
    )

    assert Counter(isinstance(result, mappings.DiskTaken) for result in bound) == {True: RACERS - 1, False: 1}
    session = next(result for result in bound if not isinstance(result, BaseException))
    assert session
    assert await mappings.ready("ada", [intent.id for intent in intents]) == {session.id: session}


async def test_one_of_many_deletions_finds_the_session() -> None:
    session = await make_ready()

    entombed = await asyncio.gather(
        *(mappings.entomb("ada", session.id, now=LATER, lease_until=LATER) for _ in range(RACERS))
    )

    assert Counter(mapping is None for mapping in entombed) == {True: RACERS - 1, False: 1}


async def test_an_unfinished_mapping_is_claimed_by_one_sweep() -> None:
    intents = {uuid4() for _ in range(RACERS)}
    for id in intents:
        await mappings.begin(new_intent(id=id))

    sweeps = await asyncio.gather(
        *(
            mappings.claim_unfinished(now=LATER, lease_until=LATER + timedelta(minutes=n), limit=RACERS)
            for n in range(1, 6)
        )
    )

    assert Counter(mapping.id for sweep in sweeps for mapping in sweep) == dict.fromkeys(intents, 1)


async def test_either_the_maker_or_the_sweep_has_the_intent_never_both() -> None:
    intents = [new_intent() for _ in range(RACERS)]
    for intent in intents:
        await mappings.begin(intent)

    sweep = mappings.claim_unfinished(now=LATER, lease_until=LATER + timedelta(minutes=1), limit=RACERS)
    binds = (
        mappings.bind(intent.id, disk=new_disk(), lease_until=LEASE_END, now=LATER) for intent in reversed(intents)
    )
    claimed, bound = await asyncio.gather(sweep, asyncio.gather(*binds))

    owned = Counter(mapping.id for mapping in claimed) + Counter(session.id for session in bound if session)
    assert owned == {intent.id: 1 for intent in intents}
