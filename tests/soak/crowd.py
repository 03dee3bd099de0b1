"""Very many sockets at one server while calls of Acontext fail: those that follow a session hear all of it, once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from commands import resident
from replicas.fleet import Fleet, text_of
from soak.asking import Servers
from soak.faults import Faults
from soak.following import Follower, Idler, Sockets
from soak.ledger import Ledger, Session
from soak.rounds import SETTLING
from soak.writing import Writer

_USERS = 16
_WHO, _SOMEBODY_ELSE = "ada", "bob"
_LITTLE = "{ __typename sessions(first: 5) { totalCount nodes { id title } } }"
_PAGE = "query ($id: ID!) { session(id: $id) { messages(last: 1) { resumeCursor } } }"
_NOW_AND_THEN = 0.05
_PATIENCE = 120
_TOO_LATE = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True)
class Plan:
    """How many sockets, and what happens meanwhile; `leaving` is the share of followers lost with each message."""

    idle: int
    followers: int
    messages: int
    share: float = 0.05
    leaving: float = 0.01
    seed: int = 7

    @property
    def settings(self) -> dict[str, str]:
        """What the server needs for it."""
        sockets = str(self.idle + 2 * self.followers)
        return {
            "GQL_API_MAX_CONNECTIONS_PER_USER": sockets,
            "GQL_API_MAX_SUBSCRIPTIONS_PER_USER": str(2 * self.followers),
            "GQL_API_STORE_SETTLING": str(SETTLING),
        }


@dataclass
class Report:
    """What came of it."""

    stored: list[str]
    followers: list[Follower]
    idlers: list[Idler]
    others: list[float]
    """Seconds that requests of somebody else took meanwhile."""
    unanswered: Counter[str]
    in_acontext: list[str] = field(default_factory=list)
    mib: dict[str, float] = field(default_factory=dict)
    injected: int = 0
    calls: int = 0
    seconds: float = 0.0

    @property
    def ended(self) -> Counter[str]:
        """How often followers were interrupted, by the reason."""
        return sum((follower.ended for follower in self.followers), Counter())

    @property
    def faults(self) -> list[str]:
        """Say what must not be."""
        wrong = [one for one in self.followers if one.heard != self.stored]
        deaf = [one for one in self.idlers if not one.is_heard]
        found = {
            f"{len(wrong)} followers heard something else: {[one.heard for one in wrong[:1]]}": wrong,
            f"{len(deaf)} idle sockets are not answered": deaf,
            f"Acontext has {self.in_acontext}": self.in_acontext != self.stored,
            f"somebody else was not answered: {self.unanswered}": self.unanswered,
        }
        return [line for line, is_so in found.items() if is_so]


async def crowded(fleet: Fleet, plan: Plan) -> Report:
    """Start a server behind a relay that fails, let all come, store messages, and look at who heard what."""
    begun, lot = time.monotonic(), random.Random(plan.seed)  # noqa: S311 - guards nothing
    # A lot of its own, as in the soak: which call fails is the seed's to say, whatever else happens meanwhile.
    failing = random.Random(plan.seed + 1)  # noqa: S311 - as above
    faults = Faults(fleet.acontext_url.removesuffix("/api/v1"), failing, plan.share, is_calm=True)
    async with faults.open():
        fleet.acontext_url, direct = f"{faults.url}/api/v1", fleet.acontext_url
        fleet.settings |= plan.settings
        fleet.start(1)
        limits = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=limits) as http:
            report, session = await Crowd(plan, fleet, faults, http, lot).run()
        faults.is_calm = True
        await faults.settled()
        fleet.acontext_url = direct
        report.in_acontext = [text_of(message) for message in await fleet.conversation(session.acontext_id)]
    report.injected, report.calls = faults.injected.total(), faults.calls
    report.seconds = time.monotonic() - begun
    return report


@dataclass
class Crowd:
    """All who are there, in one run."""

    plan: Plan
    fleet: Fleet
    faults: Faults
    http: aiohttp.ClientSession
    lot: random.Random

    async def run(self) -> tuple[Report, Session]:
        """Let them come, and store until all have heard all."""
        sessions: list[Session] = []
        servers = Servers(self.fleet.urls, self.http)
        writer = Writer("writer", _WHO, servers, Ledger(), self.lot, sessions, lambda: False)
        await writer.create()
        [session] = sessions
        idlers = [Idler(f"user{number % _USERS}") for number in range(self.plan.idle)]
        cursor = await self._cursor(session)
        followers = [Follower(_WHO, session.id, cursor, self.lot) for _ in range(self.plan.followers)]
        report = Report([], followers, idlers, [], Counter())
        self._weigh(report, "alone")
        sockets = Sockets(self.fleet.urls[0], self.http)
        async with _under_way([idler.idle(sockets) for idler in idlers]):
            await _until(lambda: all(idler.is_open for idler in idlers))
            self._weigh(report, "idle sockets")
            async with _under_way([follower.follow(sockets) for follower in followers]):
                await _until(lambda: all(follower.begun for follower in followers))
                self._weigh(report, "subscriptions")
                async with _under_way([self._ask_now_and_then(report)]):
                    await self._store(writer, session, report)
                self._weigh(report, "in the end")
            await asyncio.gather(*(idler.speak() for idler in idlers))
            await _until(lambda: all(idler.is_heard or not idler.is_open for idler in idlers))
        return report, session

    async def _store(self, writer: Writer, session: Session, report: Report) -> None:
        self.faults.is_calm = False
        while len(report.stored) < self.plan.messages:
            await writer.store(session)
            report.stored = [text for _, texts in session.said for text in texts]
            leaving = [one for one in report.followers if self.lot.random() < self.plan.leaving]
            await asyncio.gather(*(one.leave() for one in leaving))
        with suppress(TimeoutError):  # the report tells who heard what
            await _until(lambda: all(len(one.heard) >= len(report.stored) for one in report.followers))

    async def _cursor(self, session: Session) -> str:
        body = {"query": _PAGE, "variables": {"id": session.id}}
        async with self.http.post(self.fleet.urls[0], json=body, headers={"x-user": session.user}) as answer:
            cursor: str = (await answer.json())["data"]["session"]["messages"]["resumeCursor"]
        return cursor

    async def _ask_now_and_then(self, report: Report) -> None:
        while True:
            begun = time.monotonic()
            code = await self._ask()
            if code:
                report.unanswered[code] += 1
            report.others.append(time.monotonic() - begun)
            await asyncio.sleep(_NOW_AND_THEN)

    async def _ask(self) -> str:
        headers = {"x-user": _SOMEBODY_ELSE}
        try:
            async with self.http.post(
                self.fleet.urls[0], json={"query": _LITTLE}, headers=headers, timeout=_TOO_LATE
            ) as answer:
                told = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__
        return "" if "errors" not in told else str(told["errors"])

    def _weigh(self, report: Report, when: str) -> None:
        report.mib[when] = resident(self.fleet.servers[0].pid) / 1024


@asynccontextmanager
async def _under_way(work: list[Any]) -> AsyncIterator[None]:
    """Do all of it to the end of the block; what fails meanwhile fails the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not is_so():  # noqa: ASYNC110 - in many tasks
            await asyncio.sleep(0.05)
