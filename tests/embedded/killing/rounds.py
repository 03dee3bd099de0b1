"""Rounds of load, kill and audit on one data folder; what must hold is asserted, what happened is counted."""

import asyncio
import hashlib
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from embedded.killing.steps import Step, next_step
from embedded.killing.world import World, look, require_order, same
from embedded.opened import API_KEY, Client

_SHARED = "0e984725-c51c-4bf4-9960-e1c80e27aba0"
_CONTENTS = "SELECT sha256 FROM artifacts UNION SELECT sha256 FROM assets"


@dataclass
class Writer:
    """Does one operation after the other on what is its own; `open` is the one without an answer."""

    user: str
    random: Random
    world: World = field(default_factory=World)
    open: Step | None = None

    async def write(self, client: Client, answered: Counter[str]) -> None:
        while True:
            step = next_step(self.world, self.user, self.random)
            self.open = step
            answer = await step.run(client)
            step.change(self.world, answer)
            self.open = None
            answered[step.kind] += 1


@dataclass
class Talker:
    """One of many that write into the same session."""

    name: str
    sent: int = 0
    answered: set[int] = field(default_factory=set)

    async def talk(self, client: Client, answered: Counter[str]) -> None:
        while True:
            self.sent += 1
            await client.say(_SHARED, f"{self.name} {self.sent}")
            self.answered.add(self.sent)
            answered["message into one session"] += 1


@dataclass
class Figures:
    kills: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    without_answer: Counter[str] = field(default_factory=Counter)
    orphans: int = 0
    """Contents without a row right after a kill; the next start removes them."""


class Rounds:
    """A data folder that server after server is killed on."""

    def __init__(self, folder: Path, *, seed: int, writers: int) -> None:
        self.figures = Figures()
        self._folder = folder
        self._random = Random(seed)  # noqa: S311  not for secrets
        self._writers = [Writer(f"writer-{n}", Random(f"{seed} {n}")) for n in range(writers)]  # noqa: S311
        self._talkers = [Talker(f"talker-{n}") for n in range(3)]

    async def run(self, *, most: int, seconds: float = 0.0) -> None:
        """Start a server, audit it, put it under load, and kill it; then audit the files.

        It is killed when it has answered some number of operations up to `most`, and so many seconds are over.
        """
        async with _served(self._folder) as (process, client):
            await client.session(use_uuid=_SHARED)
            await self._audit(client)
            writing = [writer.write(client, self.figures.answered) for writer in self._writers]
            talking = [talker.talk(client, self.figures.answered) for talker in self._talkers]
            tasks = [asyncio.ensure_future(each) for each in (*writing, *talking)]
            await self._wait(tasks, self._random.randint(1, most), seconds)
            process.kill()
            await process.wait()
            await _require_broken_connections(tasks)
        self.figures.kills += 1
        self._audit_files()

    async def _wait(self, tasks: list[asyncio.Task[None]], answers: int, seconds: float) -> None:
        begun, before = time.monotonic(), self.figures.answered.total()
        while self.figures.answered.total() < before + answers or time.monotonic() < begun + seconds:
            done, _ = await asyncio.wait(tasks, timeout=self._random.uniform(0.0, 0.005))
            if done:
                ends = await _cancelled(tasks)
                raise AssertionError([end for end in ends if not isinstance(end, asyncio.CancelledError)])

    async def kill_at_start(self) -> None:
        """Kill a server while it starts, perhaps while it tidies up."""
        process = await _start(self._folder)
        await asyncio.sleep(self._random.uniform(0.3, 0.9))
        process.kill()
        await process.wait()
        self.figures.kills += 1
        self._audit_files()

    async def finish(self) -> None:
        """Audit what the last kill has left."""
        async with _served(self._folder) as (process, client):
            await self._audit(client)
            process.kill()
            await process.wait()

    def _audit_files(self) -> None:
        """Look at what is on the disk, before anything could put it right."""
        with closing(sqlite3.connect(f"file:{self._folder}/acontext.sqlite3?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            wanted = {sha256 for (sha256,) in connection.execute(_CONTENTS)}
        there = {path.name: path for path in (self._folder / "contents").glob("*/*")}
        assert wanted <= there.keys(), "a row without its content"
        broken = [name for name in wanted if hashlib.sha256(there[name].read_bytes()).hexdigest() != name]
        assert broken == []
        self.figures.orphans += len(there) - len(wanted)

    async def _audit(self, client: Client) -> None:
        self._require_tidy()
        found = await asyncio.gather(*(look(client, writer.user) for writer in self._writers))
        for writer, world in zip(self._writers, found, strict=True):
            self._compare(writer, world)
        await self._audit_shared(client)

    def _require_tidy(self) -> None:
        with closing(sqlite3.connect(self._folder / "acontext.sqlite3")) as connection:
            wanted = {sha256 for (sha256,) in connection.execute(_CONTENTS)}
        assert {path.name for path in (self._folder / "contents").glob("*/*")} == wanted
        assert list((self._folder / "staging").iterdir()) == []

    def _compare(self, writer: Writer, found: World) -> None:
        """Insist that all with an answer is there, and the operation without one is done wholly or not at all."""
        before, after = writer.world, writer.world.copy()
        if writer.open:
            writer.open.change(after, None)
        is_before, is_after = same(before, found), same(after, found)
        assert is_before or is_after, f"{writer.user}, without an answer: {writer.open}\n{before}\n{found}"
        if writer.open:
            self.figures.without_answer["not done" if is_before else "done"] += 1
        writer.world, writer.open = found, None

    async def _audit_shared(self, client: Client) -> None:
        """Insist that what talkers said and were answered is there once, in order, and nothing that nobody said."""
        page = await client.messages(_SHARED, format="acontext")
        await require_order(client, _SHARED, page)
        texts = [item["parts"][0]["text"].split() for item in page["items"]]
        for talker in self._talkers:
            told = [int(number) for name, number in texts if name == talker.name]
            assert told == sorted(set(told))
            assert talker.answered <= set(told) <= set(range(1, talker.sent + 1))


async def _require_broken_connections(tasks: list[asyncio.Task[None]]) -> None:
    """Insist that no operation failed but for the killed server."""
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, httpx.TransportError)] == []


async def _cancelled(tasks: list[asyncio.Task[None]]) -> list[BaseException | None]:
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, Client]]:
    process = await _start(folder)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        address = line.decode().split()[-1].removesuffix("/api/v1")
        headers = {"authorization": f"Bearer {API_KEY}"}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, limits=limits) as http:
            yield process, Client(http)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _start(folder: Path) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0", "--data-dir", str(folder), "--api-key", API_KEY)
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
