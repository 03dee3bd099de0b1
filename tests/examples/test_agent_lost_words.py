"""An agent whose words were lost together with it, by an Acontext that fails: the next one says it in its own."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commands import address_told, running
from examples.agents import Agents, all_of
from examples.between import Asked, Between, Kill, Line, Moment, way_to
from on_a_port import on_a_port

COMMAND = ("What can you do?", "--key", "job", "--settling", "1")
KEY = "sk-ac-local"
LOST = "You may choose among"
_HOP = {"host", "content-length", "transfer-encoding", "content-encoding", "connection"}


def losing(http: aiohttp.ClientSession) -> Starlette:
    """A way to Acontext on which messages with certain words are lost."""

    async def take(request: Request) -> Response:
        body = await request.body()
        if request.method == "POST" and LOST.encode() in body:
            return Response(status_code=502)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        async with http.request(request.method, path, data=body, headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return Response(await answer.read(), answer.status, kept)

    return Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a server whose Acontext is reached by that way."""
    with ExitStack() as stack:
        embedded = ("embedded", "--port", "0", "--data-dir", "acontext", "--api-key", KEY)
        acontext = address_told(stack.enter_context(running(*embedded, cwd=tmp_path))).partition("/api/")[0]
        async with aiohttp.ClientSession(acontext) as http, on_a_port(losing(http)) as address:
            settings = {"ACONTEXT_BASE_URL": f"{address}/api/v1", "ACONTEXT_API_KEY": KEY}
            serve = ("serve", "--port", "0", "--data-dir", "data")
            yield address_told(stack.enter_context(running(*serve, cwd=tmp_path, **settings)))


@pytest.fixture
async def between(endpoint: str, agents: Agents) -> AsyncIterator[Between]:
    """Lines to that server."""
    async with way_to(endpoint, agents) as lines:
        yield lines


def answers(line: Line) -> list[Asked]:
    """Give the requests to store what the model said."""
    said = [one for one in line.asked if one.operation == "AddMessage"]
    return [one for one in said if one.variables["message"]["role"] == "assistant"]


async def test_words_that_were_lost_do_not_stand_in_the_way_of_others(between: Between, endpoint: str) -> None:
    line = between.line("lost-words")
    line.reworded = lambda body: body.replace("I plan days in", LOST)
    given_up = Kill(lambda *_: len(answers(line)) > 1, Moment.BEFORE)
    assert (await line.run(*COMMAND, kill=given_up)).status is None
    line.reworded = str

    run = await line.run(*COMMAND)
    assert run.status == 0, run.written
    assert "An earlier try may be on its way." in run.written
    messages = (await all_of(endpoint, line.user))["session"]["messages"]["nodes"]
    assert [message["idempotencyKey"] for message in messages] == ["question job", "after message 0 again"]
    assert messages[1]["text"].startswith("I plan days in")
