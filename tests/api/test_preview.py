"""What edit strategies would do, told beforehand: which messages go, which change, and what that saves."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import Client
from api.conversation import KEEP_ONE, READ, read, use_tools
from api.gauge import Gauge
from api.upstream import Upstream
from databases import Databases

EDITS = "edits { tokensBefore tokensAfter removedIds changedIds }"
NO_ARGUMENTS = {"removeToolCallParams": {"keepRecentNToolCalls": 0}}
CALL = "GET /session/{id}/messages"


def limit(tokens: int) -> dict[str, Any]:
    return {"tokenLimit": {"limitTokens": tokens}}


def middle(tokens: int) -> dict[str, Any]:
    return {"middleOut": {"tokenReduceTo": tokens}}


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database knows nothing of messages."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> str:
    """Seven messages of three tokens each."""
    made = str((await client.create())["id"])
    await client.store(made, *(f"m{number}" for number in range(7)))
    return made


async def report(client: Client, session: str, **arguments: Any) -> Any:
    return (await read(client, session, EDITS, **arguments))["edits"]


async def ids_of(client: Client, session: str) -> list[str]:
    return [node["id"] for node in (await read(client, session, "nodes { id }"))["nodes"]]


async def test_it_tells_what_goes_and_what_that_saves(client: Client, session: str) -> None:
    ids = await ids_of(client, session)
    nothing: dict[str, Any] = {"removedIds": [], "changedIds": []}
    assert await report(client, session, edits=limit(12)) == {
        "tokensBefore": 21,
        "tokensAfter": 12,
        "removedIds": ids[:3],
        "changedIds": [],
    }
    assert (await report(client, session, edits=middle(12)))["removedIds"] == ids[2:5]
    assert await report(client, session, edits=limit(21)) == {"tokensBefore": 21, "tokensAfter": 21, **nothing}
    assert await report(client, session, edits=limit(1)) == {
        "tokensBefore": 21,
        "tokensAfter": 0,
        "removedIds": ids,
        "changedIds": [],
    }


async def test_it_tells_what_is_changed(client: Client) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(4))
    ids = await ids_of(client, session)
    for edits, changed in (([KEEP_ONE], ids[1:6:2]), ([NO_ARGUMENTS], ids[::2]), ([NO_ARGUMENTS, KEEP_ONE], ids[:7])):
        page = await read(client, session, f"tokenCount nodes {{ id tokenCount }} {EDITS}", edits=edits)
        before = (await read(client, session, "tokenCount"))["tokenCount"]
        assert page["edits"] == {
            "tokensBefore": before,
            "tokensAfter": page["tokenCount"],
            "removedIds": [],
            "changedIds": changed,
        }
        assert sum(node["tokenCount"] for node in page["nodes"]) == page["tokenCount"] < before


async def test_what_is_put_in_place_of_the_same_is_no_change(client: Client) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(2))
    placeholder = {"removeToolResult": {"keepRecentNToolResults": 0, "toolResultPlaceholder": "result 0"}}
    ids = await ids_of(client, session)
    assert (await report(client, session, edits=placeholder))["changedIds"] == [ids[3]]


@pytest.mark.parametrize("nothing", [None, []])
async def test_without_strategies_there_is_nothing_to_tell_and_nothing_more_is_read(
    client: Client, session: str, upstream: Upstream, nothing: Any
) -> None:
    upstream.clear()
    assert await report(client, session, edits=nothing, first=2) is None
    assert upstream.calls == [CALL]


async def test_of_an_empty_conversation_nothing_goes(client: Client) -> None:
    session = (await client.create())["id"]
    nothing = {"tokensBefore": 0, "tokensAfter": 0, "removedIds": [], "changedIds": []}
    assert await report(client, session, edits=limit(1)) == nothing


async def test_it_is_about_the_whole_whatever_page_is_asked_for(
    client: Client, session: str, upstream: Upstream
) -> None:
    whole = await report(client, session, edits=limit(12))
    [*_, edge] = (await read(client, session, "edges { cursor }", edits=limit(12)))["edges"]
    for window in ({"first": 1}, {"last": 2}, {"first": 3, "before": edge["cursor"]}, {"after": edge["cursor"]}):
        upstream.clear()
        assert await report(client, session, edits=limit(12), **window) == whole
        assert upstream.calls == [CALL] * 2  # it edited, and it stored


async def test_with_a_pin_too_it_is_held_against_all_that_is_stored(client: Client, session: str) -> None:
    ids = await ids_of(client, session)
    assert await report(client, session, edits=limit(3), pin=ids[3]) == {
        "tokensBefore": 21,
        "tokensAfter": 12,
        "removedIds": ids[:3],
        "changedIds": [],
    }
    ids += await client.store(session, "m7", "m8")
    for pin, removed in ((ids[6], ids[:7]), (ids[8], ids)):
        told = await report(client, session, edits=limit(1), pin=pin)
        assert (told["tokensBefore"], told["removedIds"]) == (27, removed)


async def test_nothing_is_stored(client: Client, session: str, upstream: Upstream) -> None:
    whole = "nodes { id text metadata createdAt } totalCount tokenCount"
    before = await read(client, session, whole)
    upstream.clear()
    await report(client, session, edits=[limit(3), middle(3), KEEP_ONE])
    assert {call.partition(" ")[0] for call in upstream.calls} == {"GET"}
    assert await read(client, session, whole) == before


COMPARED = """
query ($id: ID!, $preview: Boolean = true) {
  session(id: $id) {
    tokenCounts { total }
    short: messages(editStrategy: {tokenLimit: {limitTokens: 6}}) { ...told }
    middle: messages(first: 1, editStrategy: {middleOut: {tokenReduceTo: 6}}) { ...told }
    again: messages(last: 1, editStrategy: {middleOut: {tokenReduceTo: 6}}) { ...told }
    stored: messages { tokenCount nodes { tokenCount } }
  }
}
fragment told on MessageConnection { tokenCount edits @include(if: $preview) { tokensBefore tokensAfter removedIds } }
"""


async def test_strategies_are_compared_by_one_read_each_and_one_of_what_is_stored(
    client: Client, session: str, upstream: Upstream
) -> None:
    upstream.clear()
    found = (await client.data(COMPARED, id=session))["session"]
    assert Counter(upstream.calls) == {CALL: 3}
    ids = await ids_of(client, session)
    assert [found[name]["edits"] for name in ("short", "middle", "again")] == [
        {"tokensBefore": 21, "tokensAfter": 6, "removedIds": ids[:5]},
        *[{"tokensBefore": 21, "tokensAfter": 6, "removedIds": ids[1:6]}] * 2,
    ]
    assert found["stored"] == {"tokenCount": 21, "nodes": [{"tokenCount": 3}] * 7}
    assert found["tokenCounts"] == {"total": 21}


async def test_what_is_not_included_is_not_read(client: Client, session: str, upstream: Upstream) -> None:
    query = """
    query ($id: ID!, $preview: Boolean!) {
      session(id: $id) {
        messages(editStrategy: {tokenLimit: {limitTokens: 6}}) {
          totalCount
          ... @include(if: $preview) { edits { tokensBefore } }
        }
      }
    }
    """
    for preview, calls in ((False, 1), (True, 2)):
        upstream.clear()
        found = (await client.data(query, id=session, preview=preview))["session"]["messages"]
        assert ("edits" in found, upstream.calls) == (preview, [CALL] * calls)


async def test_what_is_told_where_a_subscription_goes_on_too_is_the_same(client: Client, session: str) -> None:
    told = await report(client, session, edits=middle(9))
    page = await read(client, session, f"resumeCursor editAtMessageId {EDITS}", edits=middle(9))
    assert page["edits"] == told
    assert page["resumeCursor"]


LITERALS = {"short": "{tokenLimit: {limitTokens: 6}}", "middle": "{middleOut: {tokenReduceTo: 6}}"}


class TestRounds:
    """How many calls of Acontext are under way at once."""

    @pytest.fixture
    def upstream(self) -> Gauge:
        return Gauge()

    @pytest.mark.parametrize(
        ("asked", "reads"), [("", 3), ("tokenCounts { total } stored: messages { totalCount }", 3)]
    )
    async def test_all_are_read_at_once(
        self, client: Client, session: str, upstream: Gauge, asked: str, reads: int
    ) -> None:
        edits = [f"{name}: messages(editStrategy: {given}) {{ {EDITS} }}" for name, given in LITERALS.items()]
        upstream.calls.clear()
        upstream.hold_until(reads)
        await client.data(f"query ($id: ID!) {{ session(id: $id) {{ {asked} {' '.join(edits)} }} }}", id=session)
        assert (upstream.most, upstream.calls) == (reads, [CALL] * reads)


def is_edited(request: httpx.Request) -> bool:
    return "edit_strategies" in request.url.params


async def test_when_the_stored_ones_cannot_be_read_the_page_is_there(
    client: Client, session: str, upstream: Upstream
) -> None:
    upstream.fault = lambda request: None if is_edited(request) else "before"
    answer = await client.answer(READ % f"nodes {{ text }} {EDITS}", id=session, edits=limit(6))
    assert answer["data"] == {"session": {"messages": {"nodes": [{"text": "m5"}, {"text": "m6"}], "edits": None}}}
    [error] = answer["errors"]
    assert error["path"] == ["session", "messages", "edits"]
    assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


async def test_when_neither_can_be_read_the_page_alone_tells_of_it(start: Callable[..., Any]) -> None:
    async with start(max_read_size=10) as client:
        session = (await client.create())["id"]
        answer = await client.answer(READ % EDITS, id=session, edits=limit(6))
        assert answer["data"] == {"session": {"messages": None}}
        assert [error["path"] for error in answer["errors"]] == [["session", "messages"]]
        futures = [one for one in gc.get_objects() if isinstance(one, asyncio.Future)]
        assert [one for one in futures if one._log_traceback] == []  # asyncio would complain of these in the log


async def test_a_pin_of_nowhere_is_the_pages_own_error(client: Client, session: str) -> None:
    [other] = await client.store((await client.create())["id"], "elsewhere")
    assert await client.code(READ % EDITS, id=session, edits=limit(6), pin=other) == "BAD_USER_INPUT"


NESTED = """
query ($id: ID!) {
  session(id: $id) { messages { nodes { session { messages(editStrategy: {tokenLimit: {limitTokens: 1}}) { %s } } } } }
}
"""


async def test_each_id_that_is_listed_counts_as_what_is_shown(start: Callable[..., Any]) -> None:
    async with start(max_cost=10_000_000, max_cost_per_minute=100_000_000) as client:
        session = (await client.create())["id"]
        for _ in range(2):
            await client.store(session, *map(str, range(75)))
        await client.data(NESTED % "edits { tokensBefore }", id=session)
        answer = await client.answer(NESTED % "edits { removedIds }", id=session)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        pages = [node["session"]["messages"] for node in answer["data"]["session"]["messages"]["nodes"]]
        listed = [len(page["edits"]["removedIds"]) for page in pages if page and page["edits"]]
        assert codes == {"COST_LIMIT_EXCEEDED"}
        assert listed == [150] * (20_000 // 150 - 1)


async def test_both_reads_are_within_what_one_operation_reads(start: Callable[..., Any]) -> None:
    async with start(max_read_size=400_000) as client:
        session = (await client.create())["id"]
        await client.store(session, *["some words " * 9000] * 3)
        assert (await read(client, session, "totalCount", edits=limit(10**6)))["totalCount"] == 3
        answer = await client.answer(READ % EDITS, id=session, edits=limit(10**6))
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["COST_LIMIT_EXCEEDED"]


async def test_it_costs_another_read_of_the_whole(client: Client, session: str) -> None:
    costs = []
    for selection in ("totalCount", f"totalCount {EDITS}", f"totalCount {EDITS}"):
        answer = await client.answer(READ % selection, id=session, edits=limit(12), first=1)
        costs.append(answer["extensions"]["cost"])
    plain = 1 + 1 + 10 + 1000 + 10
    assert costs == [
        {"estimated": plain, "actual": 1 + 10 + 1},
        {"estimated": plain + 10 + 1000, "actual": 1 + 20 + 1 + 3},
        {"estimated": plain + 10 + 7 - 1000 + 7, "actual": 1 + 20 + 1 + 3},  # by now it is known to have seven
    ]
