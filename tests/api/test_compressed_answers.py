"""Answers of the application that are compressed, unless a proxy does it."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import get_introspection_query

from databases import Databases

LARGE = get_introspection_query()


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


@pytest.mark.parametrize("compressing", [True, False])
async def test_large_answers_are_compressed_by_a_setting(start: Callable[..., Any], compressing: bool) -> None:
    async with start(gzip=compressing) as client:
        answer = await client.http.post("/graphql", json={"query": LARGE}, headers={"accept-encoding": "gzip"})
        small = await client.http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"accept-encoding": "gzip"}
        )
        events = await client.http.post(
            "/graphql", json={"query": LARGE}, headers={"accept-encoding": "gzip", "accept": "text/event-stream"}
        )

    assert answer.headers.get("content-encoding") == ("gzip" if compressing else None)
    assert answer.headers["vary"] == ("Accept, Accept-Encoding" if compressing else "Accept")
    assert answer.json()["data"]["__schema"]["queryType"]["name"] == "Query"
    assert "content-encoding" not in small.headers
    assert ("content-encoding" in events.headers, events.text.startswith("event: next")) == (False, True)
