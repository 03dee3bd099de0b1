"""The edition of GraphQL over HTTP of September 2026, which an operator may choose: its statuses, for all clients."""

import json
from typing import Any

import httpx
import pytest
from audited import FIELD_ERROR, GRAPHQL, JSON, REQUEST_ERRORS, TYPENAME

from gql_api.web.statuses import September2026
from small_api import create_app

UNPARSABLE = {"a syntax error"}
SSE = "text/event-stream"


def client_of(accept: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(statuses=September2026()))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"accept": accept})


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.headers["content-type"].partition(";")[0]


@pytest.mark.parametrize("accept", [GRAPHQL, JSON, "*/*"])
@pytest.mark.parametrize("name", REQUEST_ERRORS)
async def test_an_operation_that_is_not_begun_is_told_by_the_status_to_all(name: str, accept: str) -> None:
    fields, body = REQUEST_ERRORS[name]

    async with client_of(accept) as client:
        response = await client.post("/graphql", json=fields)

    assert told(response) == (400 if name in UNPARSABLE else 422, GRAPHQL)
    assert response.json() == body


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 294), (JSON, 200)])
async def test_data_with_errors_has_a_status_of_its_own(accept: str, status: int) -> None:
    async with client_of(accept) as client:
        partial = await client.post("/graphql", json={"query": '{ __typename, fails(kind: "NotFound") }'})
        null = await client.post("/graphql", json={"query": "{ neverNull }"})
        whole = await client.post("/graphql", json=TYPENAME)

    assert (told(partial), partial.json()) == ((status, accept), FIELD_ERROR)
    assert (told(null), null.json()["data"]) == ((status, accept), None)
    assert told(whole) == (200, accept)


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"NONSENSE", 400),
        (b'{"query":', 400),
        (b"", 400),
        (b"5", 422),
        (b"[]", 422),
        (b'{"qeury": "{ __typename }"}', 422),
        (b'{"query": "{ __typename }", "variables": [7]}', 422),
        (b'{"query": "{ __typename }", "extensions": 7}', 422),
        (b'{"query": "{ __typename }", "operationName": 7}', 422),
        (b'{"documentId": 7}', 422),
    ],
)
async def test_what_cannot_be_read_is_told_from_what_is_not_well_formed(
    content: bytes, status: int, accept: str
) -> None:
    async with client_of(accept) as client:
        response = await client.post("/graphql", content=content, headers={"content-type": JSON})

    assert told(response) == (status, GRAPHQL)
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize(
    ("method", "params", "headers", "status"),
    [
        ("GET", {"query": 'mutation { fails(kind: "NotFound") }'}, {}, 405),
        ("PUT", {}, {}, 405),
        ("POST", {}, {"content-type": "text/plain"}, 415),
        ("POST", {}, {"content-type": "multipart/form-data; boundary=x"}, 400),
        ("GET", TYPENAME | {"variables": "7"}, {}, 422),
        ("GET", TYPENAME | {"variables": "{"}, {}, 422),
        ("GET", TYPENAME | {"extensions": "", "variables": ""}, {}, 200),
    ],
)
async def test_other_refusals_keep_their_status(
    method: str, params: dict[str, str], headers: dict[str, str], status: int
) -> None:
    async with client_of(GRAPHQL) as client:
        response = await client.request(method, "/graphql", params=params, headers=headers)

    assert told(response) == (status, GRAPHQL)


async def test_nothing_that_is_taken_is_406_in_json() -> None:
    async with client_of("text/csv") as client:
        response = await client.post("/graphql", json=TYPENAME)

    assert told(response) == (406, JSON)


@pytest.mark.parametrize("query", ["{", "{ __typename }", "{ neverNull }"])
async def test_a_stream_of_one_event_is_a_stream(query: str) -> None:
    async with client_of(SSE) as client:
        response = await client.post("/graphql", json={"query": query})

    assert told(response) == (200, SSE)


@pytest.mark.parametrize(
    ("kind", "status"), [("Unauthenticated", 401), ("Forbidden", 403), ("UpstreamUnavailable", 503)]
)
async def test_who_is_not_let_in_is_told_so(kind: str, status: int) -> None:
    async with client_of(JSON) as client:
        response = await client.post("/graphql", json=TYPENAME, headers={"x-refuse": kind})

    body: Any = json.loads(response.content)
    assert (told(response), "data" in body) == ((status, GRAPHQL), False)
