"""When something was last said in sessions, and the list that is ordered by it, whose places move all the time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conftest import Queries
from api.test_organising import PAGE
from api.test_session_paging import spelled
from api.upstream import Upstream
from databases import Databases

LATEST = "LAST_ACTIVITY_DESC"
READ = "query ($id: ID!) { session(id: $id) { createdAt updatedAt lastActivityAt } }"
STORE = """
mutation ($id: ID!) {
  storeMessage(input: {sessionId: $id, message: {chat: {role: USER, content: "hello"}}}) {
    message { createdAt } session { createdAt updatedAt lastActivityAt }
  }
}
"""
MESSAGES = "query ($id: ID!) { session(id: $id) { messages(last: 1) { nodes { createdAt } } } }"


async def order(client: Client, **given_: Any) -> list[str]:
    page = (await client.data(PAGE, orderBy=LATEST, **given_))["sessions"]
    return [edge["node"]["id"] for edge in page["edges"]]


async def made(client: Client, count: int) -> list[str]:
    return [(await client.create())["id"] for _ in range(count)]


async def test_a_stored_message_moves_its_session_to_the_front_at_once(client: Client) -> None:
    first, second, third = await made(client, 3)
    assert await order(client) == [third, second, first]
    before = (await client.data(READ, id=first))["session"]
    assert before["lastActivityAt"] == before["createdAt"]
    for id, expected in [(first, [first, third, second]), (second, [second, first, third])]:
        stored = (await client.data(STORE, id=id))["storeMessage"]
        assert stored["session"]["lastActivityAt"] == stored["message"]["createdAt"]
        assert await order(client) == expected
        assert await client.data(READ, id=id) == {"session": stored["session"]}
    assert (await client.data(READ, id=first))["session"]["updatedAt"] == before["updatedAt"]


async def test_what_others_stored_counts_from_when_it_is_seen(client: Client, upstream: Upstream) -> None:
    made_first, made_second = await client.create(), await client.create()
    first, second = made_first["id"], made_second["id"]
    body = {"format": "acontext", "blob": {"role": "user", "parts": [{"type": "text", "text": "from elsewhere"}]}}
    await upstream.ask("POST", f"/session/{made_first['acontextId']}/messages", json=body)
    assert await order(client) == [second, first]
    [message] = (await client.data(MESSAGES, id=first))["session"]["messages"]["nodes"]
    assert (await client.data(READ, id=first))["session"]["lastActivityAt"] == message["createdAt"]
    assert await order(client) == [first, second]


async def test_what_was_noted_is_there_after_a_restart(
    start: Callable[..., AbstractAsyncContextManager[Client]],
) -> None:
    async with start() as client:
        first, second = await made(client, 2)
        stored = (await client.data(STORE, id=first))["storeMessage"]["session"]
    async with start() as client:
        assert await order(client) == [first, second]
        assert await client.data(READ, id=first) == {"session": stored}


async def test_reading_old_messages_moves_nothing_back(client: Client) -> None:
    id = (await client.create())["id"]
    await client.store(id, "one", "two", "three")
    latest = (await client.data(READ, id=id))["session"]["lastActivityAt"]
    page = "query ($id: ID!) { session(id: $id) { messages(first: 1) { nodes { createdAt } } } }"
    [oldest] = (await client.data(page, id=id))["session"]["messages"]["nodes"]
    await order(client)
    assert oldest["createdAt"] < (await client.data(READ, id=id))["session"]["lastActivityAt"] == latest


async def test_a_store_asks_the_database_no_more_than_to_hold_its_session(client: Client, queries: Queries) -> None:
    id = (await client.create())["id"]
    await client.data(STORE, id=id)
    await order(client)  # all that was noted is written
    await asyncio.sleep(0)
    queries.statements.clear()
    await client.data(STORE, id=id)
    behind = ("write_holder = NULL", "message_places", "message_texts")
    during = [one for one in queries.statements if not any(words in one for words in behind)]
    assert [statement.split()[0] for statement in during] in (["SELECT"], ["UPDATE"])


async def test_cursors_fit_their_own_order_only(client: Client) -> None:
    await made(client, 2)
    cursors = {}
    for name in ("CREATED_AT_DESC", LATEST):
        cursors[name] = (await client.data(PAGE, orderBy=name))["sessions"]["edges"][0]["cursor"]
    for name, other in ((LATEST, "CREATED_AT_DESC"), ("CREATED_AT_DESC", LATEST), ("CREATED_AT_ASC", LATEST)):
        for place in ("after", "before"):
            assert await client.code(PAGE, orderBy=name, **{place: cursors[other]}) == "BAD_USER_INPUT"
    for time in (-1, 10**18, 10**30):
        forged = spelled("session-activity", time, uuid4())
        assert await client.code(PAGE, orderBy=LATEST, after=forged) == "BAD_USER_INPUT"


MOVES = st.lists(st.integers(0, 7), max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(MOVES, min_size=1, max_size=4), size=st.integers(1, 4), backward=st.booleans())
@example(moves=[[0, 1, 2, 4], [0, 1, 4, 3], [2]], size=4, backward=True)
async def test_a_walk_meets_each_session_that_stays_where_it_is_once(
    client: Client, moves: list[list[int]], size: int, backward: bool
) -> None:
    """Whatever moves meanwhile: it goes to the front, where whoever walks to the end does not come by."""
    user = client.as_user(str(uuid4()))
    ids = await made(user, 8)
    by_time = ids[::-1]
    moved: set[str] = set()
    met: list[str] = []
    most = len(ids) + sum(map(len, moves))  # backwards each is met again whenever it has moved
    cursor, more = None, True
    while more:
        way = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = (await user.data(PAGE, orderBy=LATEST, **way))["sessions"]
        assert page["totalCount"] == len(ids)
        found = [edge["node"]["id"] for edge in page["edges"]]
        met = found + met if backward else met + found
        assert len(met) <= most, "it goes round in circles"
        more = page["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
        cursor = page["edges"][0 if backward else -1]["cursor"] if more else None
        for number in moves.pop() if moves else []:
            await user.store(ids[number], "hello")
            moved.add(ids[number])
            by_time.remove(ids[number])
            by_time.insert(0, ids[number])
    assert [id for id in met if id not in moved] == [id for id in by_time if id not in moved]
    if not backward:
        assert len(met) == len(set(met))
    assert await order(user) == by_time


class TestWithFilters:
    """On one kind of database; the tests of the store have both."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    async def test_the_order_goes_with_all_filters(self, client: Client) -> None:
        ids = await made(client, 4)
        document = "mutation ($id: ID!) { updateSession(input: {id: $id, archived: true}) { errors { code } } }"
        await client.data(document, id=ids[1])
        for id in (ids[0], ids[1]):
            await client.data(STORE, id=id)
        assert await order(client, filter={"archived": False}) == [ids[0], ids[3], ids[2]]
        assert await order(client, filter={"archived": True}) == [ids[1]]
        assert await order(client, filter={"archived": False}, first=2) == [ids[0], ids[3]]
