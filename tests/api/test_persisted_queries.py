"""Automatic persisted queries, as Apollo's clients and others speak them."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest

from api.client import Client
from api.test_document_limits import GRAPHQL
from databases import Databases
from gql_api.schema.persisted import BYTES_BESIDE_TEXT, Learned

WHO = "query Who { viewer { identifier } }"
COST = {"cost": {"estimated": 1, "actual": 1}}
ANSWER = {"data": {"viewer": {"identifier": "anonymous@example.com"}}, "extensions": COST}
NOT_FOUND = {
    "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}],
}
NOT_SUPPORTED = {
    "errors": [{"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}],
}
Start = Callable[..., Any]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


def by_hash(document: str, **fields: Any) -> dict[str, Any]:
    hash = sha256(document.encode()).hexdigest()
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}, **fields}


async def ask(client: Client, method: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
    if method == "POST":
        return await client.http.post("/graphql", json=fields, headers=headers)
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return await client.http.get("/graphql", params=params, headers=headers)


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_document_is_known_by_its_hash_once_it_was_sent(client: Client, method: str, accept: str) -> None:
    unknown = await ask(client, method, by_hash(WHO), accept=accept)
    assert (unknown.status_code, unknown.json()) == (200, NOT_FOUND)
    assert unknown.headers["cache-control"] == "no-store"
    assert unknown.headers["content-type"].startswith(accept)

    assert (await ask(client, method, by_hash(WHO, query=WHO), accept=accept)).json() == ANSWER
    for known in ("GET", "POST"):
        assert (await ask(client, known, by_hash(WHO), accept=accept)).json() == ANSWER
    # urql sends an empty text over sockets.
    assert (await ask(client, "POST", by_hash(WHO, query="", variables={}))).json() == ANSWER


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL, 422)])
async def test_an_unknown_hash_has_the_status_of_the_edition(start: Start, accept: str, status: int) -> None:
    async with start(http_edition="2026-09") as client:
        unknown = await ask(client, "POST", by_hash(WHO), accept=accept)
        assert (unknown.status_code, unknown.json()) == (status, NOT_FOUND)
        learned = await ask(client, "POST", by_hash(WHO, query=WHO), accept=accept)
        assert (learned.status_code, learned.json()) == (200, ANSWER)


async def test_variables_and_the_name_are_those_of_the_request(client: Client) -> None:
    query = "query A($is: Boolean!) { a: __typename @include(if: $is) } query B { b: __typename }"
    await ask(client, "POST", by_hash(query, query=query, operationName="B"))

    for name, variables, data in (
        ("A", {"is": True}, {"a": "Query"}),
        ("A", {"is": False}, {}),
        ("B", {}, {"b": "Query"}),
    ):
        answer = await ask(client, "GET", by_hash(query, operationName=name, variables=variables))
        assert answer.json()["data"] == data


async def test_a_mutation_by_its_hash_is_sent_by_post(client: Client) -> None:
    write = "mutation { createSession(input: {}) { errors { code } } }"
    done = {"createSession": {"errors": []}}

    assert (await ask(client, "GET", by_hash(write, query=write))).status_code == 405
    assert (await ask(client, "POST", by_hash(write, query=write))).json()["data"] == done
    assert (await ask(client, "GET", by_hash(write))).status_code == 405
    assert (await ask(client, "POST", by_hash(write))).json()["data"] == done


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_hash_of_another_document_is_refused(client: Client, method: str) -> None:
    refused = await ask(client, method, by_hash(WHO, query="{ __typename }"))

    [error] = refused.json()["errors"]
    assert (refused.status_code, error["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert (await ask(client, method, by_hash(WHO))).json() == NOT_FOUND


@pytest.mark.parametrize("query", ["{", "{ nosuchthing }", "{ viewer " * 40 + "{ id }" + "}" * 40])
async def test_what_cannot_run_is_not_learned(client: Client, query: str) -> None:
    for _ in range(2):
        plain = await ask(client, "POST", {"query": query})
        named = await ask(client, "POST", by_hash(query, query=query))
        assert named.json() == plain.json()
        assert "errors" in plain.json()
    assert (await ask(client, "POST", by_hash(query))).json() == NOT_FOUND


@pytest.mark.parametrize(
    "persisted",
    [
        5,
        [],
        {},
        {"version": 2, "sha256Hash": "x"},
        {"version": 1},
        {"version": 1, "sha256Hash": 5},
        {"version": 1, "sha256Hash": ""},
        {"version": 1, "sha256Hash": "x" * 1001},
    ],
)
async def test_what_is_no_hash_is_refused(client: Client, persisted: Any) -> None:
    for fields in ({}, {"query": WHO}):
        refused = await ask(client, "POST", {"extensions": {"persistedQuery": persisted}, **fields})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_REQUEST"})


async def test_a_browser_that_asks_by_a_hash_is_shown_no_page(client: Client) -> None:
    answer = await ask(client, "GET", by_hash(WHO), accept="text/html, */*")
    assert answer.json() == NOT_FOUND


async def test_a_server_may_learn_nothing(start: Start) -> None:
    async with start(persisted_queries=0) as client:
        for method in ("GET", "POST"):
            refused = await ask(client, method, by_hash(WHO))
            assert (refused.status_code, refused.json()) == (200, NOT_SUPPORTED)
            assert refused.headers["cache-control"] == "no-store"
            assert (await ask(client, method, by_hash(WHO, query=WHO))).json() == ANSWER
            assert (await ask(client, method, by_hash(WHO))).json() == NOT_SUPPORTED


async def test_what_one_user_sends_pushes_out_their_own(start: Start) -> None:
    async def is_known(query: str) -> bool:
        return bool((await ask(client, "POST", by_hash(query))).json() != NOT_FOUND)

    async with start(persisted_queries=4) as client:
        others = [f"query Other{one} {{ __typename }}" for one in range(2)]
        flood = [f"query Flood{one} {{ __typename }}" for one in range(10)]
        for user, queries in (("others@example.com", others), ("flood@example.com", flood)):
            for query in queries:
                await ask(client, "POST", by_hash(query, query=query), **{"x-user": user})

        assert [await is_known(query) for query in others] == [True, True]
        assert [await is_known(query) for query in flood] == [False] * 8 + [True] * 2


async def test_the_bytes_of_documents_are_bounded_too(start: Start) -> None:
    large = [f"query Q{one} {{ __typename }} #" + "x" * 1_000 for one in range(3)]
    async with start(persisted_query_memory=3_500) as client:
        for query in [*large, "{ __typename } #" + "x" * 4_000]:
            assert (await ask(client, "POST", by_hash(query, query=query))).json()["data"] == {"__typename": "Query"}

        known = [(await ask(client, "POST", by_hash(query))).json() != NOT_FOUND for query in large]
    assert known == [False, True, True]


def test_what_was_used_last_stays_and_nothing_is_left_of_what_goes() -> None:
    learned = Learned(most=3, most_bytes=3 * (BYTES_BESIDE_TEXT + 100))
    for hash, user in (("a", "anna"), ("b", "anna"), ("c", "bert")):
        learned.put(hash, hash, user)
    assert learned.get("a") == "a"
    learned.put("d", "d", "anna")
    assert [learned.get(hash) for hash in "abcd"] == ["a", None, "c", "d"]

    for number in range(1_000):
        learned.put(str(number), "x" * (number % 90), f"user {number}")
        assert len(learned._owners) <= 3
        assert learned._all_bytes == sum(learned._bytes.values()) <= 3 * (BYTES_BESIDE_TEXT + 100)
        assert learned._bytes.keys() == learned._texts.keys()
