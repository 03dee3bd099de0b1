"""A way to the server on which a test sees each request, and kills the agent that sent it at a moment of its choice."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from examples.agents import Agents, Run, Started
from on_a_port import on_a_port


class Moment(Enum):
    """When an agent is killed."""

    BEFORE = "before the server hears of it"
    LATE = "before the server hears of it, which it does when the next agent sends the same"
    AFTER = "after the server has done it, before the answer comes"


class Kill(NamedTuple):
    """Which request is the agent's last: the first for which `at` says so, given its number and operation."""

    at: Callable[[int, str], bool]
    moment: Moment


class Asked(NamedTuple):
    """A request, and what was answered; None: nobody heard it."""

    operation: str
    variables: dict[str, Any]
    answer: Any = None


@dataclass
class Line:
    """The way of one user's agents, one at a time."""

    url: str
    user: str
    agents: Agents
    http: aiohttp.ClientSession
    asked: list[Asked] = field(default_factory=list)
    kill: Kill | None = None
    reworded: Callable[[str], str] = str
    """What becomes of each request on its way."""
    instead: Callable[[Asked], Response | None] = lambda _: None
    """What is answered without asking the server."""
    gate: Callable[[Asked], Any] | None = None
    """What each request waits for."""
    _agent: asyncio.Future[Started] = field(default_factory=asyncio.Future)
    _late: tuple[int, Any] | None = None
    _brought: list[asyncio.Task[Response]] = field(default_factory=list)

    async def run(self, *arguments: str, kill: Kill | None = None) -> Run:
        """Run an agent to its end."""
        self.kill, self._agent = kill, asyncio.Future()
        started = await self.agents.start(*arguments, "--url", self.url, "--user", self.user)
        self._agent.set_result(started)
        return await started.ended

    async def settled(self) -> None:
        """Wait until the server has done what it heard of late."""
        assert self._late is None
        await asyncio.gather(*self._brought)

    async def take(self, body: bytes) -> Response:
        """Pass a request on, unless its agent is killed before."""
        request = json.loads(self.reworded(body.decode()))
        asked = Asked(request["operationName"], request["variables"])
        number = len(self.asked)
        self.asked.append(asked)
        self._bring_what_was_late(asked)
        if answer := self.instead(asked):
            return answer
        if self.gate:
            await self.gate(asked)
        kill = self.kill if self.kill and self.kill.at(number, asked.operation) else None
        if kill and kill.moment is not Moment.AFTER:
            self._late = (number, request) if kill.moment is Moment.LATE else None
            return await self._killed()
        answer = await self._pass(number, request)
        return await self._killed() if kill else answer

    def _bring_what_was_late(self, asked: Asked) -> None:
        """Pass on what an agent that was killed had sent, at the same time as what the next one sends for it."""
        if self._late and self._late[1]["operationName"] == asked.operation:
            self._brought.append(asyncio.create_task(self._pass(*self._late)))
            self._late = None

    async def _pass(self, number: int, request: Any) -> Response:
        async with self.http.post("/graphql", json=request, headers={"X-User": self.user}) as answer:
            body = await answer.read()
            self.asked[number] = self.asked[number]._replace(answer=json.loads(body))
            return Response(body, answer.status, media_type=answer.content_type)

    async def _killed(self) -> Response:
        started = await self._agent
        os.kill(started.pid, signal.SIGKILL)
        await started.ended
        return Response(status_code=502)


class Between:
    """Gives lines to a server."""

    def __init__(self, address: str, agents: Agents, http: aiohttp.ClientSession) -> None:
        self._address = address
        self._agents = agents
        self._http = http
        self._lines: dict[str, Line] = {}

    def line(self, name: str, user: str | None = None) -> Line:
        """Make a line for a user, who is called as it is if nothing else is said."""
        line = Line(f"{self._address}/{name}/graphql", user or name, self._agents, self._http)
        self._lines[name] = line
        return line

    async def take(self, request: Request) -> Response:
        """Give a request to its line."""
        return await self._lines[request.path_params["name"]].take(await request.body())


@asynccontextmanager
async def way_to(endpoint: str, agents: Agents) -> AsyncIterator[Between]:
    """Give lines to a server until the block ends."""
    taken: list[Between] = []

    async def take(request: Request) -> Response:
        return await taken[0].take(request)

    app = Starlette(routes=[Route("/{name}/graphql", take, methods=["POST"])])
    async with (
        on_a_port(app, at_once=True) as address,
        aiohttp.ClientSession(endpoint.removesuffix("/graphql")) as http,
    ):
        taken.append(Between(address, agents, http))
        yield taken[0]
