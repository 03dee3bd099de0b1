"""Clients that leave before their answer: queries stop, mutations are finished, and nothing else is disturbed."""

import asyncio
import json

import pytest
from starlette.types import ASGIApp, Message

from gql_api.web.graphql import GraphQLView
from gql_api.web.middleware import BodyLimit
from small_api import BODY_LIMIT, Signals, small_schema


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
            await view(scope, self.receive, self.send)

        return asyncio.create_task(run())


async def ended(task: asyncio.Task[None]) -> None:
    """Wait for the end, but not for ever, and without a cancellation that would hide a missing one."""
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done
    await task


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
    await ended(task)

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
    await ended(task)

    assert not signals.events["a-cancelled"].is_set()
    assert signals.events["b-finished"].is_set()


async def test_a_query_of_several_is_told_apart_by_its_name(view: GraphQLView[Signals], signals: Signals) -> None:
    document = 'mutation M { __typename } query Q { waits(name: "a") }'
    body = json.dumps({"query": document, "operationName": "Q"}).encode()
    connection = Connection("", more=[{"type": "http.request", "body": body, "more_body": False}])
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await ended(task)

    assert signals.events["a-cancelled"].is_set()


async def test_a_document_too_long_to_be_kept_is_stopped_all_the_same(
    view: GraphQLView[Signals], signals: Signals
) -> None:
    connection = Connection('{ waits(name: "a") }' + "#" * 20_000)
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await ended(task)

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
    await ended(task)

    assert json.loads(connection.sent[1]["body"]) == {"data": {"waits": "a"}}


async def test_a_client_that_leaves_within_its_body_is_no_crash(view: GraphQLView[Signals]) -> None:
    connection = Connection("", more=[{"type": "http.request", "body": b'{"query"', "more_body": True}])
    connection.left.set()

    await ended(connection.begin(view))

    assert connection.sent[0]["status"] == 499


async def test_a_server_that_stops_may_cancel_a_request(view: GraphQLView[Signals], signals: Signals) -> None:
    connection = Connection('{ waits(name: "a") }')
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ended(task)
    assert signals.events["a-cancelled"].is_set()


async def test_a_server_that_stops_while_the_client_leaves_is_obeyed(
    view: GraphQLView[Signals], signals: Signals
) -> None:
    connection = Connection('{ waits(name: "a") }')
    task = connection.begin(view)
    await signals.events["a-started"].wait()

    connection.left.set()
    await connection.noticed.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ended(task)


async def test_requests_at_once_do_not_wait_for_each_other(view: GraphQLView[Signals], signals: Signals) -> None:
    slow, quick = Connection('{ waits(name: "a") }'), Connection("{ hello }")
    task = slow.begin(view)
    await signals.events["a-started"].wait()

    await ended(quick.begin(view))
    signals.events["a-released"].set()
    await ended(task)

    assert json.loads(quick.sent[1]["body"]) == {"data": {"hello": "Hello world"}}
    assert json.loads(slow.sent[1]["body"]) == {"data": {"waits": "a"}}
