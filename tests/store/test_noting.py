"""What was seen of conversations comes to the same in the end, whoever writes it, in which order and how often."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_mappings import BEGUN, make_ready, new_disk, new_intent

from gql_api.store import mappings, noting
from gql_api.store.models import SessionMapping
from gql_api.store.noting import Opening, Seen

pytestmark = pytest.mark.usefixtures("database")

TIMES = st.integers(-3, 6).map(lambda seconds: BEGUN + timedelta(seconds=seconds))
OPENINGS = st.builds(lambda at, is_start: Opening(f"said at {at}", at, is_start), TIMES, st.booleans())
SEEN = st.builds(Seen, active_at=st.none() | TIMES, opening=st.none() | OPENINGS)


async def kept(id: Any) -> tuple[datetime | None, str | None]:
    [row] = await SessionMapping.filter(id=id).values("last_activity_at", "opening")
    return row["last_activity_at"], row["opening"]


def expected(seen: list[Seen], *, adopted: bool) -> tuple[datetime | None, str | None]:
    """Tell what is to be known in the end; of an adopted session nothing before its start was read."""
    active = max((one.active_at for one in seen if one.active_at), default=None)
    openings = [one.opening for one in seen if one.opening]
    if adopted:
        starts = [place for place, opening in enumerate(openings) if opening.is_start]
        openings = openings[starts[0] :] if starts else []
    earliest = min(openings, key=lambda opening: opening.at, default=None)
    nothing = None if adopted else ""
    return (active if active and active > BEGUN else None), earliest.text if earliest else nothing


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=st.lists(SEEN, max_size=5), adopted=st.booleans(), data=st.data())
async def test_the_latest_activity_and_the_earliest_opening_stay(
    seen: list[Seen], adopted: bool, data: st.DataObject
) -> None:
    intent = new_intent(adopted=adopted)
    assert await mappings.begin(intent)
    bound = await mappings.bind(intent.id, disk=new_disk(), lease_until=intent.lease_until, now=BEGUN)
    other = await make_ready("bob")
    assert bound
    latest = BEGUN
    for one in seen:
        moves = one.active_at is not None and one.active_at > latest
        latest = max(latest, one.active_at or latest)
        assert await noting.note([], {bound.id: one}) == ([("ada", bound.id)] if moves else [])
        if data.draw(st.booleans()):
            assert await noting.note([], {bound.id: one}) == []
    assert await kept(bound.id) == expected(seen, adopted=adopted)
    assert await kept(other.id) == (None, "")


async def test_several_sessions_are_noted_at_once_and_only_those_that_are_ready() -> None:
    one, two, gone = [await make_ready() for _ in range(3)]
    await mappings.entomb("ada", gone.id, now=BEGUN, lease_until=BEGUN)
    later = BEGUN + timedelta(seconds=1)
    seen = Seen(later, Opening("hello", later, is_start=True))
    hers, same = await make_ready("bob"), await make_ready()
    noted = {one.id: seen, two.id: Seen(later), gone.id: seen, hers.id: Seen(later), same.id: Seen(BEGUN)}
    moved = await noting.note([(one.id, later, str(two.id))], noted)
    assert sorted(moved) == sorted([("ada", one.id), ("ada", two.id), ("bob", hers.id)])
    assert [await kept(session.id) for session in (one, two, gone)] == [(later, "hello"), (later, ""), (None, None)]
    assert await noting.openings([one.id, two.id, gone.id]) == {one.id: "hello"}
    found = await mappings.ready("ada", [one.id, gone.id])
    assert found == {one.id: one._replace(last_activity_at=later)}
