"""The tokens of single messages: as each is shown, wherever it is, and in sum what Acontext counts."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import KEEP_ONE, READ, STORE_ONE, call, chat, read, result, use_tools
from api.upstream import Upstream
from databases import Databases
from embedded.editing_conversations import PARTS
from embedded.plain_tokenizer import count
from embedded.token_texts import TEXTS

EACH = "tokenCount nodes { tokenCount }"
STRATEGIES = st.lists(
    st.one_of(
        st.builds(lambda tokens: {"tokenLimit": {"limitTokens": tokens}}, st.integers(1, 120)),
        st.builds(lambda tokens: {"middleOut": {"tokenReduceTo": tokens}}, st.integers(1, 120)),
        st.builds(lambda kept: {"removeToolResult": {"keepRecentNToolResults": kept}}, st.integers(0, 2)),
        st.builds(lambda kept: {"removeToolCallParams": {"keepRecentNToolCalls": kept}}, st.integers(0, 2)),
    ),
    max_size=3,
)
SAID = st.builds(lambda text: {"type": "text", "text": text}, TEXTS.filter(bool))


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database knows nothing of messages."""
    return sqlite_databases


async def test_each_message_has_the_count_of_its_texts_and_calls(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(
        session, "hello", call("c1", "look", {"n": 1}), result("c1", "a result"), chat("ASSISTANT", "ok")
    )
    page = await read(client, session, EACH)
    texts = ("hello", '{"arguments":"{\\"n\\":1}","name":"look"}', "a result", "ok")
    counted = [count(f"{text}\n") for text in texts]
    assert page == {"tokenCount": sum(counted), "nodes": [{"tokenCount": one} for one in counted]}


async def test_it_is_of_the_message_as_it_is_shown(client: Client) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(2))
    query = f"""
    query ($id: ID!, $edits: [EditStrategyInput!]) {{ session(id: $id) {{
      stored: messages {{ ...each }} edited: messages(editStrategy: $edits) {{ ...each }}
    }} }}
    fragment each on MessageConnection {{ {EACH} }}
    """
    views = (await client.data(query, id=session, edits=[KEEP_ONE]))["session"]
    for view in views.values():
        assert sum(node["tokenCount"] for node in view["nodes"]) == view["tokenCount"]
    stored, edited = [[node["tokenCount"] for node in views[name]["nodes"]] for name in ("stored", "edited")]
    assert edited == [stored[0], count("Done\n"), *stored[2:]] != stored


async def test_it_is_told_wherever_a_message_is(client: Client) -> None:
    session = (await client.create())["id"]
    stored = await client.data(
        STORE_ONE.replace("message {", "messageEdge { node { tokenCount } } message {") % "id tokenCount",
        input={"sessionId": session, "message": chat("USER", "hello")},
    )
    payload = stored["storeMessage"]
    assert (payload["message"]["tokenCount"], payload["messageEdge"]["node"]["tokenCount"]) == (2, 2)
    query = """
    query ($id: ID!, $ids: [ID!]!) {
      node(id: $id) { ... on Message { tokenCount } }
      nodes(ids: $ids) { ...one }
      sessions { nodes { messages(last: 1) { edges { node { again: tokenCount tokenCount } } } } }
    }
    fragment one on Node { ... on Message { session { messages { nodes { tokenCount } } } tokenCount } }
    """
    id = payload["message"]["id"]
    assert await client.data(query, id=id, ids=[id]) == {
        "node": {"tokenCount": 2},
        "nodes": [{"session": {"messages": {"nodes": [{"tokenCount": 2}]}}, "tokenCount": 2}],
        "sessions": {"nodes": [{"messages": {"edges": [{"node": {"again": 2, "tokenCount": 2}}]}}]},
    }


LIST = """
mutation ($id: ID!, $items: [StoreMessagesItemInput!]!) {
  storeMessages(input: {sessionId: $id, messages: $items}) {
    messages { tokenCount } messageEdges { node { tokenCount } }
  }
}
"""


async def test_a_stored_list_tells_the_count_of_each(client: Client) -> None:
    session = (await client.create())["id"]
    items = [{"message": chat("USER", f"m{number}")} for number in range(3)]
    assert (await client.data(LIST, id=session, items=items))["storeMessages"] == {
        "messages": [{"tokenCount": 3}] * 3,
        "messageEdges": [{"node": {"tokenCount": 3}}] * 3,
    }


@pytest.mark.parametrize("named", ["skip", "include"])
async def test_what_is_left_out_is_not_counted(client: Client, named: str) -> None:
    session = (await client.create())["id"]
    await client.store(session, *["a b c d e f g h i"] * 2)
    query = f"""
    query ($id: ID!, $on: Boolean!) {{
      session(id: $id) {{ messages {{ tokenCount nodes {{ ...one @{named}(if: $on) role }} }} }}
    }}
    fragment one on Message {{ tokenCount }}
    """
    for switch in (True, False):
        answer = await client.answer(query, id=session, on=switch)
        is_asked = switch is (named == "include")
        nodes = answer["data"]["session"]["messages"]["nodes"]
        assert nodes == [{**({"tokenCount": 10} if is_asked else {}), "role": "USER"}] * 2
        assert answer["extensions"]["cost"]["actual"] == 1 + 10 + 2 + (2 if is_asked else 0)


async def test_nothing_is_asked_for_it(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    await client.store(session, *["word " * 100] * 5)
    upstream.clear()
    answer = await client.answer(READ % "nodes { tokenCount }", id=session, first=3)
    assert upstream.calls == ["GET /session/{id}/messages"]
    tokens = sum(node["tokenCount"] for node in answer["data"]["session"]["messages"]["nodes"])
    assert tokens == 3 * 101
    # It is guessed low, and what it came to is told: a point for ten tokens.
    assert answer["extensions"]["cost"] == {"estimated": 1 + 1 + 10 + 3 + 3 * 2, "actual": 1 + 10 + 3 + tokens // 10}


async def test_a_message_that_is_long_to_count_is_counted(start: Callable[..., Any]) -> None:
    async with start() as client:
        session = (await client.create())["id"]
        letters = ("x" * 8000 + " ") * 100
        await client.store(session, letters, "short")
        page = await read(client, session, EACH)
        assert page["nodes"][1] == {"tokenCount": 2}
        assert sum(node["tokenCount"] for node in page["nodes"]) == page["tokenCount"] > 100_000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    conversation=st.lists(st.lists(PARTS | SAID, max_size=3), min_size=1, max_size=8),
    strategies=STRATEGIES,
)
async def test_those_of_a_view_add_up_to_its_count(
    client: Client, conversation: list[list[dict[str, Any]]], strategies: list[Any]
) -> None:
    session = await client.create()
    for parts in conversation:
        await client.try_to_store(session["id"], {"acontext": {"role": "user", "parts": parts}})
    page = await read(client, session["id"], f"{EACH} edits {{ tokensBefore tokensAfter }}", edits=strategies)
    assert sum(node["tokenCount"] for node in page["nodes"]) == page["tokenCount"]
    stored = (await client.data("query ($id: ID!) { session(id: $id) { tokenCounts { total } } }", id=session["id"]))[
        "session"
    ]["tokenCounts"]["total"]
    whole = await read(client, session["id"], EACH)
    assert sum(node["tokenCount"] for node in whole["nodes"]) == whole["tokenCount"] == stored
    told = {"tokensBefore": stored, "tokensAfter": page["tokenCount"]}
    assert page["edits"] == (told if strategies else None)
