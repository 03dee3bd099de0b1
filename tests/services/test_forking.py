"""Forks that are cut off anywhere, while calls fail in every way: each is whole in the end, once, or leaves nothing."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gql_api.errors import Failure
from gql_api.services.creation import LEASE
from gql_api.store import mappings
from gql_api.store.database import open_database
from services.forks import Server, content, killed, new, server, source, visible
from services.parts import Parts, opened
from services.test_keyed import WAYS, Network

LATER = timedelta(minutes=5)
TWO_WHOLE = (2, 2, 2)
ONE = (1, 1, 1)


@pytest.fixture
async def parts(database_url: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_database(database_url, migrate=False), opened(tmp_path) as parts:
        yield parts


async def calls_of_a_fork(parts: Parts) -> int:
    """Count the calls that an undisturbed fork takes, and remove it again."""
    made = await source(parts)
    parts.upstream.clear()
    async with server(parts) as calm:
        forked = await calm.forking.fork("ada", new(made, key="calm"))
    count = len(parts.upstream.calls)
    assert forked.session
    assert await content(parts, forked.session) == await content(parts, made)
    return count


class Cut:
    """Does something to the call with a number, and leaves the others alone."""

    def __init__(self, parts: Parts, number: int) -> None:
        self.left = number
        parts.upstream.fault = self._fault
        self.way: str | None = None
        self.reached = asyncio.Event()

    def _fault(self, _: httpx.Request) -> str | None:
        self.left -= 1
        if self.left:
            return None
        self.reached.set()
        return self.way


async def check_whole(parts: Parts, made: object, session: object) -> None:
    assert await content(parts, session) == await content(parts, made)  # type: ignore[arg-type]
    assert {*await visible(parts)} == {made.id, session.id}  # type: ignore[attr-defined]
    assert await parts.left_upstream() == TWO_WHOLE


@pytest.mark.parametrize("way", ["before", "after", "lost"])
async def test_one_that_fails_at_any_call_goes_on_under_its_key(parts: Parts, way: str, tmp_path: Path) -> None:
    count = await calls_of_a_fork(parts)
    await forget_all(parts)
    for number in range(1, count + 1):
        made = await source(parts)
        cut = Cut(parts, number)
        cut.way = way
        key = f"{way} {number}"
        async with server(parts) as one:
            failed = await tried(one, made, key)
        parts.upstream.fault = None
        parts.now += LATER
        async with server(parts) as another:
            forked = await another.forking.fork("ada", new(made, key=key))
        assert forked.session, number
        await check_whole(parts, made, forked.session)
        assert failed or way != "before"
        await forget_all(parts)


async def tried(one: Server, made: object, key: str | None) -> bool:
    """Ask for a fork, and tell whether this failed."""
    try:
        await one.forking.fork("ada", new(made, key=key))  # type: ignore[arg-type]
    except Failure:
        return True
    return False


async def forget_all(parts: Parts) -> None:
    """Delete everything, so that what is there next is known."""
    sessions = await visible(parts)
    for id in sessions:
        mapping = await mappings.entomb("ada", id, now=parts.now, lease_until=parts.now)
        assert mapping
        assert await parts.reconciler().finish(mapping)
    await mappings.purge_tombstones(before=parts.now + LATER)
    assert await parts.left_upstream() == (0, 0, 0)


async def test_one_that_is_killed_at_any_call_is_gone_on_with_by_the_sweep_of_another(parts: Parts) -> None:
    count = await calls_of_a_fork(parts)
    await forget_all(parts)
    for number in range(1, count + 1):
        made = await source(parts)
        cut = Cut(parts, number)
        async with server(parts) as one:
            asked = asyncio.create_task(one.forking.fork("ada", new(made)))
            await cut.reached.wait()
            await killed(one, asked)
        parts.upstream.fault = None
        assert await visible(parts) == [made.id]
        async with server(parts) as another:
            reconciler = parts.reconciler(making=another.making)
            assert await reconciler.sweep() == 0  # nobody knows that it is dead
            parts.now += LATER
            assert await reconciler.sweep() == 1
            await another.ended()
            forked = await another.forking.fork("ada", new(made))
        assert forked.session, number
        await check_whole(parts, made, forked.session)
        await forget_all(parts)


class Mild(random.Random):
    """The lot that lets most calls go well: so many follow each other here."""

    def choice(self, seq: Any) -> Any:
        return "well" if seq is WAYS and self.random() < 0.85 else super().choice(seq)


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_fails_it_is_there_once_and_whole(parts: Parts, seed: int) -> None:
    lot = Mild(seed)
    made = await source(parts)
    network = Network(parts, lot)
    session = None
    for _ in range(40):
        session = await tried_once(parts, made, lot)
        if session:
            break
        if lot.random() < 0.5:
            await network.arrive()
        parts.now += LATER
        await asyncio.sleep(0.01)
    network.is_calm = True
    await network.arrive()
    parts.now += LATER
    session = session or await made_in_the_end(parts, made)
    await swept(parts)
    await check_whole(parts, made, session)


async def tried_once(parts: Parts, made: object, lot: random.Random) -> object:
    """Ask a new server, which is killed sometimes; None where the session is not there then."""
    async with server(parts) as one:
        asked = asyncio.create_task(one.forking.fork("ada", new(made)))  # type: ignore[arg-type]
        if lot.random() < 0.3:
            await moments(lot.randrange(400))
            await killed(one)
        [found] = await asyncio.gather(asked, return_exceptions=True)
    return None if isinstance(found, BaseException) else found.session


async def moments(count: int) -> None:
    """Let others go on so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def made_in_the_end(parts: Parts, made: object) -> object:
    async with asyncio.timeout(60):
        while not (session := await asked_calmly(parts, made)):  # noqa: ASYNC110 - the breaker
            await asyncio.sleep(0.1)
    return session


async def asked_calmly(parts: Parts, made: object) -> object:
    parts.now += LATER
    async with server(parts) as one:
        try:
            return (await one.forking.fork("ada", new(made))).session  # type: ignore[arg-type]
        except Failure:
            return None


async def swept(parts: Parts) -> None:
    """Let the sweep undo what was given up on the way."""
    async with server(parts) as one:
        parts.now += LEASE + LATER
        await parts.reconciler(making=one.making).sweep()
        await one.ended()
