"""The GraphQL endpoint: what the table of GraphQL over HTTP leaves open."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_api import SECRET, create_app

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GRAPHQL = "application/graphql-response+json"
PAGE = "<p>The explorer</p>"
MISSING = {
    "errors": [
        {
            "message": "query must be a string with the GraphQL document in it.",
            "extensions": {"code": "BAD_REQUEST"},
        }
    ]
}


def client_of(*, with_explorer: bool = True) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(with_explorer=with_explorer))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of() as made:
        yield made


async def test_a_browser_is_shown_the_explorer(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": BROWSER})

    assert (page.status_code, page.text) == (200, PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept"


async def test_a_browser_that_asks_for_the_head_gets_no_page(client: httpx.AsyncClient) -> None:
    page = await client.head("/graphql", headers={"accept": BROWSER})

    assert (page.status_code, page.text, page.headers["content-length"]) == (200, "", str(len(PAGE)))


async def test_a_browser_with_a_query_is_given_the_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql?query={hello}", headers={"accept": BROWSER})

    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Hello world"}})


@pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions", "documentId", "doc_id"])
async def test_of_two_values_in_a_url_none_is_chosen(client: httpx.AsyncClient, name: str) -> None:
    params = {"query": "{ __typename }", name: ["{ __typename }", "{ hello }"]}
    answer = await client.get("/graphql", params=params)

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (400, f"{name} is in the URL more than once.")


async def test_what_graphql_does_not_name_may_be_there_twice(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"query": "{ __typename }", "x": ["1", "2"]})
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0, */*"])
async def test_programs_are_not_shown_the_explorer(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/graphql", headers={"accept": accept})

    assert (answer.status_code, answer.json()) == (400, MISSING)


async def test_a_browser_is_answered_as_others_are_where_there_is_no_explorer() -> None:
    async with client_of(with_explorer=False) as client:
        answer = await client.get("/graphql", headers={"accept": BROWSER})

    assert (answer.status_code, answer.json()) == (400, MISSING)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("Unauthenticated", 401, "UNAUTHENTICATED"),
        ("Forbidden", 403, "FORBIDDEN"),
        ("BadUserInput", 400, "BAD_USER_INPUT"),
        ("UpstreamUnavailable", 503, "UPSTREAM_UNAVAILABLE"),
        ("UpstreamTimeout", 504, "UPSTREAM_TIMEOUT"),
    ],
)
async def test_a_failure_of_the_context_refuses_the_request(
    client: httpx.AsyncClient, kind: str, status: int, code: str
) -> None:
    answer = await client.post("/graphql", json={"query": "{ hello }"}, headers={"x-refuse": kind})

    assert (answer.status_code, answer.json()) == (
        status,
        {"errors": [{"message": f"This is {kind}.", "extensions": {"code": code}}]},
    )
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


async def test_a_failure_of_the_context_names_its_argument(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ hello }"}, headers={"x-refuse": "Invalid"})

    extensions = {"code": "BAD_USER_INPUT", "argumentPath": ["header"]}
    assert (answer.status_code, answer.json()) == (
        400,
        {"errors": [{"message": "This is Invalid.", "extensions": extensions}]},
    )


async def test_a_crash_of_the_context_is_an_internal_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ hello }"}, headers={"x-refuse": "crash"})

    assert answer.status_code == 500
    assert answer.json() == {
        "errors": [{"message": "An internal error occurred.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
    }


@pytest.mark.parametrize(("name", "value"), [("integer", 2**70), ("surrogate", "\ud800"), ("infinity", None)])
async def test_values_that_are_hard_to_write_are_written(client: httpx.AsyncClient, name: str, value: object) -> None:
    sent = {"query": "query Q($n: String!) { oddValue(name: $n) }", "variables": {"n": name}}

    answer = await client.post("/graphql", json=sent)

    assert answer.status_code == 200
    assert json.loads(answer.content) == {"data": {"oddValue": value}}


async def test_extensions_of_the_schema_may_add_to_the_answer(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ hello }", "extensions": {"gate": "tell"}})

    assert answer.json() == {"data": {"hello": "Hello world"}, "extensions": {"gate": "open"}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["query", "operationName", "variables", "extensions", "other"])
documents = st.sampled_from(["{ hello }", "{", "query A { hello }", "mutation { __typename }"])
bodies = st.binary(max_size=40) | (json_values | st.dictionaries(names, json_values | documents)).map(
    lambda value: json.dumps(value).encode()
)


@settings(max_examples=150, deadline=None)
@given(body=bodies, accept=st.sampled_from([GRAPHQL, "application/json"]))
def test_whatever_is_sent_is_answered_in_json(body: bytes, accept: str) -> None:
    async def send() -> httpx.Response:
        async with client_of() as client:
            headers = {"accept": accept, "content-type": "application/json"}
            return await client.post("/graphql", content=body, headers=headers)

    answer = asyncio.run(send())

    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.status_code in {200, 400}
    told = orjson.loads(answer.content)
    if "data" not in told:
        assert answer.status_code == 400 or accept == "application/json"
        assert all(error["extensions"]["code"] for error in told["errors"])


async def test_no_answer_holds_what_crashed(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = await client.post("/graphql", json={"query": "{ crashes }"})

    assert SECRET not in answer.text
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
