"""The embedded Acontext answers as the real one did when it was recorded, in process and on a port."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from embedded.opened import API_KEY, ROOT, Client
from embedded.player import TRANSCRIPTS, replay
from gql_api.embedded import open_acontext

NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.json"))
ON_A_PORT = ("auth_and_routes", "session_create", "messages_files", "artifact_life", "artifact_refused")


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_scenario_is_answered_alike(client: Client, name: str) -> None:
    assert await replay(client.http, name, api_key=API_KEY) == []


@pytest.fixture
async def address(folder: Path) -> AsyncIterator[str]:
    """An embedded Acontext in a process of its own."""
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0")
    options = ("--data-dir", str(folder), "--api-key", API_KEY)
    process = await asyncio.create_subprocess_exec(*command, *options, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield line.decode().split()[-1].removesuffix("/api/v1")
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


async def test_a_server_of_its_own_answers_alike(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=30) as http:
        for name in ON_A_PORT:
            assert await replay(http, name, api_key=API_KEY) == []


class Liar:
    """Stands before the real answers and changes one thing in each."""

    def __init__(self, app: object, lie: str) -> None:
        self.app, self.lie = app, lie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ROOT) as http:
            told = await http.request(
                request.method, str(request.url), headers=dict(request.headers), content=await request.body()
            )
        body = json.loads(told.content)
        data = body.get("data", {})
        status = told.status_code
        match self.lie:
            case "a surplus key":
                data["surplus"] = None
            case "a missing key":
                data.pop("has_more", None)
            case "another number":
                data.update({key: value + 1 for key, value in data.items() if key == "this_time_tokens"})
            case "an item too few":
                data["items"] = data.get("items", [])[:-1]
            case "the ids in another order":
                data.get("ids", []).reverse()
            case "another status":
                status += 1
        await Response(json.dumps(body), status)(scope, receive, send)


@pytest.mark.parametrize(
    "lie",
    [
        "a surplus key",
        "a missing key",
        "another number",
        "an item too few",
        "the ids in another order",
        "another status",
    ],
)
async def test_a_wrong_answer_is_noticed(folder: Path, lie: str) -> None:
    async with open_acontext(folder, api_key=API_KEY, public_url=ROOT) as acontext:
        transport = httpx.ASGITransport(Liar(acontext.app, lie))
        async with httpx.AsyncClient(transport=transport, base_url=ROOT) as http:
            assert await replay(http, "messages_paging", api_key=API_KEY) != []
