"""Storing messages: every form, in order, one after the other, and given back as they will be read."""

import asyncio
from typing import Any

import httpx

from api.client import Client
from api.conversation import PARTS, call, chat, read, result, texts
from api.upstream import Upstream

STORE = """
mutation ($session: ID!, $message: MessageInput!, $metadata: JSON) {
  storeMessage(input: {sessionId: $session, message: $message, metadata: $metadata}) {
    message { id text } messageEdge { cursor node { id } } session { id messages { nodes { id text } } }
    errors { code message path }
  }
}
"""
POST = "POST /session/{id}/messages"


async def store(client: Client, session: str, message: Any, **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(STORE, session=session, message=message, **more))["storeMessage"]
    return payload


async def test_a_stored_message_comes_back_with_its_edge_and_its_session(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, "before")
    payload = await store(client, session, chat("USER", "now"))
    message = payload["message"]
    assert message["text"] == "now"
    assert payload["messageEdge"]["node"] == {"id": message["id"]}
    assert [node["text"] for node in payload["session"]["messages"]["nodes"]] == ["before", "now"]
    assert payload["session"]["messages"]["nodes"][1] == message
    assert payload["errors"] == []
    await client.store(session, "after")
    edges = (await read(client, session, "edges { cursor }"))["edges"]
    assert payload["messageEdge"]["cursor"] == edges[1]["cursor"]
    assert await texts(client, session, after=payload["messageEdge"]["cursor"]) == ["after"]


async def test_each_store_of_an_operation_shows_the_conversation_as_it_is_then(client: Client) -> None:
    session = (await client.create())["id"]
    field = """%s: storeMessage(input: {sessionId: $id, message: {chat: {role: USER, content: "%s"}}}) {
      session { messages { nodes { text } totalCount } }
    }"""
    fields = " ".join(field.replace("%s", name) for name in ("one", "two"))
    data = await client.data(f"mutation ($id: ID!) {{ {fields} }}", id=session)
    assert data["one"]["session"]["messages"] == {"nodes": [{"text": "one"}], "totalCount": 1}
    assert data["two"]["session"]["messages"] == {"nodes": [{"text": "one"}, {"text": "two"}], "totalCount": 2}


FORMS = [
    call("c1", "look", {"q": 1}),
    result("c1", "found"),
    {
        "openai": {
            "role": "assistant",
            "content": "I look",
            "tool_calls": [{"id": "c2", "type": "function", "function": {"name": "look", "arguments": '{"q": 2}'}}],
        }
    },
    {"openai": {"role": "tool", "tool_call_id": "c2", "content": "found"}},
    {
        "anthropic": {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "c3", "name": "look", "input": {"q": 3}},
            ],
        }
    },
    {
        "anthropic": {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c3", "content": "found", "is_error": True},
                {"type": "text", "text": "look again"},
            ],
        }
    },
    {"gemini": {"role": "model", "parts": [{"functionCall": {"id": "c4", "name": "look", "args": {"q": 4}}}]}},
    {
        "gemini": {
            "role": "user",
            "parts": [{"functionResponse": {"id": "c4", "name": "look", "response": {"output": "found"}}}],
        }
    },
    {"acontext": {"role": "user", "parts": [{"type": "text", "text": "bye"}]}},
]


async def test_all_forms_are_stored_in_order_and_read_as_one_conversation(client: Client) -> None:
    session = (await client.create())["id"]
    mutation = """
    mutation ($session: ID!, $items: [StoreMessagesItemInput!]!) {
      storeMessages(input: {sessionId: $session, messages: $items}) {
        messages { id role text createdAt %s } messageEdges { cursor } storedCount errors { path message }
      }
    }
    """
    payload = (await client.data(mutation % PARTS, session=session, items=[{"message": form} for form in FORMS]))[
        "storeMessages"
    ]
    assert (payload["storedCount"], payload["errors"]) == (len(FORMS), [])
    page = await read(client, session, f"nodes {{ id role text createdAt {PARTS} }} edges {{ cursor }}")
    assert page == {"nodes": payload["messages"], "edges": payload["messageEdges"]}
    calls = [part for node in page["nodes"] for part in node["parts"] if part["__typename"] == "ToolCallPart"]
    assert [(made["callId"], made["name"], made["arguments"]) for made in calls] == [
        (f"c{number}", "look", {"q": number}) for number in range(1, 5)
    ]
    assert [made["result"] is not None for made in calls] == [True] * 4
    assert [node["role"] for node in page["nodes"]] == [
        "ASSISTANT", "TOOL", "ASSISTANT", "TOOL", "ASSISTANT", "USER", "ASSISTANT", "TOOL", "USER",
    ]  # fmt: skip


async def test_metadata_is_the_callers_own_and_given_back(client: Client) -> None:
    session = (await client.create())["id"]
    metadata = {"source_format": "mine", "nested": {"list": [1, 2.5, None, True, "ü"]}, "": "empty"}
    await store(client, session, chat("USER", "with"), metadata=metadata)
    await store(client, session, chat("SYSTEM", "without"))
    await store(client, session, chat("USER", "null"), metadata=None)
    nodes = (await read(client, session, "nodes { role metadata }"))["nodes"]
    assert nodes == [
        {"role": "USER", "metadata": metadata},
        {"role": "SYSTEM", "metadata": {}},
        {"role": "USER", "metadata": {}},
    ]


async def test_a_message_costs_one_call(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    upstream.clear()
    await client.store(session, "one")
    assert upstream.calls == [POST]
    upstream.clear()
    await client.store(session, *map(str, range(7)))
    assert upstream.calls == [POST] * 7


async def test_twenty_writers_at_once_make_one_chain(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    under_way: list[int] = []

    def begins(request: httpx.Request) -> None:
        under_way.append(1 + (under_way[-1] if under_way else 0))

    async def ends(_: Any) -> None:
        await asyncio.sleep(0)
        under_way.append(under_way[-1] - 1)

    upstream.clear()
    upstream.fault, upstream.meanwhile = begins, ends
    ids = await asyncio.gather(*(client.store(session["id"], str(number)) for number in range(20)))
    assert upstream.calls == [POST] * 20
    assert max(under_way) == 1
    asked = await upstream.ask("GET", f"/session/{session['acontextId']}/messages", params={"format": "acontext"})
    chain = [item["id"] for item in asked["items"]]
    assert [item["parent_id"] for item in asked["items"]] == [None, *chain[:-1]]
    nodes = (await read(client, session["id"], "nodes { id text }"))["nodes"]
    assert {node["text"]: node["id"] for node in nodes} == {str(number): id for number, [id] in enumerate(ids)}
