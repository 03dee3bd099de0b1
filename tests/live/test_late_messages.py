"""Messages that appear behind readers at random: each comes once to all who go on from cursors of any kind."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from live.conftest import Live
from live.late import LateUpstream
from live.test_messages import FOLLOW, page

OVERLAP = 1.0
FOREIGN, OURS = 24, 12
LAST = "the last one"


@pytest.fixture
def upstream() -> LateUpstream:
    """What stands between the SDK and Acontext."""
    return LateUpstream(most=OVERLAP * 0.99)


async def test_each_comes_once_to_whoever_goes_on_from_any_cursor(
    serve: Callable[..., Any], upstream: LateUpstream
) -> None:
    async with serve(follow_overlap=OVERLAP, follow_seconds=0.05) as live:
        session = await live.client.create()
        start = (await page(live, session["id"]))["resumeCursor"]
        followers = [asyncio.create_task(follow(live, session["id"], start, chance(seed))) for seed in range(3)]
        pages = asyncio.create_task(read_pages(live, session["id"]))
        await asyncio.gather(*(write(live, upstream, session, chance(f"writer {seed}")) for seed in range(3)))
        given = await pages
        stored = await all_of(live, session["id"], 2 * FOREIGN + OURS)
        await live.client.store(session["id"], LAST)
        assert [sorted(await follower) for follower in followers] == [sorted([*stored, LAST])] * 3
        for shown, cursor in given:
            rest = await follow(live, session["id"], cursor, None)
            assert sorted([*shown, *rest]) == sorted([*stored, LAST])


def chance(seed: object) -> random.Random:
    """Give chances that are the same with each run."""
    return random.Random(str(seed))  # noqa: S311 - no secret


async def write(live: Live, upstream: LateUpstream, session: dict[str, Any], choice: random.Random) -> None:
    """Store at random moments, past the server and through it."""
    path = f"/session/{session['acontextId']}/messages"
    for number in range((2 * FOREIGN + OURS) // 3):
        await asyncio.sleep(choice.uniform(0, 0.1))
        text = f"{choice.random()} {number}"
        if choice.random() < 0.3:
            await live.client.store(session["id"], text)
        else:
            body = {"blob": {"role": "user", "content": text}, "format": "openai"}
            await upstream.ask("POST", path, json=body)


async def follow(live: Live, session: str, cursor: str, choice: random.Random | None) -> list[str]:
    """Follow to the last message, over many subscriptions where there are choices; give what was told."""
    told: list[str] = []
    while LAST not in told:
        count = choice.randint(1, 8) if choice else 1000
        async with live.socket() as socket:
            id = await socket.subscribe(FOLLOW, session=session, after=cursor)
            while count and LAST not in told:
                event = await socket.event(id)
                told.append(event["messageEdge"]["node"]["text"])
                cursor, count = event["resumeCursor"], count - 1
    return told


async def read_pages(live: Live, session: str) -> list[tuple[list[str], str]]:
    """Read pages meanwhile, of which each tells what its reader has seen: the beginning, and all."""
    given = []
    for size in (None, 3, 9, None, 20, None):
        await asyncio.sleep(0.1)
        found = await page(live, session, first=size)
        given.append(([edge["node"]["text"] for edge in found["edges"]], found["resumeCursor"]))
    return given


async def all_of(live: Live, session: str, count: int) -> list[str]:
    """Wait until all messages are there."""
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found = [edge["node"]["text"] for edge in (await page(live, session))["edges"]]
    return found
