"""The ends of long conversations, and their sizes, in one call: from what was learnt, whatever others did meanwhile."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import execution
from api.client import Client
from api.conftest import served
from api.conversation import PAGE, read, texts
from api.upstream import Upstream
from carrying import in_front
from databases import Databases
from gql_api.app import create_app
from gql_api.settings import Settings

MESSAGES = "GET /session/{id}/messages"
ACONTEXT_ID = "query ($id: ID!) { session(id: $id) { acontextId } }"
LONG = 60
SEARCH = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Known(Client):
    """A client of an application that can be told to write down at once what it has learnt."""

    def __init__(self, http: httpx.AsyncClient, app: Any, upstream: Upstream) -> None:
        super().__init__(http, learn=app.state.running.places.flush)
        self.upstream = upstream

    async def long(self, count: int = LONG) -> str:
        """Make a session of so many messages, that are known."""
        session: str = (await self.create())["id"]
        await self.store(session, *map(str, range(count)))
        await self.learn()
        return session

    async def foreign(self, session: str, *messages: str) -> None:
        """Store past the application."""
        node = (await self.data(ACONTEXT_ID, id=session))["session"]
        for text in messages:
            body = {"blob": {"role": "user", "content": text}, "format": "openai"}
            await self.upstream.ask("POST", f"/session/{node['acontextId']}/messages", json=body)

    async def calls(self, session: str, **page: Any) -> tuple[list[str], int]:
        """Read a page; return its texts, and how many calls that took."""
        self.upstream.clear()
        found = await texts(self, session, **page)
        assert set(self.upstream.calls) <= {MESSAGES}
        return found, len(self.upstream.calls)

    async def count(self, session: str) -> tuple[int, int]:
        """Ask for the size of a conversation; return it, and how many calls that took."""
        self.upstream.clear()
        found = (await read(self, session, "totalCount", first=1))["totalCount"]
        return found, len(self.upstream.calls) - 1


@pytest.fixture
async def known(settings: Settings, upstream: Upstream) -> AsyncIterator[Known]:
    app = create_app(settings, front=in_front(upstream.in_front_of), schema=execution.schema(is_compared=False))
    async with served(app) as http:
        yield Known(http, app, upstream)


def last(count: int, end: int = LONG) -> list[str]:
    return list(map(str, range(end - count, end)))


async def test_the_newest_of_a_long_conversation_take_one_call(known: Known) -> None:
    session = await known.long()
    assert await known.calls(session, last=20) == (last(20), 1)
    page = await read(known, session, PAGE, last=20)
    assert page["pageInfo"]["hasPreviousPage"]
    before = page["edges"][0]["cursor"]
    assert await known.calls(session, last=20, before=before) == (last(20, LONG - 20), 1)


async def test_a_page_of_sessions_takes_one_call_for_each(known: Known) -> None:
    for _ in range(3):
        await known.long(12)
    known.upstream.clear()
    page = await known.data("{ sessions { nodes { messages(last: 5) { nodes { text } } } } }")
    texts = [[node["text"] for node in session["messages"]["nodes"]] for session in page["sessions"]["nodes"]]
    assert texts == [last(5, 12)] * 3
    assert known.upstream.calls == [MESSAGES] * 3


async def test_what_others_stored_is_there_and_then_known(known: Known) -> None:
    session = await known.long()
    await known.foreign(session, *"abc")
    assert await known.calls(session, last=5) == (["58", "59", *"abc"], 1)
    many = [f"f{number}" for number in range(50)]
    await known.foreign(session, *many)
    found, calls = await known.calls(session, last=5)
    assert found == many[-5:]
    assert calls > 1
    await known.learn()
    assert await known.calls(session, last=5) == (many[-5:], 1)


async def test_a_conversation_that_nobody_knew_is_learnt_by_being_read(known: Known) -> None:
    session = (await known.create())["id"]
    await known.foreign(session, *map(str, range(30)))
    assert (await known.calls(session, last=5))[0] == last(5, 30)
    await known.learn()
    assert await known.calls(session, last=5) == (last(5, 30), 1)


async def test_reading_what_is_known_writes_nothing(known: Known, queries: Any) -> None:
    session = await known.long()
    queries.statements.clear()
    await known.calls(session, last=20)
    await known.learn()
    assert [text for text in queries.statements if "INSERT" in text] == []


async def test_messages_that_are_gone_are_forgotten(known: Known, database_url: str, databases: Databases) -> None:
    """As after Acontext was put back to an earlier state."""
    session = await known.long()
    await databases.execute(database_url, "UPDATE message_places SET micros = micros + 1000000000")
    assert (await known.calls(session, last=5))[0] == last(5)
    await known.learn()
    assert (await known.calls(session, last=5))[0] == last(5)
    await known.learn()
    assert await known.calls(session, last=5) == (last(5), 1)


async def test_messages_are_counted_from_where_they_were_counted(known: Known, upstream: Upstream) -> None:
    session = await known.long()
    assert await known.count(session) == (LONG, 1)
    await known.learn()
    asked: list[str] = []
    upstream.fault = lambda request: asked.append(str(request.url.query)) or None  # type: ignore[func-returns-value]
    assert await known.count(session) == (LONG, 1)
    assert all("limit" in query for query in asked)
    await known.foreign(session, "a")
    await known.store(session, "b")
    assert await known.count(session) == (LONG + 2, 1)


async def test_a_page_that_holds_all_says_how_many_there_are(known: Known) -> None:
    session = await known.long(3)
    for page in ({"first": 3}, {"last": 5}):
        known.upstream.clear()
        assert (await read(known, session, "totalCount", **page))["totalCount"] == 3
        assert known.upstream.calls == [MESSAGES]


async def test_nothing_is_kept_of_a_session_that_is_deleted(
    known: Known, database_url: str, databases: Databases
) -> None:
    session, other = await known.long(3), await known.long(2)
    for id in (session, other):
        await known.count(id)
    await known.learn()
    await known.store(session, "later")
    await known.data("mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }", id=session)
    await known.learn()
    # The statement fails where there is a row of another session.
    kept = f"'{(await known.data(ACONTEXT_ID, id=other))['session']['acontextId']}'"
    for table in ("message_places", "message_counts"):
        check = f"CREATE TABLE left_{table} (n INT CHECK (n = 0))"
        rows = f"SELECT count(*) FROM {table} WHERE CAST(session_id AS TEXT) <> {kept}"  # noqa: S608 - as named here
        await databases.execute(database_url, check)
        await databases.execute(database_url, f"INSERT INTO left_{table} {rows}")
        await databases.execute(database_url, f"DROP TABLE left_{table}")


STEP = st.one_of(
    st.tuples(st.just("store"), st.integers(1, 30)),
    st.tuples(st.just("foreign"), st.integers(1, 30)),
    st.tuples(st.just("learn"), st.just(0)),
    st.tuples(st.just("count"), st.just(0)),
    st.tuples(st.just("last"), st.integers(1, 25)),
    st.tuples(st.just("before"), st.integers(1, 25)),
)


@SEARCH
@given(steps=st.lists(STEP, max_size=14))
async def test_whatever_is_known_pages_and_counts_are_those_of_the_whole(
    known: Known, steps: list[tuple[str, int]]
) -> None:
    session, there = (await known.create())["id"], list[str]()
    for name, number in steps:
        new = [f"{len(there) + place}" for place in range(number)]
        if name == "store":
            await known.store(session, *new)
            there += new
        elif name == "foreign":
            await known.foreign(session, *new)
            there += new
        elif name == "learn":
            await known.learn()
        elif name == "count":
            assert (await known.count(session))[0] == len(there)
        else:
            await check_page(known, session, there, number, bounded=name == "before")


async def check_page(known: Known, session: str, there: list[str], number: int, *, bounded: bool) -> None:
    end = len(there)
    before = None
    if bounded and there:
        whole = await read(known, session, PAGE)
        end = number * 7 % len(there)
        before = whole["edges"][end]["cursor"]
    page = await read(known, session, PAGE, last=number, before=before)
    assert [edge["node"]["text"] for edge in page["edges"]] == there[max(0, end - number) : end]
    assert page["pageInfo"]["hasPreviousPage"] == (end > number)
    assert page["pageInfo"]["hasNextPage"] == (end < len(there))
