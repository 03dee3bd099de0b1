"""Previews of a conversation that grows: between their two reads, and from one read under a pin to the next."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from api.client import Client
from api.conversation import read
from api.test_formatted_growth import GROWTHS
from api.test_message_tokens import STRATEGIES
from api.upstream import Upstream
from databases import Databases

EDITS = "edits { tokensBefore tokensAfter removedIds changedIds }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database knows nothing of messages."""
    return sqlite_databases


@dataclass
class InTurn(Upstream):
    """Lets one of two reads wait until the other is answered, and something was stored after that."""

    late: str | None = None
    """Which of them waits: "edited" or "stored"."""
    session: str = ""
    texts: tuple[str, ...] = ()
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return _InTurn(super().in_front_of(transport), self)

    def grow(self, session: str, *texts: str, before: str) -> None:
        """Store these between the next two reads, before that kind of read."""
        self.late, self.session, self.texts = before, session, texts
        self.grown.clear()


class _InTurn(httpx.AsyncBaseTransport):
    def __init__(self, behind: httpx.AsyncBaseTransport, upstream: InTurn) -> None:
        self._behind, self._upstream = behind, upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        upstream = self._upstream
        if upstream.late is None or not request.url.path.endswith("/messages") or upstream.grown.is_set():
            return await self._behind.handle_async_request(request)
        kind = "edited" if "edit_strategies" in request.url.params else "stored"
        if kind == upstream.late:
            await upstream.grown.wait()
            return await self._behind.handle_async_request(request)
        response = await self._behind.handle_async_request(request)
        for text in upstream.texts:
            blob = {"role": "user", "content": text}
            await upstream.ask("POST", f"/session/{upstream.session}/messages", json={"blob": blob})
        upstream.grown.set()
        return response

    async def aclose(self) -> None:
        await self._behind.aclose()


class TestBetween:
    """What is stored between the two reads."""

    @pytest.fixture
    def upstream(self) -> InTurn:
        return InTurn()

    @pytest.fixture
    async def session(self, client: Client) -> dict[str, Any]:
        """Seven messages of three tokens each."""
        made = await client.create()
        made["ids"] = await client.store(made["id"], *(f"m{number}" for number in range(7)))
        return made

    @pytest.mark.parametrize("strategy", ["tokenLimit", "middleOut"])
    async def test_what_comes_after_the_edited_view_is_not_removed(
        self, client: Client, session: dict[str, Any], upstream: InTurn, strategy: str
    ) -> None:
        edits = {strategy: {"limitTokens" if strategy == "tokenLimit" else "tokenReduceTo": 12}}
        alone = await read(client, session["id"], f"nodes {{ id }} {EDITS}", edits=edits)
        upstream.grow(session["acontextId"], "one more", "and more", before="stored")
        assert await read(client, session["id"], f"nodes {{ id }} {EDITS}", edits=edits) == alone
        assert alone["edits"]["tokensBefore"] == 21
        assert upstream.calls[-2:] == ["GET /session/{id}/messages"] * 2

    async def test_what_comes_after_the_edited_view_is_not_removed_where_its_own_end_is(
        self, client: Client, session: dict[str, Any], upstream: InTurn
    ) -> None:
        upstream.grow(session["acontextId"], "one more", before="stored")
        page = await read(client, session["id"], EDITS, edits={"tokenLimit": {"limitTokens": 1}})
        assert page["edits"] == {
            "tokensBefore": 21,
            "tokensAfter": 0,
            "removedIds": session["ids"],
            "changedIds": [],
        }

    @pytest.mark.parametrize("limit", [6, 1, 10**6])
    async def test_what_the_edited_view_alone_has_seen_is_read_yet(
        self, client: Client, session: dict[str, Any], upstream: InTurn, limit: int
    ) -> None:
        edits = {"tokenLimit": {"limitTokens": limit}}
        upstream.grow(session["acontextId"], "m7", "m8", before="edited")
        upstream.clear()
        page = await read(client, session["id"], f"nodes {{ id }} {EDITS}", edits=edits)
        assert upstream.calls == ["GET /session/{id}/messages"] * 3
        upstream.late = None
        assert await read(client, session["id"], f"nodes {{ id }} {EDITS}", edits=edits) == page
        assert page["edits"]["tokensBefore"] == 27

    async def test_a_conversation_that_begins_between_them_has_nothing_removed(
        self, client: Client, upstream: InTurn
    ) -> None:
        session = await client.create()
        edits = {"tokenLimit": {"limitTokens": 1}}
        upstream.grow(session["acontextId"], "first", before="stored")
        nothing = {"tokensBefore": 0, "tokensAfter": 0, "removedIds": [], "changedIds": []}
        assert (await read(client, session["id"], EDITS, edits=edits))["edits"] == nothing
        other = await client.create()
        upstream.grow(other["acontextId"], "first", before="edited")
        [id] = (await read(client, other["id"], EDITS, edits=edits))["edits"]["removedIds"]
        upstream.late = None
        assert [node["id"] for node in (await read(client, other["id"], "nodes { id }"))["nodes"]] == [id]


GROWING = (
    f"editAtMessageId tokenCount {EDITS} nodes {{ id tokenCount }} "
    "formatted(as: OPENAI) { messages messageIds stableCount }"
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(growth=GROWTHS, strategies=STRATEGIES.filter(bool))
async def test_under_a_pin_the_start_of_a_prompt_stays_the_same_and_so_does_what_was_edited(
    client: Client, growth: list[list[Any]], strategies: list[Any]
) -> None:
    session = (await client.create())["id"]
    before: dict[str, Any] | None = None
    for messages in growth:
        stored = await client.store(session, *messages)
        pin = before and before["editAtMessageId"]
        now = await read(client, session, GROWING, edits=strategies, pin=pin)
        assert sum(node["tokenCount"] for node in now["nodes"]) == now["tokenCount"] == now["edits"]["tokensAfter"]
        if before is not None:
            check(before, now, stored)
        before = now


def check(before: dict[str, Any], now: dict[str, Any], stored: list[str]) -> None:
    """Check that the settled start is the same to the byte, and that what was stored since was left alone."""
    count = before["formatted"]["stableCount"]
    for name in ("messages", "messageIds"):
        assert json.dumps(now["formatted"][name][:count]) == json.dumps(before["formatted"][name][:count])
    assert now["formatted"]["stableCount"] >= count
    assert now["editAtMessageId"] == before["editAtMessageId"]
    assert now["nodes"][: len(before["nodes"])] == before["nodes"]
    assert [node["id"] for node in now["nodes"][len(before["nodes"]) :]] == stored
    for name in ("removedIds", "changedIds"):
        assert now["edits"][name] == before["edits"][name]
    new = sum(node["tokenCount"] for node in now["nodes"][len(before["nodes"]) :])
    for name in ("tokensBefore", "tokensAfter"):
        assert now["edits"][name] == before["edits"][name] + new
