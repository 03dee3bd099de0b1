"""Answers of Acontext that fit the SDK and still mean nothing, and numbers that would lose digits on the way."""

from typing import Any

import pytest

from api.client import CREATE, Client
from api.odd_upstream import OddUpstream, answering
from databases import Databases

UPDATE = """
mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { session { id } errors { code path } } }
"""
NOWHERE = {"id": "nope", "project_id": "p", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
UNTIMED = NOWHERE | {"id": "0f8fad5b-d9cb-469f-a165-70867728950e", "created_at": "yesterday"}


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


@pytest.mark.parametrize("data", [NOWHERE, UNTIMED])
async def test_an_answer_that_cannot_be_read_is_a_failure_of_acontext(
    client: Client, upstream: OddUpstream, data: dict[str, Any]
) -> None:
    upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/disk")
    upstream.instead = answering(201, {"code": 0, "data": data, "msg": ""})
    assert await client.code(CREATE, input={}) == "UPSTREAM_UNAVAILABLE"


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64 + 1, 10**30, -(10**30)])
async def test_an_integer_that_would_lose_digits_is_refused(client: Client, number: int) -> None:
    """However long it is: beyond 64 bits a parser may make a float of it, which looks as if nothing were lost."""
    made = await client.create()
    payload = (await client.data(UPDATE, input={"id": made["id"], "configs": {"n": number}}))["updateSession"]
    assert payload == {"session": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "configs", "n"]}]}
