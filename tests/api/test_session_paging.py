"""Pages of sessions: every page is a slice of the list, in both directions; cursors keep their places."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conftest import Queries
from api.test_session import DELETE
from databases import Databases

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: SessionFilter, $orderBy: SessionOrder) {
  sessions(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { id title } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
VIEWER = PAGE.replace("sessions(", "viewer { sessions(", 1).rstrip().removesuffix("}") + "} }"
COUNT, MARKED = 9, "odd"


@dataclass(frozen=True)
class Asked:
    """What a page is asked by; places are those in the list."""

    size: int | None
    backward: bool
    after: int | None
    before: int | None
    only_marked: bool
    oldest_first: bool

    def variables(self, cursors: list[str]) -> dict[str, Any]:
        order = {"orderBy": "CREATED_AT_ASC"} if self.oldest_first else {}
        return {
            "last" if self.backward else "first": self.size,
            "after": None if self.after is None else cursors[self.after % len(cursors)],
            "before": None if self.before is None else cursors[self.before % len(cursors)],
            "filter": {"titleContains": MARKED} if self.only_marked else None,
        } | order

    def bounds(self, length: int) -> tuple[int, int]:
        """Tell where the page begins and ends in a list of this length."""
        begin = 0 if self.after is None else self.after % length + 1
        end = length if self.before is None else self.before % length
        size = self.size or 20
        if self.backward and self.size:
            return max(begin, end - size), end
        return begin, min(end, begin + size)


PLACES = st.none() | st.integers(0, COUNT - 1)
ASKED = st.builds(
    Asked,
    size=st.none() | st.integers(1, COUNT + 1),
    backward=st.booleans(),
    after=PLACES,
    before=PLACES,
    only_marked=st.booleans(),
    oldest_first=st.booleans(),
)


class TestSlices:
    """On one kind of database here; the tests of the store page both."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    @pytest.fixture
    async def listed(self, client: Client) -> list[dict[str, Any]]:
        for number in range(COUNT):
            await client.create(title=f"{MARKED if number % 2 else 'even'} {number}")
        edges: list[dict[str, Any]] = (await client.data(PAGE))["sessions"]["edges"]
        assert "".join(edge["node"]["title"][-1] for edge in edges) == "876543210"
        return edges

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(asked=ASKED)
    async def test_every_page_is_a_slice_of_the_list(
        self, client: Client, listed: list[dict[str, Any]], asked: Asked
    ) -> None:
        listed = [edge for edge in listed if not asked.only_marked or MARKED in edge["node"]["title"]]
        if asked.oldest_first:
            listed.reverse()
        begin, end = asked.bounds(len(listed))
        edges = listed[begin : max(begin, end)]
        expected = {
            "totalCount": len(listed),
            "edges": edges,
            "nodes": [{"id": edge["node"]["id"]} for edge in edges],
            "pageInfo": {
                "hasPreviousPage": begin > 0,
                "hasNextPage": end < len(listed),
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }
        variables = asked.variables([edge["cursor"] for edge in listed])
        assert await client.data(PAGE, **variables) == {"sessions": expected}
        assert await client.data(VIEWER, **variables) == {"viewer": {"sessions": expected}}


async def walk(client: Client, *, size: str, place: str, end: str, more: str) -> list[str]:
    """Read all pages of two in one direction; return the ids in the order of the list."""
    pages: list[list[str]] = []
    cursor = None
    while True:
        page = (await client.data(PAGE, **{size: 2, place: cursor}))["sessions"]
        pages.append([node["id"] for node in page["nodes"]])
        cursor = page["pageInfo"][end]
        if not page["pageInfo"][more]:
            ordered = pages if size == "first" else pages[::-1]
            return [id for ids in ordered for id in ids]


async def test_a_walk_in_either_direction_sees_every_session_once(client: Client) -> None:
    made = [(await client.create())["id"] for _ in range(5)][::-1]
    assert await walk(client, size="first", place="after", end="endCursor", more="hasNextPage") == made
    assert await walk(client, size="last", place="before", end="startCursor", more="hasPreviousPage") == made


async def test_a_cursor_keeps_its_place_when_its_session_is_gone_and_new_ones_come(client: Client) -> None:
    made = [(await client.create())["id"] for _ in range(4)][::-1]
    cursor = (await client.data(PAGE, first=2))["sessions"]["pageInfo"]["endCursor"]
    await client.data(DELETE, id=made[1])
    newest = (await client.create())["id"]
    after = (await client.data(PAGE, after=cursor))["sessions"]
    before = (await client.data(PAGE, before=cursor))["sessions"]
    assert [node["id"] for node in after["nodes"]] == made[2:]
    assert [node["id"] for node in before["nodes"]] == [newest, made[0]]


async def test_without_a_size_a_page_has_20(client: Client) -> None:
    for _ in range(21):
        await client.create()
    page = (await client.data(PAGE))["sessions"]
    assert (len(page["nodes"]), page["totalCount"], page["pageInfo"]["hasNextPage"]) == (20, 21, True)


async def test_sessions_are_counted_only_when_that_is_asked(client: Client, queries: Queries) -> None:
    await client.create()
    await client.learn()
    counts = []
    for fields in ("nodes { id }", "nodes { id } totalCount", "totalCount pageInfo { hasNextPage }"):
        queries.statements.clear()
        await client.data(f"{{ sessions {{ {fields} }} }}")
        counts.append(["COUNT(" in statement.upper() for statement in queries.statements])
    assert counts == [[False], [False, True], [False, True]]


BAD_SIZES = [{"first": 0}, {"first": -1}, {"first": 101}, {"last": 0}, {"last": 101}, {"first": 1, "last": 1}]


async def test_a_page_has_1_to_100_sessions_and_one_direction(client: Client) -> None:
    for size in BAD_SIZES:
        for document in (PAGE, VIEWER):
            assert await client.code(document, **size) == "BAD_USER_INPUT"
    assert (await client.data(PAGE, last=100))["sessions"]["nodes"] == []


async def test_cursors_of_other_lists_and_of_none_are_refused(client: Client) -> None:
    made = await client.create()
    await client.store(made["id"], "hello")
    await client.upload(made["id"], "/a.txt")
    document = """query ($id: ID!) { session(id: $id) {
      messages { edges { cursor } } files { edges { cursor } }
      edited: messages(editStrategy: {tokenLimit: {limitTokens: 100}}) { edges { cursor } }
    } }"""
    lists = (await client.data(document, id=made["id"]))["session"]
    others = [edges["edges"][0]["cursor"] for edges in lists.values()]
    own = (await client.data(PAGE))["sessions"]["pageInfo"]["endCursor"]
    for cursor in [*others, "", "x", "é", made["id"], own[:-4], own + "x" * 8, spelled("session", "x", uuid4())]:
        for place in ("after", "before"):
            answer = await client.answer(PAGE, **{place: cursor})
            assert answer["data"] == {"sessions": None}
            [error] = answer["errors"]
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}
            assert error["message"] == f"{place}: this is not a cursor of this list."


async def test_a_cursor_made_by_hand_does_no_harm(client: Client) -> None:
    await client.create()
    assert (await client.data(PAGE, before=spelled("session", 0, uuid4())))["sessions"]["totalCount"] == 1
    for time in (-(10**30), -1, 10**18, 10**30):
        assert await client.code(PAGE, after=spelled("session", time, uuid4())) == "BAD_USER_INPUT"


def spelled(*fields: object) -> str:
    """Make a cursor as the server does."""
    return urlsafe_b64encode("\n".join(map(str, fields)).encode()).decode().rstrip("=")
