"""Lists that are stored under keys while everything fails: each message is there once and in order, none is lost.

Calls of Acontext fail before they have an effect, after it, without one, or have it only later; writers are cut off in
the middle; the next try comes from another server. What Acontext has in the end is held against what was said.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from gql_api.errors import Failure, UpstreamTimeout
from gql_api.events.local import LocalBroker
from gql_api.services.creation import NewSession
from gql_api.services.drafts import ChatMessage, Draft
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Condition, Messages, Stored
from gql_api.store import idempotency, noting
from gql_api.store.database import open_database
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream import cursor
from services.parts import Parts, opened

SETTLED = timedelta(seconds=61)
WAYS = ("well", "well", "before", "after", "lost", "late")


class Network:
    """Lets calls of Acontext fail, by lot; one that is late arrives when `arrive` is called.

    Acontext goes on with what was sent although its caller is cut off: that has arrived too when `arrive` is done.
    """

    def __init__(self, parts: Parts, lot: random.Random) -> None:
        self._parts = parts
        self.lot = lot
        self._on_their_way: list[httpx.Request] = []
        self._at_work: set[asyncio.Task[httpx.Response]] = set()
        self.is_calm = False
        parts.upstream.instead = self._answer

    async def _answer(self, request: httpx.Request) -> httpx.Response | Exception:
        way = "well" if self.is_calm else self.lot.choice(WAYS)
        if way == "before":
            return httpx.ConnectError("refused", request=request)
        if way == "late" and request.method == "POST":
            self._on_their_way.append(request)
        if way in {"lost", "late"}:
            return httpx.ReadError("reset", request=request)
        work = asyncio.create_task(self._answered(request))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        response = await asyncio.shield(work)
        return httpx.ReadError("reset", request=request) if way == "after" else response

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        behind = self._parts.upstream._behind
        assert behind
        response = await behind.handle_async_request(request)
        await response.aread()
        return response

    async def arrive(self) -> None:
        if self._at_work:
            await asyncio.wait(self._at_work)
        for request in self._on_their_way:
            await self._answered(request)
        self._on_their_way.clear()


class AlwaysLate(random.Random):
    """The lot that lets each call have its effect later."""

    def choice(self, seq: Any) -> Any:
        return "late" if seq is WAYS else seq[0]


@pytest.fixture
async def parts(database_url: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_database(database_url, migrate=False), opened(tmp_path) as parts:
        yield parts


def drafts(texts: list[str]) -> list[Draft]:
    said = [ChatMessage("USER", text, [], None, is_error=False) for text in texts]
    return [Draft(one, None, ("input", "messages", str(index))) for index, one in enumerate(said)]


def server(parts: Parts) -> Messages:
    """Make what stores in one server; a new one knows nothing of what others did."""
    return Messages(parts.keys(), SessionLocks(patience=10), LocalBroker(), PlaceKeeper())


async def texts_of(parts: Parts, session_id: UUID) -> list[str]:
    page = await parts.upstream.ask("GET", f"/session/{session_id}/messages?format=acontext&limit=200")
    return [item["parts"][0]["text"] for item in page["items"]]


async def one_try(parts: Parts, network: Network, session_id: UUID, key: str, texts: list[str]) -> Stored | None:
    """Store the list under its key; None where this failed, or was cut off."""
    work = asyncio.create_task(server(parts).store_all("ada", session_id, drafts(texts), Condition(key)))
    if not network.is_calm and network.lot.random() < 0.2:
        for _ in range(network.lot.randrange(200)):
            await asyncio.sleep(0)
        work.cancel()
    try:
        stored = await work
    except (Failure, asyncio.CancelledError):
        return None
    assert stored.problem is None or len(stored.messages) < len(texts)
    assert [message.parts[0]["text"] for message in stored.messages] == texts[: len(stored.messages)]
    return None if stored.problem else stored


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_stored_under_keys_is_there_once_and_in_order(parts: Parts, seed: int) -> None:
    lot = random.Random(seed)  # noqa: S311 - guards nothing
    session_id = (await parts.creation().make("ada", NewSession(title=None, configs=None))).id
    network = Network(parts, lot)
    said: list[str] = []
    for number in range(6):
        texts = [f"{number}.{index}" for index in range(lot.randint(1, 4))]
        said += texts
        stored = await stored_in_the_end(parts, network, session_id, str(number), texts)
        again = await one_try_calmly(parts, network, session_id, str(number), texts)
        assert again.replayed
        assert [message.id for message in again.messages] == [message.id for message in stored.messages]
    await network.arrive()
    assert await texts_of(parts, session_id) == said


async def stored_in_the_end(parts: Parts, network: Network, session_id: UUID, key: str, texts: list[str]) -> Stored:
    """Try a few times while calls fail, and then until it is done."""
    network.is_calm = False
    for _ in range(10):
        if stored := await one_try(parts, network, session_id, key, texts):
            return stored
        if network.lot.random() < 0.5:
            await network.arrive()
            parts.now += SETTLED
    await network.arrive()
    parts.now += SETTLED
    network.is_calm = True
    async with asyncio.timeout(30):
        while not (stored := await one_try(parts, network, session_id, key, texts)):  # noqa: ASYNC110 - the breaker
            await asyncio.sleep(0.05)
    return stored


async def one_try_calmly(parts: Parts, network: Network, session_id: UUID, key: str, texts: list[str]) -> Stored:
    network.is_calm = True
    return await server(parts).store_all("ada", session_id, drafts(texts), Condition(key))


async def test_a_message_that_is_late_is_not_stored_beside_it(parts: Parts) -> None:
    session_id = (await parts.creation().make("ada", NewSession(title=None, configs=None))).id
    network = Network(parts, AlwaysLate())
    with pytest.raises(UpstreamTimeout):
        await server(parts).store_all("ada", session_id, drafts(["tea"]), Condition("key"))
    for seconds in (0, 30, 29):
        parts.now += timedelta(seconds=seconds)
        with pytest.raises(UpstreamTimeout, match="try again with the same key in"):
            await one_try_calmly(parts, network, session_id, "key", ["tea"])
    await network.arrive()
    assert (await one_try_calmly(parts, network, session_id, "key", ["tea"])).replayed
    assert await texts_of(parts, session_id) == ["tea"]


async def test_keys_are_forgotten_a_week_after_their_last_use(parts: Parts) -> None:
    session_id = (await parts.creation().make("ada", NewSession(title=None, configs=None))).id
    await server(parts).store_all("ada", session_id, drafts(["tea"]), Condition("key"))
    for days, kept in ((6, True), (2, False)):
        parts.now += timedelta(days=days)
        await parts.reconciler().sweep()
        row = await idempotency.begin(session_id, "key", fingerprint="other", attempt="other", now=parts.now)
        assert (row.fingerprint != "other") is kept


async def test_what_is_looked_for_is_looked_for_where_it_can_be(parts: Parts) -> None:
    """Behind the last message that was known before it; Acontext's clock may have been behind for some seconds."""
    session_id = (await parts.creation().make("ada", NewSession(title=None, configs=None))).id
    for text in ("long", "before"):
        await server(parts).store_all("ada", session_id, drafts([text]))
    ahead = datetime.now(UTC) + timedelta(seconds=5)
    await noting.note([(session_id, ahead, str(uuid4()))], {})
    cursors: list[str | None] = []

    def fault(request: httpx.Request) -> str | None:
        if request.method == "GET":
            cursors.append(request.url.params.get("cursor"))
        return "after" if request.method == "POST" else None

    parts.upstream.fault = fault
    stored = await server(parts).store_all("ada", session_id, drafts(["tea"]), Condition("key"))
    assert [message.parts[0]["text"] for message in stored.messages] == ["tea"]
    assert cursors == [cursor.end_of(ahead - timedelta(seconds=10))]
