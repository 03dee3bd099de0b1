"""Two servers, one PostgreSQL and one Acontext under writers, while calls fail and processes are killed."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import aiohttp
import asyncpg  # type: ignore[import-untyped]

from commands import address_told
from postgres import Server
from replicas.fleet import LEASE, Fleet
from soak.asking import PATIENCE, Servers
from soak.audit import Findings, audited
from soak.faults import LATE, Faults
from soak.ledger import Ledger
from soak.writing import Writer

SETTLING = 10
"""Seconds after which a message that was sent is sent again: longer than a late call takes."""
assert SETTLING > LATE
_USERS, _WRITERS = 16, 4
_NOBODY = "nobody"
_OVER = "UPDATE session_mappings SET lease_until = now() - interval '1 second' WHERE state IN ('creating', 'deleting')"
_SETTLED = "UPDATE session_forks SET settled_micros = 1"
_OPEN = (
    "SELECT 1 FROM session_mappings WHERE state IN ('creating', 'deleting')"
    " UNION SELECT 1 FROM erasures WHERE user_identifier IS NOT NULL"
)
VICTIMS = ("servers", "PostgreSQL", "its backends", "servers")
"""Who is killed, one after the other, again and again."""
_MOST_AWAY = 2.0
"""Seconds after which PostgreSQL is started again at the latest."""
_BACKEND = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' LIMIT 1"
)


@dataclass(frozen=True)
class Plan:
    """How much is done: mutations at least, the share of calls that fail, and kills; all by lot from one seed."""

    mutations: int
    share: float
    kills: int
    seed: int
    seconds: float
    patience: float = PATIENCE


@dataclass
class Report:
    """What came of it."""

    plan: Plan
    ledger: Ledger
    findings: Findings
    injected: Counter[str]
    calls: int
    kills: Counter[str]
    seconds: float
    latest: float
    """Seconds after which the latest call of Acontext had its effect: beyond `SETTLING` nothing is promised."""
    unworded: int
    """Refusals of Acontext that came without its words: what they refuse is UPSTREAM_REJECTED."""


@dataclass
class Soak:
    """One run."""

    fleet: Fleet
    postgres: Server
    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    kills: Counter[str] = field(default_factory=Counter)

    async def run(self) -> Report:
        """Write, kill, let all come to an end, and look."""
        begun = time.monotonic()
        await self._warm_up()
        self.lot = random.Random(self.plan.seed)  # noqa: S311 - guards nothing
        acontext = self.fleet.acontext_url.removesuffix("/api/v1")
        faults = Faults(acontext, random.Random(self.plan.seed + 1), self.plan.share)  # noqa: S311 - as above
        async with faults.open():
            direct, self.fleet.acontext_url = self.fleet.acontext_url, f"{faults.url}/api/v1"
            self.fleet.settings |= {"GQL_API_STORE_SETTLING": str(SETTLING), "GQL_API_MAX_OPERATIONS_PER_USER": "1000"}
            self.fleet.start(2)
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                servers = Servers(self.fleet.urls, http, direct)
                await self._write(servers, end=begun + self.plan.seconds)
            faults.is_calm = True
            await self._finish(faults)
            self.fleet.acontext_url = direct
            findings = await audited(self.fleet, self.ledger)
        seconds = time.monotonic() - begun
        told = (faults.injected, faults.calls, self.kills, seconds, faults.latest, faults.unworded)
        return Report(self.plan, self.ledger, findings, *told)

    async def _warm_up(self) -> None:
        """Let Acontext read its vocabulary, which may take longer than a call does for which nobody waits any more."""
        id, blob = str(uuid4()), {"role": "user", "content": "hello"}
        await self.fleet.ask("POST", "/session", {"user": _NOBODY, "use_uuid": id})
        await self.fleet.ask("POST", f"/session/{id}/messages", {"blob": blob})
        await self.fleet.ask("GET", f"/session/{id}/messages")
        await self.fleet.ask("DELETE", f"/user/{_NOBODY}")

    async def _write(self, servers: Servers, *, end: float) -> None:
        def is_over() -> bool:
            return self.ledger.done.total() >= self.plan.mutations or time.monotonic() > end

        writers = []
        for user in range(_USERS):
            sessions: list[object] = []
            for number in range(_WRITERS):
                name = f"u{user}w{number}"
                lot = random.Random(f"{self.plan.seed} {name}")  # noqa: S311 - guards nothing
                told = (servers, self.ledger, lot, sessions, is_over, self.plan.patience)
                writers.append(Writer(name, f"user{user}", *told))  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill_now_and_then(is_over))
            for writer in writers:
                group.create_task(writer.work())

    async def _kill_now_and_then(self, is_over: Callable[[], bool]) -> None:
        ways = {
            "servers": self._kill_a_server,
            "PostgreSQL": self._kill_the_database,
            "its backends": self._kill_a_connection_of_the_database,
        }
        for number, victim in zip(range(1, self.plan.kills + 1), cycle(VICTIMS), strict=False):
            due = self.plan.mutations * number / (self.plan.kills + 1)
            while self.ledger.done.total() < due:  # what grows is a count
                if is_over():
                    return
                await asyncio.sleep(0.05)
            await ways[victim]()
            self.kills[victim] += 1

    async def _kill_a_server(self) -> None:
        victim = self.lot.randrange(len(self.fleet.servers))
        self.fleet.servers[victim].kill()
        await self._started_again(victim)

    async def _started_again(self, victim: int) -> None:
        # What is bound together is done off the loop: the others go on meanwhile.
        self.fleet.servers[victim].wait(10)
        process = self.fleet.start_one()
        url = await asyncio.to_thread(address_told, process)
        self.fleet.servers[victim], self.fleet.urls[victim] = process, url

    async def _kill_the_database(self) -> None:
        """Kill all of PostgreSQL at once; it comes back on the same data after a while."""
        await asyncio.to_thread(self.postgres.kill)
        await asyncio.sleep(self.lot.uniform(0, _MOST_AWAY))
        await asyncio.to_thread(self.postgres.start)

    async def _kill_a_connection_of_the_database(self) -> None:
        """Kill what serves one connection: PostgreSQL ends all others then, and recovers from its log."""
        connection = await asyncpg.connect(self.fleet.database_url)
        pid = await connection.fetchval(_BACKEND)
        os.kill(pid, signal.SIGKILL)
        connection.terminate()

    async def _finish(self, faults: Faults) -> None:
        """Let what was left open be finished by servers that start, as if the leases of its makers were over.

        They are dead by then, and what they sent has arrived.
        """
        await asyncio.sleep(LEASE)
        for server in self.fleet.servers:
            server.kill()
            await asyncio.to_thread(server.wait, 10)
        await faults.settled()
        for statement in (_OVER, _SETTLED):
            await self.fleet.rows(statement)
        for victim in range(len(self.fleet.servers)):
            await self._started_again(victim)

        async with asyncio.timeout(300):
            while await self.fleet.rows(_OPEN):  # noqa: ASYNC110 - in other processes
                await asyncio.sleep(1)


def prepared(folder: Path, url: str, stack: ExitStack) -> Fleet:
    """Start Acontext; the servers come later."""
    fleet = Fleet(folder, url, stack)
    fleet.most_seconds = 4 * 3600
    fleet.open_acontext()
    return fleet
