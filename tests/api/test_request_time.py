"""A request has its time, and what it asks Acontext for ends with it: when it is over, and when its client has gone."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import CREATE
from api.odd_upstream import Answer, OddUpstream
from databases import Databases

BOTH = "query ($id: ID!) { session(id: $id) { title tokenCounts { total } files { totalCount } } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: it is about Acontext's calls."""
    return sqlite_databases


class Hanging:
    """Does not answer, and knows when it is given up."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.given_up = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> Answer:
        del request
        self.came.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        raise AssertionError


async def test_what_comes_too_late_is_missing_and_the_rest_is_there(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    async with start(request_timeout=0.5) as client:
        session = await client.create(title="a")
        upstream.instead = hanging = Hanging()
        upstream.is_odd = lambda request: request.url.path.endswith("/token_counts")

        answer = await client.answer(BOTH, id=session["id"])

        assert answer["data"] is None or answer["data"]["session"]["files"] == {"totalCount": 0}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_TIMEOUT"]
        assert [error["path"] for error in answer["errors"]] == [["session", "tokenCounts"]]
        assert hanging.given_up.is_set()


async def test_what_was_half_made_is_undone_when_the_time_is_over(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    async with start(request_timeout=0.5) as client:
        upstream.instead = Hanging()
        upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/disk")

        assert await client.code(CREATE, input={}) == "UPSTREAM_TIMEOUT"

        assert (await upstream.ask("GET", "/session"))["items"] == []


async def test_what_a_client_asked_for_is_given_up_when_it_leaves(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    async with start() as client:
        session = await client.create()
        upstream.instead = hanging = Hanging()
        upstream.is_odd = lambda request: request.url.path.endswith("/token_counts")
        body = json.dumps({"query": BOTH, "variables": {"id": session["id"]}}).encode()
        has_sent = False

        async def receive() -> dict[str, Any]:
            nonlocal has_sent
            if has_sent:
                await hanging.came.wait()
                return {"type": "http.disconnect"}
            has_sent = True
            return {"type": "http.request", "body": body}

        async def send(_: object) -> None:
            return

        request = client.http.build_request("POST", "/graphql", headers={"content-type": "application/json"})
        headers = [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"content-length"]
        scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": "POST", "path": "/graphql"}
        more = {"raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": headers, "state": {}}
        await client.http._transport.app({**scope, **more, "client": None, "server": None}, receive, send)

        await asyncio.wait_for(hanging.given_up.wait(), 10)
