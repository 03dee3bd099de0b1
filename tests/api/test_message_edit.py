"""Edit strategies: each reaches Acontext as it is meant, counts are of the edited whole, bad numbers are named."""

from typing import Any

import pytest

from api.client import Client
from api.conversation import KEEP_ONE, READ, call, read, refusal, result, results, texts, use_tools
from api.upstream import Upstream
from databases import Databases

TYPICAL = [{"tokenLimit": {"limitTokens": 70_000}}, {"removeToolResult": {"keepRecentNToolResults": 5}}]
VIEW = "nodes { id text toolResults { text } toolCalls { argumentsText } } editAtMessageId totalCount tokenCount"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database knows nothing of messages."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> str:
    """Six tool calls with their results: "result 0" to "result 5"."""
    made = str((await client.create())["id"])
    await use_tools(client, made, range(6))
    return made


async def test_the_typical_load_of_an_agent_blanks_older_results(client: Client) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(8))
    page = await read(client, session, VIEW, edits=TYPICAL)
    assert results(page) == ["Done"] * 3 + [f"result {n}" for n in range(3, 8)]
    assert page["totalCount"] == 16
    assert page["editAtMessageId"] == page["nodes"][-1]["id"]
    assert page["tokenCount"] < (await read(client, session, "tokenCount"))["tokenCount"]


async def test_a_single_strategy_may_stand_for_a_list(client: Client, session: str) -> None:
    listed = await read(client, session, VIEW, edits=[KEEP_ONE])
    assert results(listed) == ["Done"] * 5 + ["result 5"]
    assert await read(client, session, VIEW, edits=KEEP_ONE) == listed
    literal = "editStrategy: {removeToolResult: {keepRecentNToolResults: 1}}"
    query = f"query ($id: ID!) {{ session(id: $id) {{ messages({literal}) {{ {VIEW} }} }} }}"
    assert (await client.data(query, id=session))["session"]["messages"] == listed


@pytest.mark.parametrize("nothing", [None, []])
async def test_no_strategies_leave_everything_as_it_is_stored(client: Client, session: str, nothing: Any) -> None:
    page = await read(client, session, VIEW, edits=nothing)
    assert results(page) == [f"result {n}" for n in range(6)]
    assert page["editAtMessageId"] is None


async def test_defaults_are_acontexts(client: Client, session: str) -> None:
    page = await read(client, session, VIEW, edits=[{"removeToolResult": {}}, {"removeToolCallParams": {}}])
    assert results(page) == ["Done"] * 3 + ["result 3", "result 4", "result 5"]
    assert [part["argumentsText"] for node in page["nodes"] for part in node["toolCalls"]] == (
        ["{}"] * 3 + ['{"n":3}', '{"n":4}', '{"n":5}']
    )


async def test_every_parameter_reaches_acontext(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(
        session,
        call("a", "keep", {"n": 1}),
        result("a", "a long result of many words"),
        call("b", "drop", {"words": "many and more words"}),
        result("b", "a long result of many words"),
        call("c", "drop", {"n": 3}),
        result("c", "short"),
    )
    page = await read(
        client,
        session,
        VIEW,
        edits=[
            {"removeToolCallParams": {"keepRecentNToolCalls": 0, "keepTools": ["keep"], "gtToken": 5}},
            {
                "removeToolResult": {
                    "keepRecentNToolResults": 0,
                    "keepTools": ["keep"],
                    "gtToken": 2,
                    "toolResultPlaceholder": " gone ",
                }
            },
        ],
    )
    assert results(page) == ["a long result of many words", "gone", "short"]
    assert [part["argumentsText"] for node in page["nodes"] for part in node["toolCalls"]] == (
        ['{"n":1}', "{}", '{"n":3}']
    )


async def test_counts_are_those_of_the_edited_whole_on_every_page(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, *(f"m{number}" for number in range(7)))
    for window in ({}, {"first": 1}, {"last": 2}):
        assert await read(client, session, "totalCount tokenCount", **window) == {"totalCount": 7, "tokenCount": 21}
        page = await read(
            client, session, "nodes { text } totalCount tokenCount", edits={"tokenLimit": {"limitTokens": 12}}, **window
        )
        assert (page["totalCount"], page["tokenCount"]) == (4, 12)
    assert await texts(client, session, edits={"tokenLimit": {"limitTokens": 12}}) == ["m3", "m4", "m5", "m6"]
    assert await texts(client, session, edits={"middleOut": {"tokenReduceTo": 12}}) == ["m0", "m1", "m5", "m6"]
    assert await texts(client, session, edits={"tokenLimit": {"limitTokens": 12}}, first=2) == ["m3", "m4"]


LIMITS: list[tuple[Any, str]] = [
    ({"tokenLimit": {"limitTokens": 0}}, "editStrategy.0.tokenLimit.limitTokens: at least 1."),
    ({"middleOut": {"tokenReduceTo": 0}}, "editStrategy.0.middleOut.tokenReduceTo: at least 1."),
    (
        {"removeToolResult": {"keepRecentNToolResults": -1}},
        "editStrategy.0.removeToolResult.keepRecentNToolResults: at least 0.",
    ),
    ({"removeToolResult": {"gtToken": 0}}, "editStrategy.0.removeToolResult.gtToken: at least 1."),
    (
        {"removeToolResult": {"toolResultPlaceholder": "x" * 10_001}},
        "editStrategy.0.removeToolResult.toolResultPlaceholder: at most 10000 characters.",
    ),
    (
        [KEEP_ONE, {"removeToolCallParams": {"keepRecentNToolCalls": -1}}],
        "editStrategy.1.removeToolCallParams.keepRecentNToolCalls: at least 0.",
    ),
    ({"removeToolCallParams": {"gtToken": -5}}, "editStrategy.0.removeToolCallParams.gtToken: at least 1."),
    ([KEEP_ONE] * 21, "editStrategy: at most 20 strategies."),
]


async def test_numbers_out_of_bounds_are_named(client: Client, session: str, upstream: Upstream) -> None:
    upstream.clear()
    for edits, message in LIMITS:
        assert await refusal(client, session, edits=edits) == ("BAD_USER_INPUT", message)
    assert upstream.calls == []


@pytest.mark.parametrize(
    "edits", [{}, {"tokenLimit": None}, {"tokenLimit": {"limitTokens": 1}, "middleOut": {"tokenReduceTo": 1}}, [None]]
)
async def test_a_strategy_is_exactly_one_of_its_kinds(client: Client, session: str, edits: Any) -> None:
    assert await client.code(READ % "totalCount", id=session, edits=edits) == "BAD_USER_INPUT"
