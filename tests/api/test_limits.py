"""What one operation may show: lists within lists are counted over all levels, and refused instead of cut.

And how often it may ask Acontext, while what it has begun to write comes to its end.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from api.client import Client
from api.test_adoption import OPEN
from api.upstream import Upstream
from databases import Databases


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


async def read(client: Client, *messages: str) -> str:
    """Make a session of these messages that is known to have so many."""
    id: str = (await client.create())["id"]
    await client.store(id, *messages)
    await client.data(nested(id, 1))
    return id


def nested(id: str, levels: int) -> str:
    """Ask for the messages of the session of the messages of the session …"""
    inner = "{ role }"
    for _ in range(levels - 1):
        inner = f"{{ session {{ messages {{ nodes {inner} }} }} }}"
    return f'{{ session(id: "{id}") {{ messages {{ nodes {inner} }} }} }}'


@pytest.fixture
async def client(start: Callable[..., Any]) -> AsyncIterator[Client]:
    """A client that may ask for what costs very much: what is shown is bounded all the same."""
    async with start(max_cost=1_000_000, max_cost_per_minute=100_000_000) as client:
        yield client


async def test_lists_within_lists_are_refused_before_they_fill_the_memory(client: Client) -> None:
    id = await read(client, *map(str, range(30)))
    shown = await client.data(nested(id, 2))
    assert len(shown["session"]["messages"]["nodes"]) == 30
    answer = await client.answer(nested(id, 3))
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}


async def test_what_is_shown_under_several_names_counts_for_each(client: Client) -> None:
    id = await read(client, *map(str, range(22)))
    one = nested(id, 3).removeprefix("{ ").removesuffix(" }")
    once = await client.data(f"{{ {one} }}")
    answer = await client.answer(f"{{ a: {one} b: {one} }}")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
    assert {error["path"][0] for error in answer["errors"]} <= {"a", "b"}
    few = f'session(id: "{id}") {{ messages(first: 2) {{ nodes {{ role }} }} }}'
    assert (await client.data(f"{{ a: {few} b: {few} }}"))["b"] == {"messages": {"nodes": [{"role": "USER"}] * 2}}
    assert len(once["session"]["messages"]["nodes"]) == 22


async def test_each_operation_has_its_own_allowance(client: Client) -> None:
    id = await read(client, *map(str, range(22)))
    for _ in range(2):
        await client.data(nested(id, 3))  # 22³ and what lies above: more than half of what one may


LIST = "query ($first: Int!) { sessions(first: $first) { nodes { configs } } }"
TOKENS = "session { tokenCounts { total } } errors { code }"


async def test_an_operation_reads_from_acontext_so_often_and_no_more(
    start: Callable[..., Any], upstream: Upstream
) -> None:
    async with start(max_calls_per_operation=5) as client:
        for number in range(6):
            await client.create(configs={"number": number})
        for _ in range(2):  # each operation has its own
            assert len((await client.data(LIST, first=5))["sessions"]["nodes"]) == 5
        upstream.clear()

        answer = await client.answer(LIST, first=6)

        assert upstream.calls == ["GET /session/{id}/configs"] * 5
        [error] = answer["errors"]
        assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED"}
        assert error["message"] == (
            "One operation reads from Acontext at most 5 times: ask for fewer things, or by pages."
        )
        numbers = [node["configs"]["number"] for node in answer["data"]["sessions"]["nodes"] if node["configs"]]
        assert len(numbers) == 5
        assert error["path"][:2] == ["sessions", "nodes"]
        assert answer["data"]["sessions"]["nodes"][error["path"][2]]["configs"] is None


async def test_what_one_reads_at_most_is_enough_for_a_large_page(client: Client) -> None:
    for _ in range(100):
        await client.create()
    page = await client.data(
        "{ sessions(first: 100) { nodes { configs files { totalCount } messages(last: 1) { totalCount nodes { role } } "
        "tokenCounts { total } } } }"
    )
    assert len(page["sessions"]["nodes"]) == 100


async def test_writes_come_to_their_end_whatever_was_read_before(start: Callable[..., Any], upstream: Upstream) -> None:
    async with start(max_calls_per_operation=1) as client:
        theirs = await upstream.ask("POST", "/session", json={"user": "default", "configs": {"a": 1}})
        anna = client.as_user(theirs.get("user", "default"))
        created = f"createSession(input: {{}}) {{ {TOKENS} }}"
        found = OPEN.partition("getOrCreateSession")[2].rpartition("}")[0]
        upstream.clear()

        answer = await anna.answer(
            f"mutation ($input: GetOrCreateSessionInput!) {{ a: {created} b: {created} c: getOrCreateSession{found} }}",
            input={"id": theirs["id"]},
        )

        assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
        assert {error["path"][0] for error in answer["errors"]} <= {"b", "c"}
        assert answer["data"]["a"] == {"session": {"tokenCounts": {"total": 0}}, "errors": []}
        assert answer["data"]["c"]["errors"] == []
        assert (answer["data"]["c"]["created"], answer["data"]["c"]["diskCreated"]) == (False, True)
        assert (await anna.data("{ sessions { totalCount } }"))["sessions"]["totalCount"] == 3
