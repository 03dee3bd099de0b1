"""A conversation that grows: providers take it at every moment, and its settled start stays byte for byte the same."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import KEEP_ONE, call, read, result, use_tools
from databases import Databases
from formats.format_validity import CHECKS

SELECTION = "editAtMessageId nodes { id } " + " ".join(
    f"{form}: formatted(as: {form.upper()}) {{ system messages messageIds stableCount }}"
    for form in ("acontext", "openai", "anthropic", "gemini")
)
SHORT = {"tokenLimit": {"limitTokens": 60}}
IDS = st.sampled_from(["a", "b", "c"])
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.sampled_from(["hi", "ü <&>", " "])),
    st.builds(lambda id: {"type": "tool-call", "meta": {"id": id, "name": "f", "arguments": '{"q": 1}'}}, IDS),
    st.builds(lambda id: {"type": "tool-result", "text": "r", "meta": {"tool_call_id": id}}, IDS),
    st.just({"type": "thinking", "text": "hm", "meta": {"signature": "s"}}),
)
MESSAGES = st.builds(
    lambda role, parts, meta: {"acontext": {"role": role, "parts": parts, **meta}},
    st.sampled_from(["user", "assistant"]),
    st.lists(PARTS, max_size=3),
    st.sampled_from([{}, {}, {"meta": {"original_role": "system"}}, {"meta": {"name": "ann"}}]),
)
GROWTHS = st.lists(st.lists(MESSAGES, min_size=1, max_size=3), min_size=2, max_size=5)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database has no part in forms of messages."""
    return sqlite_databases


def check(page: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Check that providers take it, and that what was settled before is still there."""
    ids = {node["id"] for node in page["nodes"]}
    for form in ("acontext", "openai", "anthropic", "gemini"):
        now = page[form]
        if form in CHECKS:
            CHECKS[form](now["messages"])
        assert len(now["messages"]) == len(now["messageIds"])
        assert {id for made_of in now["messageIds"] for id in made_of} <= ids
        assert 0 <= now["stableCount"] <= len(now["messages"])
        if before:
            count = before[form]["stableCount"]
            assert json.dumps(now["messages"][:count]) == json.dumps(before[form]["messages"][:count])
            assert now["messageIds"][:count] == before[form]["messageIds"][:count]
            assert now["stableCount"] >= count


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(growth=GROWTHS, edits=st.sampled_from([None, [KEEP_ONE], [KEEP_ONE, SHORT]]))
async def test_what_is_settled_stays_while_the_conversation_grows(
    client: Client, growth: list[list[Any]], edits: Any
) -> None:
    session = (await client.create())["id"]
    before, pin = None, None
    for messages in growth:
        await client.store(session, *messages)
        page = await read(client, session, SELECTION, edits=edits, pin=pin)
        check(page, before)
        before, pin = page, page["editAtMessageId"]


async def test_all_that_follows_the_pin_is_settled_too(client: Client) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(3))
    pin = (await read(client, session, "editAtMessageId", edits=[KEEP_ONE]))["editAtMessageId"]
    await use_tools(client, session, range(3, 5))
    page = await read(client, session, SELECTION, edits=[KEEP_ONE], pin=pin)
    assert {form: page[form]["stableCount"] for form in ("acontext", "openai")} == {"acontext": 10, "openai": 10}
    assert [message["content"] for message in page["openai"]["messages"] if message["role"] == "tool"] == [
        "Done",
        "Done",
        "result 2",
        "result 3",
        "result 4",
    ]
    await client.store(session, call("c9"), result("c9", "result 9"))
    check(await read(client, session, SELECTION, edits=[KEEP_ONE], pin=pin), page)
