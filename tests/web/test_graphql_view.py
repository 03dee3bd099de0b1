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
from starlette.types import ASGIApp, Message

from gql_api.web.graphql import GraphQLView
from gql_api.web.middleware import BodyLimit
from small_api import BODY_LIMIT, SECRET, Signals, create_app, small_schema

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


class Connection:
    """One HTTP connection, whose client leaves when told to."""

    def __init__(self, query: str, *, more: list[Message] | None = None) -> None:
        body = json.dumps({"query": query}).encode()
        self._messages = more or [{"type": "http.request", "body": body, "more_body": False}]
        self.left = asyncio.Event()
        self.noticed = asyncio.Event()
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        self.noticed.set()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def begin(self, view: ASGIApp, *, url_query: bytes | None = None) -> asyncio.Task[None]:
        scope = {
            "type": "http",
            "method": "POST" if url_query is None else "GET",
            "path": "/graphql",
            "query_string": url_query or b"",
            "headers": [(b"content-type", b"application/json")],
        }

        async def run() -> None:
            async with asyncio.timeout(20):  # a test that fails must end too
                await view(scope, self.receive, self.send)

        return asyncio.create_task(run())


@pytest.fixture
def signals() -> Signals:
    return Signals()


@pytest.fixture
def view(signals: Signals) -> GraphQLView[Signals]:
    return GraphQLView(small_schema(), lambda request: signals)


async def test_a_query_is_stopped_when_its_client_leaves(view: GraphQLView[Signals], signals: Signals) -> None:
    connection = Connection('{ a: waits(name: "a") b: waits(name: "b") }')
    task = connection.begin(view)
    await signals.events["b-started"].wait()

    connection.left.set()
    await task

    assert signals.events["a-cancelled"].is_set()
    assert signals.events["b-cancelled"].is_set()
    assert connection.sent[0]["status"] == 499


async def test_a_mutation_is_finished_when_its_client_leaves(view: GraphQLView[Signals], signals: Signals) -> None:
    connection = Connection('mutation { a: waits(name: "a") b: waits(name: "b") }')
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await connection.noticed.wait()
    await asyncio.sleep(0)  # here a cancellation would come to the resolver
    for name in ("a", "b"):
        signals.events[f"{name}-released"].set()
    await task

    assert not signals.events["a-cancelled"].is_set()
    assert signals.events["b-finished"].is_set()


async def test_a_query_of_several_is_told_apart_by_its_name(view: GraphQLView[Signals], signals: Signals) -> None:
    document = 'mutation M { __typename } query Q { waits(name: "a") }'
    body = json.dumps({"query": document, "operationName": "Q"}).encode()
    connection = Connection("", more=[{"type": "http.request", "body": body, "more_body": False}])
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await task

    assert signals.events["a-cancelled"].is_set()


async def test_a_document_too_long_to_be_kept_is_stopped_all_the_same(
    view: GraphQLView[Signals], signals: Signals
) -> None:
    connection = Connection('{ waits(name: "a") }' + "#" * 20_000)
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await task

    assert signals.events["a-cancelled"].is_set()


@pytest.mark.parametrize("size", [10, BODY_LIMIT + 1])
async def test_a_body_that_nobody_wants_does_not_disturb(
    view: GraphQLView[Signals], signals: Signals, size: int
) -> None:
    part: Message = {"type": "http.request", "body": b"x" * size, "more_body": True}
    connection = Connection("", more=[part, part])
    limited = BodyLimit(view, BODY_LIMIT)
    task = connection.begin(limited, url_query=b'query={waits(name:"a")}')
    await signals.events["a-started"].wait()
    await asyncio.sleep(0)  # here the body comes

    signals.events["a-released"].set()
    await task

    assert json.loads(connection.sent[1]["body"]) == {"data": {"waits": "a"}}


async def test_a_client_that_leaves_within_its_body_is_no_crash(view: GraphQLView[Signals]) -> None:
    connection = Connection("", more=[{"type": "http.request", "body": b'{"query"', "more_body": True}])
    connection.left.set()

    await connection.begin(view)

    assert connection.sent[0]["status"] == 499


async def test_a_server_that_stops_may_cancel_a_request(view: GraphQLView[Signals], signals: Signals) -> None:
    connection = Connection('{ waits(name: "a") }')
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert signals.events["a-cancelled"].is_set()


async def test_requests_at_once_do_not_wait_for_each_other(view: GraphQLView[Signals], signals: Signals) -> None:
    slow, quick = Connection('{ waits(name: "a") }'), Connection("{ hello }")
    task = slow.begin(view)
    await signals.events["a-started"].wait()

    await quick.begin(view)
    signals.events["a-released"].set()
    await task

    assert json.loads(quick.sent[1]["body"]) == {"data": {"hello": "Hello world"}}
    assert json.loads(slow.sent[1]["body"]) == {"data": {"waits": "a"}}


async def test_no_answer_holds_what_crashed(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = await client.post("/graphql", json={"query": "{ crashes }"})

    assert SECRET not in answer.text
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
