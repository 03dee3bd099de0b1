"""Sessions as their users keep them: pinned, archived and tagged, by themselves and together with all other filters."""

import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conftest import Queries
from api.test_session import DELETE
from databases import Databases
from gql_api.store import tags

UPDATE = """
mutation ($input: UpdateSessionInput!) {
  updateSession(input: $input) {
    session { id title tags pinnedAt archivedAt createdAt updatedAt } errors { code message path }
  }
}
"""
PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: SessionFilter, $orderBy: SessionOrder) {
  sessions(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage }
  }
}
"""
KEPT = ("pinnedAt", "archivedAt", "tags")
READ = "query ($id: ID!) { session(id: $id) { id title tags pinnedAt archivedAt createdAt updatedAt } }"


async def change(client: Client, id: str, **changes: Any) -> dict[str, Any]:
    """Change a session, and return it as the payload and a later read agree that it is."""
    payload = (await client.data(UPDATE, input={"id": id, **changes}))["updateSession"]
    assert payload["errors"] == []
    session: dict[str, Any] = payload["session"]
    assert await client.data(READ, id=id) == {"session": session}
    return session


async def refused(client: Client, id: str, **changes: Any) -> tuple[str, list[str]]:
    """Try a change, which must be refused whole; return why."""
    before = await client.data(READ, id=id)
    payload = (await client.data(UPDATE, input={"id": id, "title": "changed", **changes}))["updateSession"]
    assert payload["session"] is None
    assert await client.data(READ, id=id) == before
    [error] = payload["errors"]
    return error["code"], error["path"]


async def listed(client: Client, **filter: Any) -> list[str]:
    page = (await client.data(PAGE, filter=filter))["sessions"]
    assert page["totalCount"] == len(page["edges"])
    return [edge["node"]["id"] for edge in page["edges"]]


async def test_a_session_is_pinned_and_archived_since_it_first_was(client: Client) -> None:
    made = await client.create()
    for name, since in (("pinned", "pinnedAt"), ("archived", "archivedAt")):
        first = await change(client, made["id"], **{name: True})
        assert first["createdAt"] < first[since] == first["updatedAt"]
        again = await change(client, made["id"], **{name: True, "title": "x"})
        assert again[since] == first[since]
        assert again["updatedAt"] > first["updatedAt"]
        for nothing in (False, None):
            assert (await change(client, made["id"], **{name: nothing}))[since] is None
    both = await change(client, made["id"], pinned=True, archived=True, tags=["a"])
    assert both["pinnedAt"] == both["archivedAt"] == both["updatedAt"]
    untouched = await change(client, made["id"], title="y")
    assert [untouched[name] for name in ("pinnedAt", "archivedAt", "tags")] == [
        both["pinnedAt"],
        both["archivedAt"],
        ["a"],
    ]


async def test_tags_are_a_set_in_alphabetical_order_however_they_are_written(client: Client) -> None:
    id = (await client.create())["id"]
    decomposed = unicodedata.normalize("NFD", "ärger")
    for given_, kept in [
        (["work", "Home"], ["Home", "work"]),
        (["  Work ", "work", "WORK"], ["Work"]),
        ([decomposed, "ÄRGER", "a"], ["a", "ärger"]),
        (["ß", "SS", "_", "%", "'; --", "😀"], ["%", "'; --", "_", "ß", "😀"]),
        ([str(number) for number in range(20)], sorted(str(number) for number in range(20))),
        (["x" * 50, "ﬃ" * 50], ["ﬃ" * 50, "x" * 50]),
        ([], []),
        (["again"], ["again"]),
        (None, []),
    ]:
        assert (await change(client, id, tags=given_))["tags"] == kept


async def test_tags_that_no_session_may_have_are_refused_by_their_place(client: Client) -> None:
    id = (await client.create(title="old"))["id"]
    await change(client, id, tags=["kept"])
    for given_, code, path in [
        (["a", ""], "INVALID_INPUT", ["1"]),
        (["a", "b", " \t "], "INVALID_INPUT", ["2"]),
        (["a\nb"], "INVALID_INPUT", ["0"]),
        (["a\x00"], "INVALID_INPUT", ["0"]),
        (["a", "x" * 51], "TOO_LARGE", ["1"]),
        ([str(number) for number in range(21)], "TOO_LARGE", []),
    ]:
        assert await refused(client, id, tags=given_, pinned=True) == (code, ["input", "tags", *path])


async def test_a_strangers_session_cannot_be_organised(client: Client) -> None:
    foreign = await client.as_user("anna").create()
    for id in (foreign["id"], str(uuid4())):
        for changes in ({"pinned": True}, {"archived": False}, {"tags": ["mine"]}, {"tags": None}):
            payload = (await client.data(UPDATE, input={"id": id, **changes}))["updateSession"]
            assert payload["session"] is None
            assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", "id"])]
    assert (await client.as_user("anna").data(READ, id=foreign["id"]))["session"]["tags"] == []
    assert await listed(client, tags=["mine"]) == []


async def test_filters_by_tags_find_what_has_all_of_them_and_nothing_of_others(client: Client) -> None:
    one, other, plain = [(await client.create(title=title))["id"] for title in ("one", "other", "plain")]
    await change(client, one, tags=["Work", "ÄRGER"], pinned=True)
    await change(client, other, tags=["work"])
    anna = client.as_user("anna")
    await change(anna, (await anna.create())["id"], tags=["work", "secret"])
    for wanted, found in [
        (["WORK"], [other, one]),
        ([" work "], [other, one]),
        (["work", "ärger"], [one]),
        (["work", "Work"], [other, one]),
        (["work", "secret"], []),
        (["secret"], []),
        (["wor"], []),
        (["w%"], []),
        (["\x00"], []),
        (["x" * 10_000], []),
        ([str(number) for number in range(1000)], []),
        ([], [plain, other, one]),
        (None, [plain, other, one]),
    ]:
        assert await listed(client, tags=wanted) == found, wanted
    assert await listed(client, tags=["work"], pinned=True) == [one]
    assert await listed(client, tags=["work"], pinned=False, titleContains="OTH") == [other]


async def test_a_deleted_session_leaves_no_tags_behind(client: Client) -> None:
    kept, gone = [await client.create() for _ in range(2)]
    for made in (kept, gone):
        await change(client, made["id"], tags=["work"])
    await client.data(DELETE, id=gone["id"])
    assert await listed(client, tags=["work"]) == [kept["id"]]
    ids = [UUID(made["acontextId"]) for made in (kept, gone)]
    assert dict(await tags.of(ids)) == {ids[0]: ["work"]}


async def test_tags_of_a_page_are_read_at_once_and_only_when_they_are_selected(
    client: Client, queries: Queries
) -> None:
    for number in range(5):
        await change(client, (await client.create())["id"], tags=[str(number)])
    await client.learn()
    asked = []
    for fields in ("id pinnedAt", "id tags"):
        queries.statements.clear()
        await client.data(f"{{ sessions {{ nodes {{ {fields} }} }} }}")
        asked.append(["session_tags" in statement for statement in queries.statements])
    assert asked == [[False], [False, True]]


@dataclass(frozen=True)
class Kept:
    """A session as Python remembers it."""

    id: str
    title: str
    pinned: bool
    archived: bool
    tags: frozenset[str]

    def matches(self, filter: dict[str, Any]) -> bool:
        return (
            (filter.get("pinned") in (None, self.pinned))
            and (filter.get("archived") in (None, self.archived))
            and {tag.lower() for tag in filter.get("tags") or ()} <= self.tags
            and (filter.get("titleContains") or "").lower() in self.title
        )


TAGS, TITLES = ["a", "b", "c"], ["", "x", "xy"]
SHAPES = [(pinned, archived) for pinned in (True, False) for archived in (True, False)]
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "pinned": st.sampled_from([None, True, False]),
        "archived": st.sampled_from([None, True, False]),
        "tags": st.none() | st.lists(st.sampled_from(["a", "B", "c"]), max_size=2),
        "titleContains": st.sampled_from([None, "X", "y"]),
    },
)


@pytest.fixture
async def kept(client: Client) -> list[Kept]:
    """Sessions of all kinds, newest first."""
    made = []
    for number in range(12):
        pinned, archived = SHAPES[number % 4]
        title, its_tags = TITLES[number % 3], [tag for place, tag in enumerate(TAGS) if number >> place & 1]
        session = await client.create(title=title)
        await change(client, session["id"], pinned=pinned, archived=archived, tags=its_tags)
        made.append(Kept(session["id"], title, pinned, archived, frozenset(its_tags)))
    return made[::-1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    filter=FILTERS,
    oldest_first=st.booleans(),
    size=st.integers(1, 5),
    backward=st.booleans(),
)
async def test_all_pages_of_any_filter_are_the_list_that_python_keeps(
    client: Client, kept: list[Kept], filter: dict[str, Any], oldest_first: bool, size: int, backward: bool
) -> None:
    expected = [one.id for one in kept if one.matches(filter)]
    if oldest_first:
        expected.reverse()
    asked = {"filter": filter, "orderBy": "CREATED_AT_ASC" if oldest_first else "CREATED_AT_DESC"}
    found: list[str] = []
    cursor, more = None, True
    while more:
        way = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = (await client.data(PAGE, **asked, **way))["sessions"]
        assert page["totalCount"] == len(expected)
        ids = [edge["node"]["id"] for edge in page["edges"]]
        found = ids + found if backward else found + ids
        more = page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        if more:
            cursor = page["edges"][0 if backward else -1]["cursor"]
    assert found == expected


class TestUpstream:
    """On one kind of database: Acontext has nothing to do with any of it."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    async def test_acontext_is_asked_nothing_for_it(self, client: Client, upstream: Any) -> None:
        id = (await client.create())["id"]
        upstream.clear()
        await change(client, id, pinned=True, archived=True, tags=["a"], title="b")
        await listed(client, pinned=True, archived=True, tags=["a"])
        assert upstream.calls == []
