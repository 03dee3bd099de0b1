"""Real server processes on one PostgreSQL and one Acontext, each of which can be paused and killed."""

import asyncio
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import httpx

from api.client import Client
from commands import address_told, running

KEY = "sk-ac-replicas"
CALL, LEASE = 3, 6
"""Seconds that a call of Acontext may take, and that a lease lasts: the shortest that go together."""
_SERVE = ("serve", "--port", "0", "--data-dir", "unused")


@dataclass
class Fleet:
    """What runs. Servers are asked by their number, and Acontext and the database themselves past them."""

    folder: Path
    database_url: str
    stack: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    acontext_url: str = ""
    acontext: "subprocess.Popen[str] | None" = None
    servers: "list[subprocess.Popen[str]]" = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    left_open: dict[str, list[str]] = field(default_factory=dict)
    most_seconds: float = 900

    def start(self, count: int) -> None:
        """Start servers at once: most of what that takes is importing."""
        started = [self._run(*_SERVE) for _ in range(count)]
        self.urls += [address_told(process) for process in started]
        self.servers += started

    def start_one(self) -> "subprocess.Popen[str]":
        """Start one server more, which tells its address when it is ready."""
        return self._run(*_SERVE)

    def open_acontext(self) -> None:
        self.acontext = self._run("embedded", "--port", "0", "--data-dir", "acontext", "--api-key", KEY)
        self.acontext_url = address_told(self.acontext)

    def _run(self, *arguments: str) -> "subprocess.Popen[str]":
        return self.stack.enter_context(
            running(
                *arguments,
                cwd=self.folder,
                most_seconds=self.most_seconds,
                **{
                    "DATABASE_URL": self.database_url,
                    "DATABASE_POOL_MAX": "5",
                    "ACONTEXT_BASE_URL": self.acontext_url,
                    "ACONTEXT_API_KEY": KEY,
                    "GQL_API_UPSTREAM_TIMEOUT": str(CALL),
                    "GQL_API_LEASE": str(LEASE),
                    "GQL_API_LOCK_PATIENCE": "30",
                }
                | self.settings,
            )
        )

    def client(self, number: int, http: httpx.AsyncClient) -> Client:
        """Give a client of a server; one that a test killed is started again before."""
        if self.servers[number].poll() is not None:
            self.servers[number] = self._run(*_SERVE)
            self.urls[number] = address_told(self.servers[number])
        return Client.of(http, self.urls[number].removesuffix("/graphql"))

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Acontext itself."""
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(timeout=30, headers=headers, verify=_authorities()) as http:
            answer = (await http.request(method, f"{self.acontext_url}{path}", json=body)).json()
        return answer.get("data")

    async def disks_of(self, session: str) -> list[str]:
        """Return the ids of the disks that Acontext has for a session."""
        return [disk["id"] for disk in (await self.ask("GET", f"/disk?user=gql-api:disk:{session}"))["items"]]

    async def sessions_of(self, user: str | None) -> list[str]:
        """Return the ids of a user's sessions in Acontext."""
        return [session["id"] for session in (await self.ask("GET", f"/session?user={user}&limit=200"))["items"]]

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        """Ask the database itself."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def until_held(self, session: str) -> None:
        """Wait until some server holds the session for a write."""
        statement = "SELECT 1 FROM session_mappings WHERE id = $1 AND write_until > now()"
        await until(lambda: self.rows(statement, session))

    async def until_renewed(self, session: str) -> None:
        """Wait until the holder of the session holds on to it once more: what it does meanwhile, it waits for."""
        statement = "SELECT write_until FROM session_mappings WHERE id = $1"
        [before] = await self.rows(statement, session)

        async def is_renewed() -> bool:
            return await self.rows(statement, session) != [before]

        await until(is_renewed)

    async def leave_open(self, count: int) -> None:
        """Leave sessions half made and half deleted, as a process did whose leases are over."""
        for state in ("creating", "deleting"):
            for _ in range(count):
                self.left_open.setdefault(state, []).append(await self._leave_open(state))

    async def _leave_open(self, state: str) -> str:
        id, tag = str(uuid4()), {"__gql_api__": {"nonce": "left"}}
        await self.ask("POST", "/session", {"user": "left-open", "use_uuid": id, "configs": tag})
        disk = (await self.ask("POST", "/disk", {"user": f"gql-api:disk:{id}"}))["id"]
        is_bound = state == "deleting"
        await self.rows(
            "INSERT INTO session_mappings (id, user_identifier, state, disk_id, disk_created_at, adopted, nonce,"
            " created_at, updated_at, lease_until) VALUES ($1, 'left-open', $2, $3, CASE WHEN $3::uuid IS NULL THEN"
            " NULL ELSE now() END, false, 'left', now(), now(), now() - interval '1 second')",
            id,
            state,
            disk if is_bound else None,
        )
        return id

    async def conversation(self, session: str) -> list[dict[str, Any]]:
        """Read all messages of a session from Acontext, and see that each has the one before as its parent."""
        items: list[dict[str, Any]] = (await self.ask("GET", f"/session/{session}/messages?format=acontext"))["items"]
        parents = [item["parent_id"] for item in items]
        assert parents == [None, *(item["id"] for item in items)][: len(items)]
        return items


@cache
def _authorities() -> ssl.SSLContext:
    """Read once whom to trust, though nobody is asked by TLS here: it takes longer than to ask."""
    return httpx.create_ssl_context()


async def until(is_so: Callable[[], Awaitable[Any]]) -> None:
    """Wait for what other processes do, for half a minute at most."""
    async with asyncio.timeout(30):
        while not await is_so():  # noqa: ASYNC110 - there is nothing in this process to wait for
            await asyncio.sleep(0.01)


@contextmanager
def paused(process: "subprocess.Popen[str] | None") -> Iterator[None]:
    """Stop a process where it stands, as a machine does that is out of breath."""
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def text_of(message: dict[str, Any]) -> str:
    text: str = message["parts"][0]["text"]
    return text


def killed(process: "subprocess.Popen[str]") -> float:
    """Kill a process at once, and tell when that was."""
    process.kill()
    process.wait(10)
    return time.monotonic()
