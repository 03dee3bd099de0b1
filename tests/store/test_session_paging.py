"""Pages of sessions are slices of one list, and filters choose by rules that hold on both databases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from unicodedata import normalize
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_mappings import BEGUN, make_ready, new_intent

from gql_api import model
from gql_api.model import SessionFilter, SessionPosition
from gql_api.store import mappings

pytestmark = pytest.mark.usefixtures("database")

EVERYTHING = SessionFilter()
# The database of a test serves all its examples: each has an owner of its own.
a_few_examples = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Few moments, so that many sessions share one, and some without fractions, which SQLite writes shorter.
moments = st.sampled_from([0, 1, 2, 10, 1_000_000, 1_000_001]).map(
    lambda microseconds: BEGUN.replace(microsecond=0) + timedelta(microseconds=microseconds)
)
ids = st.one_of(st.integers(1, 40), st.integers(2**128 - 40, 2**128 - 1)).map(lambda number: UUID(int=number))
places = st.builds(SessionPosition, at=moments, id=ids)
limits = st.integers(0, 6)


@dataclass(frozen=True)
class Owned:
    """Sessions of one owner, in the order of their list."""

    owner: str
    sessions: list[model.Session]


async def owned(times: list[datetime], *, newest_first: bool) -> Owned:
    owner = str(uuid4())
    made = [await make_ready(owner, now=time) for time in times]
    return Owned(owner, sorted(made, key=lambda session: (session.created_at, session.id), reverse=newest_first))


def place_of(session: model.Session) -> SessionPosition:
    return SessionPosition(at=session.created_at, id=session.id)


def is_before(one: SessionPosition, other: SessionPosition, *, newest_first: bool) -> bool:
    first, second = (one.at, one.id), (other.at, other.id)
    return first > second if newest_first else first < second


@pytest.mark.parametrize("newest_first", [True, False])
@a_few_examples
@given(times=st.lists(moments, max_size=7), data=st.data())
async def test_a_page_is_a_slice_between_its_bounds(
    newest_first: bool, times: list[datetime], data: st.DataObject
) -> None:
    listed = await owned(times, newest_first=newest_first)
    real = st.sampled_from(listed.sessions).map(place_of) if listed.sessions else places
    after, before = [data.draw(st.one_of(st.none(), real, places)) for _ in range(2)]
    limit, from_end = data.draw(limits), data.draw(st.booleans())

    page, more = await mappings.page(
        listed.owner,
        where=EVERYTHING,
        newest_first=newest_first,
        after=after,
        before=before,
        limit=limit,
        from_end=from_end,
    )

    between = [
        session
        for session in listed.sessions
        if (not after or is_before(after, place_of(session), newest_first=newest_first))
        and (not before or is_before(place_of(session), before, newest_first=newest_first))
    ]
    start = max(len(between) - limit, 0)
    assert page == (between[start:] if from_end else between[:limit])
    assert more == (len(between) > limit)


@pytest.mark.parametrize("from_end", [False, True])
@pytest.mark.parametrize("newest_first", [True, False])
@a_few_examples
@given(times=st.lists(moments, max_size=7), size=st.integers(1, 4))
async def test_walking_page_by_page_meets_each_session_once(
    newest_first: bool, from_end: bool, times: list[datetime], size: int
) -> None:
    listed = await owned(times, newest_first=newest_first)
    met: list[model.Session] = []
    more = True
    while more:
        page, more = await mappings.page(
            listed.owner,
            where=EVERYTHING,
            newest_first=newest_first,
            after=place_of(met[-1]) if met and not from_end else None,
            before=place_of(met[0]) if met and from_end else None,
            limit=size,
            from_end=from_end,
        )
        assert len(page) == size or not more
        met = page + met if from_end else met + page

    assert met == listed.sessions


async def all_of(owner: str, where: SessionFilter) -> list[model.Session]:
    page, more = await mappings.page(
        owner, where=where, newest_first=False, after=None, before=None, limit=100, from_end=False
    )
    assert not more
    assert await mappings.count(owner, where) == len(page)
    return page


async def test_only_ready_sessions_of_the_owner_are_listed_and_counted() -> None:
    mine, deleted = await make_ready(), await make_ready()
    await make_ready("bob")
    await mappings.begin(new_intent())
    await mappings.entomb("ada", deleted.id, now=BEGUN, lease_until=BEGUN)

    assert await all_of("ada", EVERYTHING) == [mine]
    assert await all_of("eve", EVERYTHING) == []


async def test_bounds_of_time_are_exclusive_to_the_microsecond_in_any_zone() -> None:
    tick = timedelta(microseconds=1)
    early, exact, late = [await make_ready(now=BEGUN + tick * n) for n in (-1, 0, 1)]
    elsewhere = BEGUN.astimezone(timezone(timedelta(hours=-9, minutes=-30)))

    assert await all_of("ada", SessionFilter(created_after=elsewhere)) == [late]
    assert await all_of("ada", SessionFilter(created_before=elsewhere)) == [early]
    assert await all_of("ada", SessionFilter(created_after=BEGUN - tick, created_before=BEGUN + tick)) == [exact]


async def test_the_ends_of_time_are_bounds_like_others() -> None:
    session = await make_ready()
    west, east = timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))

    for past in (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=east)):
        assert await all_of("ada", SessionFilter(created_after=past)) == [session]
        assert await all_of("ada", SessionFilter(created_before=past)) == []
    for future in (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=west)):
        assert await all_of("ada", SessionFilter(created_after=future)) == []
        assert await all_of("ada", SessionFilter(created_before=future)) == [session]


SEARCHES: list[tuple[str | None, str, bool]] = [
    ("Plan for May", "plan", True),
    ("Plan for May", "FOR m", True),
    ("Plan for May", "june", False),
    ("Plan for May", "", True),
    (None, "plan", False),
    (None, "", True),
    ("Straße", "STRASSE", True),
    ("ÉTÉ À LA MER", "été", True),
    ("e\u0301te\u0301", "\u00c9T\u00c9", True),
    ("Пётр", "пЁТР", True),
    ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
    ("100%", "%", True),
    ("100", "%", False),
    ("a_b", "a_b", True),
    ("axb", "a_b", False),
    ("back\\slash", "K\\S", True),
    ("backslash", "k\\s", False),
    ('it\'s "quoted"', "'S \"", True),
    ("Plan", "\0", False),
    ("Plan", "\ud800", False),
    ("x" * 1000, "x" * 1000, True),
    ("x" * 1000, "x" * 1_000_000, False),
]


async def test_titles_are_searched_without_regard_to_case() -> None:
    for title, wanted, is_found in SEARCHES:
        owner = str(uuid4())
        session = await make_ready(owner, title=title)

        found = await all_of(owner, SessionFilter(title_contains=wanted))

        assert (title, wanted, found) == (title, wanted, [session] if is_found else [])


texts = st.text(alphabet="aAäÄsSßẞ%_\\*?[]'\"iIİ\u0131\u0301\u0308 ", max_size=6)


@a_few_examples
@given(titles=st.lists(texts, max_size=5), wanted=texts)
async def test_a_title_search_finds_what_contains_the_text(titles: list[str], wanted: str) -> None:
    owner = str(uuid4())
    made = [await make_ready(owner, title=title, now=BEGUN + timedelta(n)) for n, title in enumerate(titles)]
    plain: Callable[[str], str] = lambda text: normalize("NFC", text.casefold())  # noqa: E731

    found = await all_of(owner, SessionFilter(title_contains=wanted))

    assert found == [session for session in made if plain(wanted) in plain(session.title or "")]
