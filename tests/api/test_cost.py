"""What operations cost: told before they run and after, bounded for one operation and for one user's minute."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import Client
from api.upstream import Upstream
from databases import Databases

SESSION = "query ($id: ID!, $last: Int) { session(id: $id) { messages(last: $last) { nodes { text } } } }"
LIST = "query ($first: Int) { sessions(first: $first) { nodes { messages { nodes { text } } } } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it is in the database."""
    return sqlite_databases


async def cost(client: Client, query: str, **variables: Any) -> dict[str, int]:
    answer = await client.answer(query, **variables)
    assert "errors" not in answer, answer
    found: dict[str, int] = answer["extensions"]["cost"]
    return found


async def reply(client: Client, query: str) -> httpx.Response:
    return await client.http.post("/graphql", json={"query": query}, headers={"X-User": client.user or ""})


async def filled(client: Client, *texts: str) -> str:
    id: str = (await client.create())["id"]
    await client.store(id, *texts)
    return id


async def test_an_operation_is_told_what_it_was_to_cost_and_what_it_did(client: Client) -> None:
    id = await filled(client, "a", "b", "c")
    paged = await cost(client, SESSION, id=id, last=20)
    assert paged == {"estimated": 1 + 1 + 10 + 20, "actual": 1 + 10 + 3}
    many = "{ sessions(first: 50) { totalCount nodes { tokenCounts { total } files { nodes { path } } } } }"
    assert await cost(client, many) == {"estimated": 1 + 1 + 50 + 10 + 50 * (10 + 10 + 20), "actual": 1 + 1 + 20}
    stored = await client.answer(
        "mutation ($s: ID!) { storeMessages(input: {sessionId: $s, messages: ["
        '{message: {chat: {role: USER, content: "a"}}}, {message: {chat: {role: USER, content: "b"}}}'
        "]}) { storedCount session { tokenCounts { total } } } }",
        s=id,
    )
    assert stored["extensions"] == {"cost": {"estimated": 1 + 2 * 10 + 10}}


async def test_a_copy_weighs_what_the_conversation_is_known_to_have(client: Client) -> None:
    fork = "mutation ($id: ID!) { forkSession(input: {sessionId: $id}) { errors { code } } }"
    id = await filled(client, "a", "b", "c")
    assert (await cost(client, fork, id=id)) == {"estimated": 1 + 80 + 4 * 1000}
    await cost(client, SESSION, id=id)
    assert (await cost(client, fork, id=id)) == {"estimated": 1 + 80 + 4 * 3}
    named = fork.replace("($id: ID!)", "").replace("$id", f'"{id}"')
    assert (await cost(client, named)) == {"estimated": 1 + 80 + 4 * 3}


async def test_a_whole_conversation_weighs_what_it_is_known_to_have(client: Client) -> None:
    id = await filled(client, "a", "b", "c")
    for estimated in (1 + 1 + 10 + 1000, 1 + 1 + 10 + 3):
        assert (await cost(client, SESSION, id=id))["estimated"] == estimated
    bob = client.as_user("bob")  # what Anna's session has is none of his business, nor that there is one
    assert (await cost(bob, SESSION, id=id))["estimated"] == 1 + 1 + 10 + 1000


async def test_counting_makes_a_conversation_known(client: Client) -> None:
    id = await filled(client, *map(str, range(5)))
    count = "query ($id: ID!) { session(id: $id) { messages(last: 1) { totalCount } } }"
    await client.data(count, id=id)
    assert (await cost(client, SESSION, id=id))["estimated"] == 1 + 1 + 10 + 5


async def test_one_operation_may_cost_so_much(start: Callable[..., Any], upstream: Upstream) -> None:
    async with start(max_cost=52) as client:
        id = await filled(client, "a")
        assert (await cost(client, SESSION, id=id, last=40))["estimated"] == 52
        upstream.clear()
        for _ in range(2):  # the second time the document is known
            answer = await client.answer(SESSION, id=id, last=41)
            [error] = answer["errors"]
            assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED"}
            assert error["message"].startswith("The operation may cost 53 points; at most 52 are taken")
            assert "data" not in answer
        assert upstream.calls == []


async def test_lists_within_lists_are_refused_before_they_run(client: Client, upstream: Upstream) -> None:
    page = "sessions(first: 100) { nodes { messages(first: 100) { nodes { session { messages(first: 100) { nodes {"
    answer = await client.answer(f"{{ {page} text }} }} }} }} }} }} }} }}")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["COST_LIMIT_EXCEEDED"]
    assert upstream.calls == []


async def test_whole_conversations_are_given_for_ten_sessions_of_a_list(client: Client) -> None:
    for number in range(10):
        await filled(client, str(number))
    for first in (10, None):  # no more are there
        nodes = (await client.data(LIST, first=first))["sessions"]["nodes"]
        assert [node["messages"]["nodes"][0]["text"] for node in nodes] == [str(number) for number in range(9, -1, -1)]
    assert await client.code(LIST, first=11) == "COST_LIMIT_EXCEEDED"
    await client.create()
    answer = await client.answer(LIST)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
    assert [node["messages"] for node in answer["data"]["sessions"]["nodes"]] == [None] * 11
    ids = [session["id"] for session in (await client.data("{ sessions { nodes { id } } }"))["sessions"]["nodes"]]
    nodes_of = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { messages { nodes { text } } } } }"
    assert len((await client.data(nodes_of, ids=ids[:10]))["nodes"]) == 10
    assert await client.code(nodes_of, ids=ids) == "COST_LIMIT_EXCEEDED"


async def test_a_user_may_spend_so_much_in_a_minute(start: Callable[..., Any]) -> None:
    async with start(max_cost=100, max_cost_per_minute=100) as client:
        anna, bob = client.as_user("anna"), client.as_user("bob")
        created = await cost(anna, "mutation { createSession(input: {}) { errors { code } } }")
        assert created["remaining"] in range(79, 81)
        for _ in range(2):  # the second time the document is known
            response = await reply(anna, "{ sessions(first: 98) { nodes { id } } }")
            assert response.status_code == 429
            [error] = response.json()["errors"]
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert int(response.headers["retry-after"]) == error["extensions"]["retryAfter"] in range(1, 14)
            assert "100 points a minute" in error["message"]
        for estimated in (100, 99):  # what was not needed is given back
            assert (await cost(bob, f"{{ sessions(first: {estimated - 2}) {{ nodes {{ id }} }} }}"))["actual"] == 1
        anybody = await cost(client, "{ sessions(first: 98) { nodes { id } } }")
        assert anybody == {"estimated": 100, "actual": 1}


async def test_what_is_answered_at_once_is_paid_for_too(start: Callable[..., Any]) -> None:
    async with start(max_cost=3, max_cost_per_minute=3) as client:
        anna = client.as_user("anna")
        statuses = [(await reply(anna, "{ __typename }")).status_code for _ in range(5)]
        assert statuses[:3] == [200] * 3
        assert 429 in statuses[3:]
