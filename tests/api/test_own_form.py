"""What a provider's SDK wrote comes back as it was, also where Acontext's own conversion would lose a part of it."""

from typing import Any

import pytest

from api.client import Client
from databases import Databases

FORMATTED = """
query ($id: ID!) { session(id: $id) { messages { formatted(as: %s) { messages warnings { code } } } } }
"""
SIGNATURE = "c2lnbmF0dXJl"
OPENAI: list[dict[str, Any]] = [
    {"role": "system", "content": "You book flights.", "name": "desk"},
    {"role": "user", "content": "To Kyoto", "name": "ada"},
    {
        "role": "assistant",
        "content": "Looking",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"to": "KIX"}'}}],
    },
    {"role": "tool", "tool_call_id": "c1", "name": "find", "content": '{"flights": []}'},
    {"role": "assistant", "content": "None today."},
]
GEMINI: list[dict[str, Any]] = [
    {"role": "user", "parts": [{"text": "To Kyoto"}]},
    {
        "role": "model",
        "parts": [
            {"text": "Where?", "thought": True, "thoughtSignature": SIGNATURE},
            {"functionCall": {"id": "c1", "name": "find", "args": {"to": "KIX"}}, "thoughtSignature": SIGNATURE},
        ],
    },
    {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "find", "response": {"flights": []}}}]},
    {"role": "model", "parts": [{"text": "None today.", "thoughtSignature": SIGNATURE}]},
]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


@pytest.mark.parametrize(("form", "messages"), [("openai", OPENAI), ("gemini", GEMINI)])
async def test_a_conversation_comes_back_as_its_provider_wrote_it(
    client: Client, form: str, messages: list[dict[str, Any]]
) -> None:
    session = (await client.create())["id"]
    await client.store(session, *({form: message} for message in messages))
    answer = await client.data(FORMATTED % form.upper(), id=session)
    assert answer["session"]["messages"]["formatted"] == {"messages": messages, "warnings": []}


async def test_answers_of_gemini_without_ids_find_calls_that_were_signed(client: Client) -> None:
    """A signed call is sent in Acontext's form; Acontext still knows that it waits for an answer."""
    session = (await client.create())["id"]
    call = {"functionCall": {"name": "find", "args": {}}, "thoughtSignature": SIGNATURE}
    response = {"functionResponse": {"name": "find", "response": {"flights": []}}}
    await client.store(
        session, {"gemini": {"role": "model", "parts": [call]}}, {"gemini": {"role": "user", "parts": [response]}}
    )
    answer = await client.data(FORMATTED % "GEMINI", id=session)
    formatted = answer["session"]["messages"]["formatted"]
    assert formatted["warnings"] == []
    assert formatted["messages"][-1]["parts"][0]["functionResponse"]["response"] == {"flights": []}
