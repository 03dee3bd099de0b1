"""GraphQL over server-sent events: one request for each subscription."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.routing import Route

from databases import Databases
from gql_api.web.events import Pace
from gql_api.web.graphql import GraphQLView
from live.conftest import Live
from live.metrics import TOKEN, until_open
from live.test_lists import FOLLOW
from live.test_messages import FOLLOW as FOLLOW_SESSION
from live.test_messages import page

EVENTS = "text/event-stream"
GRAPHQL = "application/graphql-response+json"
URQL = f"{GRAPHQL}, application/graphql+json, application/json, {EVENTS}, multipart/mixed"
WHO = "{ viewer { identifier } }"
COST = {"cost": {"estimated": 1, "actual": 1}}
ME = {"data": {"viewer": {"identifier": "anonymous@example.com"}}, "extensions": COST}


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: the protocol knows of none."""
    return sqlite_databases


@asynccontextmanager
async def streamed(live: Live, query: str, *, accept: str = EVENTS, **variables: Any) -> AsyncIterator[httpx.Response]:
    """Ask by POST, and give the answer as it comes."""
    body = {"query": query, "variables": variables}
    async with live.client.http.stream("POST", "/graphql", json=body, headers={"accept": accept}) as response:
        yield response


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Give the events of a stream: their names and what is in them."""
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield name, json.loads(data) if data else None


async def test_a_subscription_is_a_stream_of_events_till_its_session_is_deleted(live: Live) -> None:
    session = (await live.client.create())["id"]
    start = (await page(live, session))["resumeCursor"]
    async with streamed(live, FOLLOW_SESSION, session=session, after=start) as response:
        assert response.status_code == 200
        assert {name: response.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")} == {
            "content-type": EVENTS,
            "cache-control": "no-cache, no-transform",
            "x-accel-buffering": "no",
        }
        await live.client.store(session, "a", "b")
        coming = events(response)
        told = [await anext(coming) for _ in range(2)]
        await live.client.data(
            "mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }", id=session
        )
        assert [event async for event in coming] == [("complete", None)]
    assert [name for name, _ in told] == ["next", "next"]
    texts = [data["data"]["messageStored"]["messageEdge"]["node"]["text"] for _, data in told]
    assert texts == ["a", "b"]


async def test_it_may_be_asked_for_by_get_as_browsers_do(live: Live) -> None:
    session = (await live.client.create())["id"]
    start = (await page(live, session))["resumeCursor"]
    await live.client.store(session, "a")
    params = {"query": FOLLOW_SESSION, "variables": json.dumps({"session": session, "after": start})}
    async with live.client.http.stream("GET", "/graphql", params=params, headers={"accept": EVENTS}) as response:
        name, data = await anext(events(response))
    assert (name, data["data"]["messageStored"]["messageEdge"]["node"]["text"]) == ("next", "a")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (EVENTS, EVENTS),
        (f"{EVENTS}, application/json", EVENTS),
        (f"application/json;q=0.5, {EVENTS}", EVENTS),
        (f"application/json, {EVENTS}", "application/json; charset=utf-8"),
        (f"{EVENTS};q=0.5, application/json", "application/json; charset=utf-8"),
        (URQL, f"{GRAPHQL}; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ],
)
async def test_single_answers_come_as_the_client_would_rather_have_them(live: Live, accept: str, kind: str) -> None:
    response = await live.client.http.post("/graphql", json={"query": WHO}, headers={"accept": accept})
    assert response.headers["content-type"] == kind
    if kind == EVENTS:
        answer = json.dumps(ME, separators=(",", ":"))
        assert response.text == f"event: next\r\ndata: {answer}\r\n\r\nevent: complete\r\ndata: \r\n\r\n"
    else:
        assert response.json() == ME


async def test_a_client_that_takes_events_at_all_gets_its_subscription_so(live: Live) -> None:
    async with streamed(live, FOLLOW, accept=URQL) as response:
        assert response.headers["content-type"] == EVENTS
    async with streamed(live, FOLLOW, accept="application/json") as response:
        [error] = json.loads(await response.aread())["errors"]
    assert error["extensions"] == {"code": "OPERATION_RESOLUTION_FAILURE"}
    assert EVENTS in error["message"]


async def test_errors_of_the_operation_come_in_the_stream_and_others_as_answers(live: Live) -> None:
    for query, code in (
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ('subscription { messageStored(sessionId: "x") { resumeCursor } }', "BAD_USER_INPUT"),
    ):
        async with streamed(live, query) as response:
            [(name, data), end] = [event async for event in events(response)]
        assert (response.status_code, name, end) == (200, "next", ("complete", None))
        assert [error["extensions"]["code"] for error in data["errors"]] == [code]
        assert ("data" in data) is (code == "BAD_USER_INPUT")
    async with live.client.http.stream("POST", "/graphql", content=b"x", headers={"accept": EVENTS}) as refused:
        assert refused.status_code == 415
        assert json.loads(await refused.aread())["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_mutation_by_get_is_refused_here_too(live: Live) -> None:
    params = {"query": "mutation { createSession(input: {}) { errors { code } } }"}
    response = await live.client.http.get("/graphql", params=params, headers={"accept": EVENTS})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_mutation_is_answered_with_one_event(live: Live) -> None:
    create = 'mutation { createSession(input: {title: "Tea"}) { session { title } errors { code } } }'
    async with streamed(live, create) as response:
        told = [event async for event in events(response)]
    assert told == [
        (
            "next",
            {
                "data": {"createSession": {"session": {"title": "Tea"}, "errors": []}},
                "extensions": {"cost": {"estimated": 21}},
            },
        ),
        ("complete", None),
    ]


async def test_the_head_of_a_stream_is_told_without_beginning_one(live: Live) -> None:
    response = await live.client.http.head("/graphql", params={"query": FOLLOW}, headers={"accept": EVENTS})
    assert (response.status_code, response.headers["content-type"], response.content) == (200, EVENTS, b"")
    assert live.app.state.running.following.subscriptions == 0


def requests_of(live: Live) -> GraphQLView[Any]:
    """Give the endpoint for requests."""
    [view] = [route.app for route in live.app.routes if isinstance(route, Route) and route.path == "/graphql"]
    assert isinstance(view, GraphQLView)
    return view


async def test_a_comment_comes_while_nothing_happens(live: Live) -> None:
    view = requests_of(live)
    assert view.pace == Pace(quiet=15, patience=30)
    view.pace = Pace(quiet=0.05)
    async with streamed(live, FOLLOW) as response:
        coming = response.aiter_lines()
        assert [await anext(coming) for _ in range(4)] == [": ping", "", ": ping", ""]
        made = await live.client.create()
        while not (line := await anext(coming)).startswith("data: "):
            assert line in {": ping", "", "event: next"}
    assert made["id"] in line


async def test_a_client_that_reads_nothing_is_let_go(serve: Callable[..., Any]) -> None:
    async with serve(buffer=8192, metrics_token=SecretStr(TOKEN)) as live:
        requests_of(live).pace = Pace(patience=0.2)
        session = (await live.client.create())["id"]
        async with streamed(live, FOLLOW_SESSION, session=session):
            await until_open(live, 1, sessions=1)
            await live.until_nobody_follows(session)
            await until_open(live, 0, sessions=0)


async def test_a_client_that_leaves_ends_its_subscription(live: Live) -> None:
    following = live.app.state.running.following
    async with streamed(live, FOLLOW) as response:
        assert response.status_code == 200
        await live.until(lambda: following.subscriptions == 1)
    await live.until(lambda: following.subscriptions == 0)


async def test_a_subscription_beyond_a_limit_is_refused_in_its_first_event(serve: Callable[..., Any]) -> None:
    beyond = "subscription { sessionListChanged { a: __typename b: __typename } }"
    async with serve(max_aliases=1) as live, streamed(live, beyond) as response:
        text = "".join([line async for line in response.aiter_text()])

    [data] = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    assert [error["extensions"]["code"] for error in json.loads(data)["errors"]] == ["COST_LIMIT_EXCEEDED"]
    assert "complete" in text
