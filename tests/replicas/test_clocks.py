"""Two servers whose clocks are five minutes apart: each knows how long ago that is what the other one has begun."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web

from databases import Databases
from replicas.clocks import wrong_clock
from replicas.fleet import Fleet
from soak.faults import Call, Faults

AHEAD = 300
SETTLING = 8
"""Seconds after which a message that was sent is sent again: longer than a late call takes."""
CREATE = "mutation ($id: UUID!) { createSession(input: {acontextId: $id}) { session { id } errors { code } } }"
STORE = """
mutation ($session: ID!) {
  storeMessage(input: {sessionId: $session, idempotencyKey: "k", message: {chat: {role: USER, content: "once"}}}) {
    replayed errors { code }
  }
}
"""
STATE = "SELECT state FROM session_mappings WHERE id = $1"


class LateOnce(Faults):
    """Lets the next call of a route have its effect when nobody waits for it any more."""

    route = "none"

    async def _carried(self, call: Call, way: str) -> web.StreamResponse:
        if call.request.method == "POST" and call.request.path.endswith(self.route):
            self.route, way = "none", "late"
        return await super()._carried(call, way)


@dataclass
class Apart:
    """A fleet whose second server, when it is started, is ahead, and what is between it and Acontext."""

    fleet: Fleet
    relay: LateOnce
    acontext_url: str
    wrong: dict[str, str]

    async def start_the_other(self) -> None:
        self.fleet.settings |= self.wrong
        await asyncio.to_thread(self.fleet.start, 1)

    async def ask(self, path: str) -> Any:
        """Ask Acontext itself when nothing is on its way any more."""
        await self.relay.settled()
        self.fleet.acontext_url = self.acontext_url
        return await self.fleet.ask("GET", path)


@pytest.fixture
async def apart(postgres_databases: Databases, tmp_path: Path) -> AsyncIterator[Apart]:
    wrong = wrong_clock(tmp_path, ahead=AHEAD)
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, await postgres_databases.migrated(), stack)
        await asyncio.to_thread(fleet.open_acontext)
        direct = fleet.acontext_url
        relay = LateOnce(direct.removesuffix("/api/v1"), random.Random(0), 0)  # noqa: S311 - guards nothing
        async with relay.open():
            fleet.acontext_url = f"{relay.url}/api/v1"
            fleet.settings |= {"GQL_API_STORE_SETTLING": str(SETTLING)}
            await asyncio.to_thread(fleet.start, 1)
            yield Apart(fleet, relay, direct, wrong)


async def test_a_message_that_may_be_on_its_way_is_not_sent_again_by_a_server_that_is_ahead(
    apart: Apart, http: httpx.AsyncClient
) -> None:
    await apart.start_the_other()
    first, ahead = (apart.fleet.client(number, http).as_user("ada") for number in range(2))
    session = await first.create()
    apart.relay.route = "/messages"
    assert await first.code(STORE, session=session["id"]) == "UPSTREAM_TIMEOUT"
    assert await ahead.code(STORE, session=session["id"]) == "UPSTREAM_TIMEOUT"
    await apart.relay.settled()
    payload = (await ahead.data(STORE, session=session["id"]))["storeMessage"]
    assert payload == {"replayed": True, "errors": []}
    stored = await apart.ask(f"/session/{session['acontextId']}/messages?format=acontext")
    assert len(stored["items"]) == 1


async def test_a_session_that_may_be_on_its_way_is_not_forgotten_by_a_server_that_is_ahead(
    apart: Apart, http: httpx.AsyncClient
) -> None:
    id = str(uuid4())
    apart.relay.route = "/session"
    assert await apart.fleet.client(0, http).code(CREATE, id=id) == "UPSTREAM_TIMEOUT"
    await apart.start_the_other()  # which finishes what others left open, if it is old
    assert id in [session["id"] for session in (await apart.ask("/session?limit=200"))["items"]]
    assert [row["state"] for row in await apart.fleet.rows(STATE, id)] == ["creating"]
