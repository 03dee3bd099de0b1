"""Answers compressed with gzip: for who takes it, from a size on, and never event streams."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Scope

from gql_api.errors import BadUserInput
from gql_api.schema.errors import Schema
from gql_api.web.compression import LEAST, LEAST_FOR_A_THREAD
from gql_api.web.graphql import Answering, GraphQLView
from gql_api.web.headers import headers_of

MEDIA = "application/graphql-response+json"
EVENTS = "text/event-stream"
AROUND = len('{"data":{"text":""}}')
SIZES = (AROUND, LEAST - 1, LEAST, LEAST_FOR_A_THREAD - 1, LEAST_FOR_A_THREAD, 2**21)


@strawberry.type
class Query:
    @strawberry.field
    def text(self, length: int) -> str:
        return "x" * length


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def texts(self, length: int) -> AsyncIterator[str]:
        for _ in range(3):
            yield "x" * length


def _context(scope: Scope) -> None:
    refused = headers_of(scope).get(b"x-refuse")
    if refused:
        raise BadUserInput(refused)


def client_of(*, compressing: bool = True) -> httpx.AsyncClient:
    schema = Schema(Query, subscription=Subscription)
    view = GraphQLView[None](schema, _context, answering=Answering(is_compressing=compressing))
    transport = httpx.ASGITransport(Starlette(routes=[Route("/graphql", view)]))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def raw(
    client: httpx.AsyncClient, size: int, accepted: str, *, method: str = "GET", **headers: str
) -> tuple[httpx.Response, bytes]:
    """Ask for an answer of so many bytes, and give the body as it came."""
    sent = {"accept": MEDIA, "accept-encoding": accepted} | headers
    query = {"query": f"{{ text(length: {size - AROUND}) }}"}
    given = {"json": query} if method == "POST" else {"params": query}
    async with client.stream(method, "/graphql", headers=sent, **given) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_large_is_compressed_for_who_takes_it(size: int) -> None:
    async with client_of() as client:
        plain, body = await raw(client, size, "identity")
        packed, coming = await raw(client, size, "gzip, deflate", method="POST")

    is_large = size >= LEAST
    assert (len(body), plain.headers["content-length"]) == (size, str(size))
    assert packed.headers.get("content-encoding") == ("gzip" if is_large else None)
    assert packed.headers["content-length"] == str(len(coming))
    assert (gzip.decompress(coming) if is_large else coming) == body
    assert "content-encoding" not in plain.headers
    for response in (plain, packed):
        assert response.headers["vary"] == ("Accept, Accept-Encoding" if is_large else "Accept")
        assert response.headers["content-type"] == f"{MEDIA}; charset=utf-8"


@pytest.mark.parametrize(
    "accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, *;q=0", "*, gzip;q=0", "gzip;q=0, *", "gzip;q=many"]
)
async def test_who_does_not_take_it_is_not_given_it(accepted: str) -> None:
    async with client_of() as client:
        response, body = await raw(client, 5000, accepted)

    assert ("content-encoding" in response.headers, len(body)) == (False, 5000)


@pytest.mark.parametrize("accepted", [["gzip;q=0.001"], ["*"], ["*;q=0, gzip"], ["br", "GZIP"]])
async def test_who_takes_it_in_other_words_is_given_it(accepted: list[str]) -> None:
    headers = [("accept", MEDIA), *(("accept-encoding", one) for one in accepted)]
    query = f"{{ text(length: {LEAST}) }}"
    async with client_of() as client:
        request = httpx.Request("GET", "http://test/graphql", params={"query": query}, headers=headers)
        response = await client.send(request)

    assert (response.headers.get("content-encoding"), len(response.content)) == ("gzip", LEAST + AROUND)


@pytest.mark.parametrize("query", [f"{{ text(length: {LEAST}) }}", f"subscription {{ texts(length: {LEAST}) }}"])
async def test_streams_are_left_alone(query: str) -> None:
    headers = {"accept": EVENTS, "accept-encoding": "gzip"}
    async with client_of() as client:
        response = await client.post("/graphql", json={"query": query}, headers=headers)

    assert response.headers["content-type"].startswith(EVENTS)
    assert "content-encoding" not in response.headers
    assert response.text.count("x") >= LEAST


async def test_a_large_refusal_is_compressed_too() -> None:
    async with client_of() as client:
        response, body = await raw(client, 5000, "gzip", **{"x-refuse": "x" * LEAST})

    assert (response.status_code, response.headers["content-encoding"]) == (400, "gzip")
    assert len(json.loads(gzip.decompress(body))["errors"][0]["message"]) == LEAST


async def test_a_head_is_told_what_a_get_would_be() -> None:
    async with client_of() as client:
        told, nothing = await raw(client, 5000, "gzip", method="HEAD")
        got, body = await raw(client, 5000, "gzip")

    assert (nothing, told.headers) == (b"", got.headers)
    assert told.headers["content-length"] == str(len(body))


async def test_it_may_be_left_to_a_proxy() -> None:
    async with client_of(compressing=False) as client:
        response, body = await raw(client, 5000, "gzip")

    assert ("content-encoding" in response.headers, len(body), response.headers["vary"]) == (False, 5000, "Accept")
