"""Servers and clients that go and come back at random: every message is told once to each chain of subscriptions."""

import asyncio
import json
import random
import socket as sockets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from api.client import Client
from commands import address_told, running
from databases import Databases
from live.socket import PROTOCOL
from live.test_messages import FOLLOW

KEY = "sk-ac-restarts"
STORED, FOLLOWERS, RESTARTS = 90, 5, 2
LAST = "the last one"
GONE = (OSError, httpx.HTTPError, websockets.WebSocketException)
READ = "query ($id: ID!) { session(id: $id) { messages { resumeCursor nodes { id text } } } }"


def chance(seed: object) -> random.Random:
    """Give chances that are the same with each run."""
    return random.Random(str(seed))  # noqa: S311 - no secret


def free_port() -> int:
    """Find a port that nobody listens on."""
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Servers:
    """Servers that can be killed and come back at their addresses; `acontext` is where others store past them."""

    folder: Path
    settings: dict[str, str]
    acontext: str | None = None
    ports: list[int] = field(default_factory=list)
    running: dict[int, tuple[ExitStack, "subprocess.Popen[str]"]] = field(default_factory=dict)

    def start(self, port: int) -> None:
        stack = ExitStack()
        data = str(self.folder / "data")
        arguments = ("serve", "--port", str(port), "--data-dir", data)
        process = stack.enter_context(running(*arguments, cwd=self.folder, most_seconds=200, **self.settings))
        address_told(process)
        self.running[port] = stack, process

    def kill(self, port: int) -> None:
        """End a server without a word."""
        stack, process = self.running.pop(port)
        process.kill()
        process.wait()
        stack.close()

    def url(self, choice: random.Random) -> str:
        return f"http://127.0.0.1:{choice.choice(self.ports)}"


@contextmanager
def one_on_sqlite(folder: Path, database_url: str) -> Iterator[Servers]:
    """Give one server with all that is embedded."""
    settings = {"DATABASE_URL": database_url, "GQL_API_FOLLOW_SECONDS": "0.3"}
    yield from _started(Servers(folder, settings), 1)


@contextmanager
def two_on_postgres(folder: Path, database_url: str) -> Iterator[Servers]:
    """Give two servers on one database and one Acontext, which others can reach too."""
    arguments = ("embedded", "--port", "0", "--data-dir", "acontext", "--api-key", KEY)
    with running(*arguments, cwd=folder, most_seconds=200) as process:
        acontext = address_told(process)
        settings = {
            "DATABASE_URL": database_url,
            "ACONTEXT_BASE_URL": acontext,
            "ACONTEXT_API_KEY": KEY,
            "GQL_API_FOLLOW_SECONDS": "0.3",
        }
        yield from _started(Servers(folder, settings, acontext), 2)


def _started(servers: Servers, count: int) -> Iterator[Servers]:
    servers.ports = [free_port() for _ in range(count)]
    try:
        for port in servers.ports:
            servers.start(port)
        yield servers
    finally:
        for port in list(servers.running):
            servers.kill(port)


@dataclass
class Follower:
    """Follows a session until the last message, over any number of connections."""

    servers: Servers
    session: str
    cursor: str
    choice: random.Random
    told: list[str] = field(default_factory=list)
    connections: int = 0

    async def run(self) -> None:
        while True:
            with suppress(*GONE):
                if await self._follow_for_a_while():
                    return
            await asyncio.sleep(self.choice.uniform(0, 0.1))

    async def _follow_for_a_while(self) -> bool:
        """Follow for some events, and tell whether the last message was among them."""
        address = self.servers.url(self.choice).replace("http", "ws", 1) + "/graphql"
        # With a full queue it would not read that the server closes too, and wait ten seconds for it.
        options: dict[str, Any] = {"subprotocols": [PROTOCOL], "max_queue": None}
        async with websockets.connect(address, **options) as connection:
            await connection.send(json.dumps({"type": "connection_init"}))
            await connection.recv()
            variables = {"session": self.session, "after": self.cursor}
            payload = {"query": FOLLOW, "variables": variables}
            await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            self.connections += 1
            for _ in range(self.choice.randint(1, 10)):
                message = json.loads(await connection.recv())
                if message["type"] != "next" or "errors" in message["payload"]:
                    return False
                event = message["payload"]["data"]["messageStored"]
                self.told.append(event["messageEdge"]["node"]["id"])
                self.cursor = event["resumeCursor"]
                if event["messageEdge"]["node"]["text"] == LAST:
                    return True
        return False


async def store(servers: Servers, session: dict[str, Any], count: int, choice: random.Random) -> None:
    """Store so many through the servers and past them; more may be there, whose servers went before they said so."""
    async with httpx.AsyncClient(timeout=20) as http:
        for number in range(count):
            while not await _stored(servers, session, http, f"{number}", choice):  # noqa: ASYNC110 - servers are away
                await asyncio.sleep(choice.uniform(0, 0.2))
            await asyncio.sleep(choice.uniform(0, 0.2))


async def _stored(
    servers: Servers, session: dict[str, Any], http: httpx.AsyncClient, text: str, choice: random.Random
) -> bool:
    with suppress(*GONE):
        if servers.acontext and choice.random() < 0.5:
            body = {"blob": {"role": "user", "content": text}, "format": "openai"}
            path = f"{servers.acontext}/session/{session['acontextId']}/messages"
            answer = await http.post(path, json=body, headers={"authorization": f"Bearer {KEY}"})
            return answer.is_success
        # A server that was killed may hold the session for longer than others wait for it.
        codes = await Client.of(http, servers.url(choice)).try_to_store(session["id"], text)
        assert codes in ([], ["BUSY"])
        return not codes
    return False


async def restart(servers: Servers, choice: random.Random) -> None:
    """Kill servers one after the other, and start each again."""
    for _ in range(RESTARTS):
        await asyncio.sleep(choice.uniform(0.2, 0.6))
        port = choice.choice(servers.ports)
        await asyncio.to_thread(servers.kill, port)
        await asyncio.to_thread(servers.start, port)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nothing_is_missed_and_nothing_comes_twice(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    databases: Databases = request.getfixturevalue(f"{kind}_databases")
    url = await databases.migrated()
    opening = one_on_sqlite if kind == "sqlite" else two_on_postgres
    with opening(tmp_path, url) as servers:
        async with httpx.AsyncClient(timeout=20) as http:
            asking = Client.of(http, f"http://127.0.0.1:{servers.ports[0]}")
            session = await asking.create()
            start = (await asking.data(READ, id=session["id"]))["session"]["messages"]["resumeCursor"]
            followers = [Follower(servers, session["id"], start, chance(seed)) for seed in range(FOLLOWERS)]
            following = [asyncio.create_task(follower.run()) for follower in followers]
            writers = [store(servers, session, STORED // 3, chance(f"writer {seed}")) for seed in range(3)]
            await asyncio.gather(*writers, restart(servers, chance(kind)))
            await asking.store(session["id"], LAST)
            async with asyncio.timeout(60):
                await asyncio.gather(*following)
            listed = (await asking.data(READ, id=session["id"]))["session"]["messages"]["nodes"]
    await databases.drop(url)
    stored = sorted(message["id"] for message in listed)
    assert [sorted(follower.told) for follower in followers] == [stored] * FOLLOWERS
    assert len(stored) > STORED
    assert all(follower.connections > 3 for follower in followers)
