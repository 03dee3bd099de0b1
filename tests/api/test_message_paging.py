"""Pages of a conversation against slices of the whole list, whichever way and under whatever edits they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import PAGE, read, refusal, texts
from api.upstream import Upstream
from databases import Databases

LENGTHS = st.integers(0, 30)
SIZES = st.integers(1, 8) | st.integers(1, 100)
PLACES = st.none() | st.integers(0, 29)
VIEWS = st.sampled_from([None, {"tokenLimit": {"limitTokens": 40}}, {"middleOut": {"tokenReduceTo": 40}}])
SEARCH = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MESSAGES = "GET /session/{id}/messages"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here; what is known of messages differs in `test_known_places`."""
    return sqlite_databases


@dataclass(frozen=True)
class Whole:
    """A conversation, or the view that edits leave of it, read as a whole."""

    session: str
    edges: list[dict[str, Any]]

    def cursor(self, place: int | None) -> str | None:
        return None if place is None else str(self.edges[place]["cursor"])


class Conversations:
    """One session of each length, made when it is first wanted; message 5 has the text "5"."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._sessions: dict[int, str] = {}

    async def session(self, length: int) -> str:
        if length not in self._sessions:
            session = (await self.client.create())["id"]
            if length:
                await self.client.store(session, *map(str, range(length)))
            self._sessions[length] = session
        return self._sessions[length]

    async def whole(self, length: int, edits: Any = None) -> Whole:
        session = await self.session(length)
        return Whole(session, (await read(self.client, session, PAGE, edits=edits))["edges"])


@pytest.fixture
def conversations(client: Client) -> Conversations:
    return Conversations(client)


def slice_of(edges: list[dict[str, Any]], *, size: dict[str, int], after: int | None, before: int | None) -> Any:
    """Cut the page out of the whole list, as the Relay specification says."""
    start, end = 0 if after is None else after + 1, len(edges) if before is None else before
    if "first" in size:
        end = min(end, start + size["first"])
    if "last" in size:
        start = max(start, end - size["last"])
    page = edges[start:end]
    return {
        "edges": page,
        "pageInfo": {
            "hasPreviousPage": start > 0,
            "hasNextPage": end < len(edges),
            "startCursor": page[0]["cursor"] if page else None,
            "endCursor": page[-1]["cursor"] if page else None,
        },
    }


@SEARCH
@given(
    length=LENGTHS,
    size=SIZES,
    way=st.sampled_from(["first", "last", None]),
    bounds=st.tuples(PLACES, PLACES),
    edits=VIEWS,
)
async def test_a_page_is_a_slice_of_the_whole(
    conversations: Conversations,
    length: int,
    size: int,
    way: str | None,
    bounds: tuple[int | None, int | None],
    edits: Any,
) -> None:
    whole = await conversations.whole(length, edits)
    after, before = (place if place is not None and place < len(whole.edges) else None for place in bounds)
    if after is not None and before is not None and after >= before:
        after, before = (before, after) if after > before else (None, before)
    sized = {way: size} if way else {}
    page = await read(
        conversations.client,
        whole.session,
        PAGE,
        edits=edits,
        after=whole.cursor(after),
        before=whole.cursor(before),
        **sized,
    )
    assert page == slice_of(whole.edges, size=sized, after=after, before=before)


@SEARCH
@given(length=LENGTHS, size=SIZES, edits=VIEWS)
async def test_a_walk_either_way_gives_every_message_once(
    conversations: Conversations, length: int, size: int, edits: Any
) -> None:
    whole = await conversations.whole(length, edits)

    async def walk(step: Callable[[dict[str, Any]], tuple[str, dict[str, Any]]], **asked: Any) -> list[Any]:
        pages = []
        while True:
            page = await read(conversations.client, whole.session, PAGE, edits=edits, **asked)
            pages.append(page["edges"])
            more, following = step(page["pageInfo"])
            if not page["pageInfo"][more]:
                return pages
            asked = {**asked, **following}

    forward = await walk(lambda info: ("hasNextPage", {"after": info["endCursor"]}), first=size)
    backward = await walk(lambda info: ("hasPreviousPage", {"before": info["startCursor"]}), last=size)
    assert [edge for page in forward for edge in page] == whole.edges
    assert [edge for page in reversed(backward) for edge in page] == whole.edges
    assert len(forward) == len(backward) == max(1, -(-len(whole.edges) // size))


async def test_bounds_that_cross_leave_nothing(conversations: Conversations) -> None:
    whole = await conversations.whole(10)
    for size in ({}, {"first": 3}, {"last": 3}):
        for after, before in ((5, 5), (7, 2), (9, 0)):
            bounds = {"after": whole.cursor(after), "before": whole.cursor(before)}
            assert await texts(conversations.client, whole.session, **bounds, **size) == []


@pytest.mark.parametrize("length", [1, 5, 6, 30])
async def test_last_are_really_the_newest(conversations: Conversations, length: int) -> None:
    session = await conversations.session(length)
    expected = [str(number) for number in range(length)]
    assert await texts(conversations.client, session, last=5) == expected[-5:]
    assert await texts(conversations.client, session, last=1) == expected[-1:]
    assert await texts(conversations.client, session, last=100) == expected


async def test_the_newest_are_complete_also_when_many_messages_come_between_the_two_calls(
    client: Client, upstream: Upstream
) -> None:
    session = await client.create()
    await client.store(session["id"], *map(str, range(10)))
    coming = [f"new {number}" for number in range(45)]

    async def store(_: Any) -> None:
        while coming:
            blob = {"role": "user", "content": coming.pop(0)}
            await upstream.ask("POST", f"/session/{session['acontextId']}/messages", json={"blob": blob})

    upstream.meanwhile = store
    assert await texts(client, session["id"], last=3) == ["new 42", "new 43", "new 44"]


COSTS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({}, "nodes { id }", [MESSAGES]),
    ({}, "totalCount tokenCount nodes { id } formatted(as: OPENAI) { messages }", [MESSAGES]),
    ({}, "totalCount", [MESSAGES]),
    ({"first": 5}, "nodes { id } formatted(as: OPENAI) { messages }", [MESSAGES]),
    ({"last": 5}, "nodes { id }", [MESSAGES] * 2),
    ({"last": 50}, "nodes { id }", [MESSAGES]),
    ({"last": 100}, "nodes { id }", [MESSAGES]),
    ({"first": 5}, "tokenCount", [MESSAGES, "GET /session/{id}/token_counts"]),
    ({"first": 5}, "totalCount", [MESSAGES] * 2),
    ({"edits": {"middleOut": {"tokenReduceTo": 60}}}, "totalCount tokenCount editAtMessageId nodes { id }", [MESSAGES]),
    ({"edits": {"middleOut": {"tokenReduceTo": 60}}, "last": 3}, "totalCount editAtMessageId", [MESSAGES]),
    ({"edits": {"middleOut": {"tokenReduceTo": 60}}, "first": 3}, "totalCount editAtMessageId", [MESSAGES]),
]


@pytest.mark.parametrize(("asked", "selection", "calls"), COSTS)
async def test_a_page_of_what_nothing_is_known_of_costs_so_many_calls(
    client: Client, upstream: Upstream, asked: dict[str, Any], selection: str, calls: list[str]
) -> None:
    session = await client.create()
    for number in range(50):  # past this server, which would remember the places of what it stores
        blob = {"role": "user", "content": str(number)}
        await upstream.ask("POST", f"/session/{session['acontextId']}/messages", json={"blob": blob})
    upstream.clear()
    await read(client, session["id"], selection, **asked)
    assert upstream.calls == calls


async def test_the_same_page_under_several_names_is_read_once(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    await client.store(session, "a", "b")
    upstream.clear()
    query = """
    query ($id: ID!) {
      one: session(id: $id) { messages { nodes { id } } tokenCounts { total encoding } }
      two: session(id: $id) { messages { totalCount formatted(as: GEMINI) { messages } } tokenCounts { total } }
    }
    """
    data = await client.data(query, id=session)
    assert data["two"]["messages"]["totalCount"] == 2
    assert data["one"]["tokenCounts"] == {"total": data["two"]["tokenCounts"]["total"], "encoding": "o200k_base"}
    assert upstream.calls == [MESSAGES]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"first": 0}, "first: a page has 1 to 100 entries."),
        ({"first": 101}, "first: a page has 1 to 100 entries."),
        ({"last": -1}, "last: a page has 1 to 100 entries."),
        ({"first": 1, "last": 1}, "first and last cannot be given together."),
    ],
)
async def test_sizes_out_of_bounds_are_refused(
    client: Client, upstream: Upstream, asked: dict[str, int], message: str
) -> None:
    session = (await client.create())["id"]
    upstream.clear()
    assert await refusal(client, session, **asked) == ("BAD_USER_INPUT", message)
    assert upstream.calls == []
