"""What reads cost: one call of Acontext for each distinct thing, as many at a time as may be, and few statements."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from api.client import Client
from api.conftest import Queries
from api.gauge import Gauge
from api.upstream import Upstream
from databases import Databases

Start = Callable[..., AbstractAsyncContextManager[Client]]

TWICE = """
query ($first: Int!) { a: sessions(first: $first) { ...page } b: sessions(first: $first) { ...page } }
fragment page on SessionConnection {
  totalCount nodes { again: tokenCounts { total } tokenCounts { total } files { nodes { path } } disk { ...files } }
}
fragment files on Disk { files(path: "/") { totalCount } session { tokenCounts { total } } }
"""
UNASKED = """
{ sessions { totalCount nodes { id title createdAt user { id identifier } disk { id createdAt session { id } } } } }
"""
MANY = "{ sessions(first: 100) { nodes { tokenCounts { total } } } }"


async def make(client: Client, count: int) -> list[str]:
    """Make sessions, and let be written down what is noted of them, so that it is not counted later."""
    made = [(await client.create())["id"] for _ in range(count)]
    await client.learn()
    return made


async def test_a_page_costs_one_call_for_each_thing_however_often_it_is_asked(
    client: Client, upstream: Upstream, queries: Queries
) -> None:
    await make(client, 20)
    statements = []
    for count in (5, 20):
        upstream.clear()
        queries.statements.clear()
        data = await client.data(TWICE, first=count)
        assert data["a"] == data["b"]
        assert [node["tokenCounts"] for node in data["a"]["nodes"]] == [{"total": 0}] * count
        assert Counter(upstream.calls) == {
            "GET /session/{id}/token_counts": count,
            "GET /disk/{id}/artifact/ls": count,
        }
        statements.append(len(queries.statements))
    assert statements == [2, 2]  # the page and the count


async def test_what_goes_wrong_under_several_names_is_told_of_each(client: Client, upstream: Upstream) -> None:
    [id] = await make(client, 1)
    one = f'session(id: "{id}") {{ title messages(first: 0) {{ nodes {{ id }} }} }}'
    gone = f'session(id: "{id}") {{ tokenCounts {{ total }} }}'
    answer = await client.answer(f"{{ a: {one} t: {gone} b: {one} u: {gone} }}")
    told = {"messages": None, "title": None}
    assert answer["data"] == {
        "a": told,
        "t": {"tokenCounts": {"total": 0}},
        "b": told,
        "u": {"tokenCounts": {"total": 0}},
    }
    assert [error["path"] for error in answer["errors"]] == [["a", "messages"], ["b", "messages"]]
    assert upstream.calls.count("GET /session/{id}/token_counts") == 1


async def test_what_is_known_here_is_not_asked_of_acontext(
    client: Client, upstream: Upstream, queries: Queries
) -> None:
    await make(client, 3)
    for document in ("{ sessions { nodes { id title disk { id createdAt } } } }", UNASKED, "{ viewer { identifier } }"):
        upstream.clear()
        queries.statements.clear()
        await client.data(document)
        assert upstream.calls == []
        assert len(queries.statements) == ("nodes" in document) + ("totalCount" in document)


async def test_many_single_reads_are_one_statement(client: Client, upstream: Upstream, queries: Queries) -> None:
    ids = await make(client, 9)
    disks = [node["disk"]["id"] for node in (await client.data(UNASKED))["sessions"]["nodes"]]
    fields = [f's{place}: session(id: "{id}") {{ id disk {{ id }} }}' for place, id in enumerate(ids)]
    fields += [f'd{place}: disk(id: "{id}") {{ id session {{ id }} }}' for place, id in enumerate(disks)]
    queries.statements.clear()
    upstream.clear()
    data: dict[str, Any] = await client.data(
        f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id }} {' '.join(fields)} }}", ids=ids + disks
    )
    assert len(data["nodes"]) == len(fields) == 18
    assert None not in [*data["nodes"], *data.values()]
    assert (len(queries.statements), upstream.calls) == (2, [])  # by session, and by disk


async def test_a_write_is_seen_by_what_is_read_after_it_in_one_operation(client: Client, upstream: Upstream) -> None:
    [id] = await make(client, 1)
    write = 'uploadFile(input: {sessionId: $id, path: "/%s.txt", content: {text: "x"}}) { file { disk { ...listed } } }'
    document = f"""
    mutation ($id: ID!) {{ a: {write % "a"} b: {write % "b"} }}
    fragment listed on Disk {{ files {{ nodes {{ path }} }} session {{ files {{ totalCount }} }} }}
    """
    upstream.clear()
    data = await client.data(document, id=id)
    assert [data[name]["file"]["disk"] for name in ("a", "b")] == [
        {"files": {"nodes": [{"path": "/a.txt"}]}, "session": {"files": {"totalCount": 1}}},
        {"files": {"nodes": [{"path": "/a.txt"}, {"path": "/b.txt"}]}, "session": {"files": {"totalCount": 2}}},
    ]
    assert Counter(upstream.calls)["GET /disk/{id}/artifact/ls"] == 2


class TestConcurrency:
    """How many calls of Acontext are under way at once; on one kind of database."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    @pytest.fixture
    def upstream(self) -> Gauge:
        return Gauge()

    @pytest.mark.parametrize(("sessions", "limit", "expected"), [(20, 32, 20), (40, 32, 32), (10, 3, 3)])
    async def test_the_calls_of_all_operations_run_at_once_up_to_a_limit(
        self, start: Start, upstream: Gauge, sessions: int, limit: int, expected: int
    ) -> None:
        async with start(upstream_concurrency=limit) as client:
            await make(client, sessions)
            upstream.hold_until(expected)
            answers = await asyncio.gather(*(client.data(MANY) for _ in range(1 if sessions == expected else 2)))
            assert {len(answer["sessions"]["nodes"]) for answer in answers} == {sessions}
            assert upstream.most == expected
