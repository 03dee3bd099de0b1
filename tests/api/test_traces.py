"""Traces: one span for an operation, a loader's batch and a call of Acontext, and no more than that in them."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from api.upstream import Upstream
from receiving import Received, Span, receiver

TRACE, CALLER = "a" * 32, "b" * 16
SENT = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "x=1"}
INTERNAL, SERVER, CLIENT = 1, 2, 3
CREATE = 'mutation { createSession(input: {title: "mark-title"}) { session { id } } }'
READ = "query Read { viewer { sessions { nodes { configs } } } }"

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "query Read": {"graphql.operation.type": "query", "graphql.operation.name": "Read"},
    "batch configs": {"gql_api.loader.name": "configs", "gql_api.loader.size": 1},
    "GET /session/{id}/configs": {
        "http.request.method": "GET",
        "url.template": "/session/{id}/configs",
        "server.address": "embedded.invalid",
        "http.response.status_code": 200,
    },
}


@pytest.fixture
def received() -> Iterator[Received]:
    with receiver() as received:
        yield received


def tree(spans: list[Span], parent: str) -> list[Any]:
    """Give names, kinds and what is below, in the order of the names."""
    below = sorted((span for span in spans if span.parent == parent), key=lambda span: span.name)
    return [(span.name, span.kind, tree(spans, span.id)) for span in below]


async def test_a_trace_is_continued_through_operation_batch_and_call(
    start: Callable[..., Any], received: Received, upstream: Upstream
) -> None:
    passed_on: list[str] = []
    received.seconds = 0.3  # the server waits for it as it ends
    async with start(otlp_endpoint=received.url, otlp_headers=SecretStr("api-key=k,x=y")) as client:
        await client.http.post("/graphql", json={"query": CREATE})
        upstream.fault = lambda request: passed_on.append(request.headers["traceparent"])  # type: ignore[func-returns-value]
        await client.http.post("/graphql", json={"query": READ}, headers=SENT)

    spans = [span for span in received.spans if span.trace == TRACE]
    assert tree(spans, CALLER) == [
        (
            "query Read",
            SERVER,
            [
                ("batch configs", INTERNAL, [("GET /session/{id}/configs", CLIENT, [])]),
                ("batch sessions", INTERNAL, []),
            ],
        )
    ]
    by_name = {span.name: span for span in spans}
    call = by_name["GET /session/{id}/configs"]
    assert passed_on == [f"00-{TRACE}-{call.id}-01"]
    for name, attributes in ATTRIBUTES.items():
        assert by_name[name].attributes == {"gql_api.outcome": "ok", **attributes}
    assert not any(span.has_failed for span in received.spans)
    others = {span.trace for span in received.spans} - {TRACE}
    assert len(others) == 1  # the mutation is a trace of its own
    assert {header["api-key"] for header in received.headers} == {"k"}
    assert {one["service.name"] for one in received.resources} == {"gql_api"}
    assert "mark" not in str(received.spans)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_failures_are_marked_with_what_failed(
    start: Callable[..., Any], received: Received, upstream: Upstream
) -> None:
    async with start(otlp_endpoint=received.url) as client:
        await client.data(CREATE)
        upstream.fault = lambda request: "before"
        await client.answer(READ)
        await client.answer("{ nope }")

    failed = {span.name: span.attributes for span in received.spans if span.has_failed}
    assert failed == {
        "GET /session/{id}/configs": {
            "gql_api.outcome": "unavailable",
            "http.request.method": "GET",
            "url.template": "/session/{id}/configs",
            "server.address": "embedded.invalid",
            "error.type": "unavailable",
        },
        "GraphQL Operation": {"gql_api.outcome": "refused", "error.type": "GRAPHQL_VALIDATION_FAILED"},
    }


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_what_was_not_begun_is_marked_with_why(start: Callable[..., Any], received: Received) -> None:
    async with start(otlp_endpoint=received.url, max_operations=1) as client:
        await asyncio.gather(*(client.answer(CREATE) for _ in range(2)))

    [failed] = [span.attributes for span in received.spans if span.has_failed]
    assert failed == {"gql_api.outcome": "overloaded", "error.type": "OVERLOADED"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_collector_that_is_away_hinders_nobody(start: Callable[..., Any], received: Received) -> None:
    received.status = 400
    async with start(otlp_endpoint=received.url) as client:
        await client.data(CREATE)
    assert received.headers  # it was tried at the end
    async with start(otlp_endpoint="http://127.0.0.1:9") as client:
        await client.data(CREATE)
