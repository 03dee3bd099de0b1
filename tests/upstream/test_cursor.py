"""Acontext's cursors, as we write them ourselves for any place in a list."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.upstream import cursor

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1, 0, 0, 0, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)
IDS = st.uuids() | st.sampled_from([UUID(int=1), UUID(int=2), UUID(int=2**128 - 1)])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(text: str) -> tuple[datetime, UUID]:
    """Read a cursor as Acontext does; it must have whole microseconds, and not the nil UUID, which is none."""
    time, _, id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
    assert text.rstrip("=") == text
    assert int(time) % 1000 == 0
    assert UUID(id).int != 0
    return EPOCH + timedelta(microseconds=int(time) // 1000), UUID(id)


@given(MOMENTS, IDS)
def test_a_cursor_stands_right_after_its_item(moment: datetime, id: UUID) -> None:
    assert read(cursor.after(moment, id)) == (moment, id)


@given(MOMENTS, IDS, MOMENTS, IDS)
def test_nothing_lies_between_an_item_and_the_place_just_before_it(
    moment: datetime, id: UUID, other_moment: datetime, other_id: UUID
) -> None:
    place = read(cursor.just_before(moment, id))
    assert place < (moment, id)
    assert not place < (other_moment, other_id) < (moment, id)


def test_the_first_of_all_ids_is_found_a_microsecond_earlier() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    place = read(cursor.just_before(moment, UUID(int=1)))
    assert place == (moment - timedelta(microseconds=1), UUID(int=2**128 - 1))


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-31T12:00:36Z", 0),
        ("2026-01-31T12:00:36.2Z", 200_000),
        ("2026-01-31T12:00:36.123456Z", 123_456),
        ("2026-01-31T12:00:36.123456789Z", 123_456),
        ("2026-01-31T13:00:36.000001+01:00", 1),
    ],
)
def test_times_of_acontext_are_read_to_the_microsecond_in_utc(text: str, microsecond: int) -> None:
    expected = datetime(2026, 1, 31, 12, 0, 36, microsecond, tzinfo=UTC)
    assert (cursor.moment(text), cursor.moment(text).tzinfo) == (expected, UTC)


@given(MOMENTS, st.integers(-1439, 1439))
def test_the_offset_of_a_time_makes_no_difference(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert cursor.moment(elsewhere.isoformat()) == moment
