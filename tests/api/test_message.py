"""Messages as they are read: roles, text, ids, and the way to one by its id."""

from base64 import b64decode, b64encode
from uuid import UUID, uuid4

import pytest

from api.client import Client
from api.conversation import call, chat, read, result, texts, turns
from api.upstream import Upstream
from databases import Databases

NODE = "query ($id: ID!) { node(id: $id) { id ... on Message { text session { id } } } }"
ROLES = [
    (chat("SYSTEM", "x"), "SYSTEM"),
    (chat("DEVELOPER", "x"), "DEVELOPER"),
    (chat("USER", "x"), "USER"),
    (chat("ASSISTANT", "x"), "ASSISTANT"),
    (result("c", "x"), "TOOL"),
    ({"openai": {"role": "system", "content": "x"}}, "SYSTEM"),
    ({"openai": {"role": "developer", "content": "x"}}, "DEVELOPER"),
    ({"openai": {"role": "tool", "content": "x", "tool_call_id": "c"}}, "TOOL"),
    ({"gemini": {"role": "model", "parts": [{"text": "x"}]}}, "ASSISTANT"),
    (turns(), "USER"),
    (turns({"type": "tool-result", "text": "1", "meta": {"tool_call_id": "a"}}), "TOOL"),
    (turns(*({"type": "tool-result", "text": "1", "meta": {"tool_call_id": id}} for id in "ab")), "TOOL"),
    (
        turns(
            {"type": "tool-result", "text": "1", "meta": {"tool_call_id": "a"}},
            {"type": "text", "text": "and now?"},
        ),
        "USER",
    ),
    (turns({"type": "tool-result", "text": "1", "meta": {"tool_call_id": "a"}}, role="assistant"), "ASSISTANT"),
]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database has no part in what messages look like."""
    return sqlite_databases


async def test_each_role_is_given_back_in_the_payload_and_when_read(client: Client) -> None:
    session = (await client.create())["id"]
    items = [{"message": message} for message, _ in ROLES]
    mutation = """
    mutation ($session: ID!, $items: [StoreMessagesItemInput!]!) {
      storeMessages(input: {sessionId: $session, messages: $items}) { messages { role } errors { path message } }
    }
    """
    payload = (await client.data(mutation, session=session, items=items))["storeMessages"]
    expected = [{"role": role} for _, role in ROLES]
    assert payload == {"messages": expected, "errors": []}
    assert (await read(client, session, "nodes { role }"))["nodes"] == expected


async def test_the_text_is_that_of_the_text_parts_on_lines_of_their_own(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(
        session,
        turns(
            {"type": "text", "text": "one"},
            {"type": "image", "text": "a caption", "meta": {"url": "https://e.invalid/i"}},
            {"type": "text", "text": "two\n"},
            {"type": "text", "text": "three"},
        ),
        call("c"),
        result("c", "not its text"),
    )
    assert await texts(client, session) == ["one\ntwo\n\nthree", "", ""]


async def test_a_message_is_found_by_its_id_with_one_call_for_it_alone(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    ids = await client.store(session["id"], *(str(number) for number in range(30)))
    limits: list[str | None] = []
    upstream.clear()
    upstream.fault = lambda request: limits.append(request.url.params.get("limit"))
    for number in (0, 14, 29):
        assert (await client.data(NODE, id=ids[number]))["node"] == {
            "id": ids[number],
            "text": str(number),
            "session": {"id": session["id"]},
        }
    assert upstream.calls == ["GET /session/{id}/messages"] * 3
    assert limits == ["1"] * 3
    assert [node["id"] for node in (await read(client, session["id"], "nodes { id }"))["nodes"]] == ids


async def test_calls_and_results_of_one_message_name_each_other_also_when_it_is_read_alone(client: Client) -> None:
    session = (await client.create())["id"]
    made = {"type": "tool-call", "meta": {"id": "a", "name": "look", "arguments": "{}"}}
    given = {"type": "tool-result", "text": "found", "meta": {"tool_call_id": "a"}}
    [id] = await client.store(session, turns(made, given, role="assistant"))
    query = "query ($id: ID!) { node(id: $id) { ... on Message { toolCalls { result { text } } } } }"
    assert await client.data(query, id=id) == {"node": {"toolCalls": [{"result": {"text": "found"}}]}}


async def test_ids_of_parts_are_their_places_for_ever(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, turns({"type": "text", "text": "a"}, {"type": "text", "text": "b"}), "c")
    first = await read(client, session, "nodes { parts { id } }")
    await client.store(session, "d")
    again = await read(client, session, "nodes { parts { id } }", first=2)
    assert again == first
    ids = [part["id"] for node in first["nodes"] for part in node["parts"]]
    assert len(set(ids)) == len(ids) == 3


async def test_a_strangers_message_is_not_found_and_acontext_not_asked(client: Client, upstream: Upstream) -> None:
    [id] = await client.store((await client.create())["id"], "secret")
    upstream.clear()
    assert await client.as_user("bob").data(NODE, id=id) == {"node": None}
    assert upstream.calls == []


async def test_a_message_that_is_not_there_is_null_and_a_spoiled_id_refused(client: Client) -> None:
    session = await client.create()
    [id] = await client.store(session["id"], "only")
    kind, _, time, message = b64decode(id).decode().split(":")
    acontext_id = session["acontextId"]
    for fields in (
        [kind, acontext_id, time, str(uuid4())],
        [kind, acontext_id, "0", message],
        [kind, str(uuid4()), time, message],
    ):
        assert await client.data(NODE, id=b64encode(":".join(fields).encode()).decode()) == {"node": None}
    for fields in (
        [kind, acontext_id, "noon", message],
        [kind, acontext_id, "9" * 30, message],
        [kind, acontext_id, time],
        [kind, acontext_id, time, str(UUID(int=0))],
        ["MessagePart", acontext_id, time, message, "0"],
    ):
        assert await client.code(NODE, id=b64encode(":".join(fields).encode()).decode()) == "BAD_USER_INPUT"


async def test_a_read_that_fails_blanks_its_own_field_only(client: Client, upstream: Upstream) -> None:
    session = (await client.create(title="Mine"))["id"]
    await client.store(session, "one", "two")
    upstream.fault = lambda request: "before" if "limit=1" in str(request.url) else None
    query = """query ($id: ID!) {
      session(id: $id) { title all: messages { nodes { text } } one: messages(first: 1) { nodes { text } } }
    }"""
    answer = await client.answer(query, id=session)
    everything = {"nodes": [{"text": "one"}, {"text": "two"}]}
    assert answer["data"] == {"session": {"title": "Mine", "all": everything, "one": None}}
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["session", "one"], "UPSTREAM_UNAVAILABLE")
