"""A server that keeps its schema to those who have it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from graphql import get_introspection_query

from api.client import Client

ASKING = (
    get_introspection_query(),
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Session") { name } }',
    "{ viewer { id } ...Inside } fragment Inside on Query { __schema { description } }",
)
WRONG = {
    "{ viewr { id } }": {},
    "{ viewer { idd } }": {},
    "{ viewer { sessions(frist: 1) { nodes { id } } } }": {},
    "{ viewer { sessions(orderBy: CREATED_AT_DES) { nodes { id } } } }": {},
    "query ($order: SessionOrder) { viewer { sessions(orderBy: $order) { nodes { id } } } }": {
        "order": "CREATED_AT_DES"
    },
    "query ($where: SessionFilter) { sessions(filter: $where) { nodes { id } } }": {"where": {"titleContain": "x"}},
    "query ($a: Strin) { viewer { id } }": {},
}
"""Each is near to something that there is."""
AS_BROWSERS = {"accept": "text/html,application/xhtml+xml"}


Start = Callable[..., Any]


@pytest.fixture
async def private(start: Start) -> AsyncIterator[Client]:
    async with start(production=True) as client:
        yield client


@pytest.mark.parametrize("query", ASKING)
async def test_the_schema_is_told_only_where_it_is_not_private(start: Start, query: str) -> None:
    async with start() as client:
        assert "errors" not in await client.answer(query)
    async with start(production=True) as private:
        for _ in range(2):  # also the second time, when the document is known
            answer = await private.answer(query)
            assert answer.get("data") is None
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}


async def test_the_names_of_types_are_told_still(private: Client) -> None:
    assert await private.data("{ __typename viewer { __typename } }") == {
        "__typename": "Query",
        "viewer": {"__typename": "User"},
    }


async def test_errors_suggest_nothing_where_the_schema_is_private(start: Start) -> None:
    async with start() as client:
        suggested = [(await client.answer(query, **variables))["errors"] for query, variables in WRONG.items()]
    async with start(production=True) as private:
        told = [(await private.answer(query, **variables))["errors"] for query, variables in WRONG.items()]
    for query, before, after in zip(WRONG, suggested, told, strict=True):
        assert "Did you mean" in str(before), query
        assert "Did you mean" not in str(after), query
        assert [error["extensions"]["code"] for error in after] == [error["extensions"]["code"] for error in before]
        assert all(error["message"] for error in after)


async def test_a_title_may_ask_whether_it_was_meant(private: Client) -> None:
    assert (await private.create(title="x Did you mean y"))["title"] == "x Did you mean y"


async def test_there_is_no_explorer_where_the_schema_is_private(start: Start) -> None:
    async with start() as client:
        shown = await client.http.get("/graphql", headers=AS_BROWSERS)
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
    async with start(production=True) as private:
        hidden = await private.http.get("/graphql", headers=AS_BROWSERS)
        assert "html" not in hidden.headers["content-type"]
        assert (await private.http.get("/explorer/explorer.js")).status_code == 404


@pytest.mark.parametrize(("seconds", "told"), [(None, None), (0, "max-age=0"), (31_536_000, "max-age=31536000")])
async def test_browsers_are_told_to_come_by_https_where_they_can(
    start: Start, seconds: int | None, told: str | None
) -> None:
    async with start(hsts_seconds=seconds) as client:
        for path in ("/graphql", "/nowhere", "/livez"):
            answer = await client.http.get(path, headers=AS_BROWSERS)
            assert answer.headers.get("strict-transport-security") == told
