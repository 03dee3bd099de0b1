"""The parts of messages as types: texts, thoughts, tool calls with their results, media, data, and unknown ones."""

import hashlib
import json
from base64 import b64encode
from typing import Any

import pytest

from api.client import Client
from api.conversation import PARTS, READ, call, chat, read, result, turns
from api.upstream import Upstream
from databases import Databases

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database has no part in what parts look like."""
    return sqlite_databases


async def parts_of(client: Client, session: str) -> list[list[dict[str, Any]]]:
    return [node["parts"] for node in (await read(client, session, f"nodes {{ {PARTS} }}"))["nodes"]]


async def attach(upstream: Upstream, session: str, *, name: str, data: bytes, kind: str = "image") -> None:
    """Store a message with an uploaded file, straight to Acontext as other clients of it do."""
    blob = {"role": "user", "parts": [{"type": kind, "file_field": "f", "meta": {"alt": "cat"}}]}
    payload = json.dumps({"blob": blob, "format": "acontext"})
    await upstream.ask("POST", f"/session/{session}/messages", data={"payload": payload}, files={"f": (name, data)})


async def test_texts_and_thoughts_are_parts_with_the_rest_of_their_metadata(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(
        session,
        turns(
            {"type": "thinking", "text": "hm", "meta": {"signature": "s"}},
            {"type": "redacted_thinking", "meta": {"data": "zz"}},
            {"type": "text", "text": "hello", "meta": {"cache_control": {"type": "ephemeral"}}},
            role="assistant",
        ),
    )
    assert await parts_of(client, session) == [
        [
            {"__typename": "ThinkingPart", "metadata": {"signature": "s"}, "text": "hm", "redacted": False},
            {"__typename": "ThinkingPart", "metadata": {"data": "zz"}, "text": "", "redacted": True},
            {"__typename": "TextPart", "metadata": {"cache_control": {"type": "ephemeral"}}, "text": "hello"},
        ]
    ]


async def test_calls_and_results_name_each_other(client: Client) -> None:
    session = (await client.create())["id"]
    calls = [
        {"callId": "a", "name": "look", "arguments": {"q": [1, None, "ü"]}},
        {"callId": "b", "name": "list", "arguments": "{broken"},
    ]
    await client.store(
        session,
        chat("ASSISTANT", "I look", toolCalls=calls),
        chat("TOOL", "no such file", toolCallId="b", isError=True),
        result("a", "found"),
        result("gone", ""),
    )
    made = {"__typename": "ToolCallPart", "metadata": {}}
    given = {"__typename": "ToolResultPart", "metadata": {}}
    assert await parts_of(client, session) == [
        [
            {"__typename": "TextPart", "metadata": {}, "text": "I look"},
            {
                **made,
                "callId": "a",
                "name": "look",
                "arguments": {"q": [1, None, "ü"]},
                "argumentsText": '{"q":[1,null,"ü"]}',
                "result": {"text": "found"},
            },
            {
                **made,
                "callId": "b",
                "name": "list",
                "arguments": None,
                "argumentsText": "{broken",
                "result": {"text": "no such file"},
            },
        ],
        [{**given, "callId": "b", "text": "no such file", "isError": True, "call": {"name": "list"}}],
        [{**given, "callId": "a", "text": "found", "isError": False, "call": {"name": "look"}}],
        [{**given, "callId": "gone", "text": "", "isError": False, "call": None}],
    ]


async def test_a_result_answers_the_last_call_before_it_that_has_its_id(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, call("x", "first"), result("x", "1"), call("x", "second"), result("x", "2"))
    selection = "nodes { toolCalls { name result { text } } toolResults { text call { name } } }"
    assert (await read(client, session, selection))["nodes"] == [
        {"toolCalls": [{"name": "first", "result": {"text": "1"}}], "toolResults": []},
        {"toolCalls": [], "toolResults": [{"text": "1", "call": {"name": "first"}}]},
        {"toolCalls": [{"name": "second", "result": {"text": "2"}}], "toolResults": []},
        {"toolCalls": [], "toolResults": [{"text": "2", "call": {"name": "second"}}]},
    ]


async def test_links_end_at_the_borders_of_the_page_that_was_read(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, call("x"), result("x", "1"))
    selection = "nodes { toolCalls { result { text } } toolResults { call { name } } }"
    assert (await read(client, session, selection, first=1))["nodes"] == [
        {"toolCalls": [{"result": None}], "toolResults": []}
    ]
    assert (await read(client, session, selection, last=1))["nodes"] == [
        {"toolCalls": [], "toolResults": [{"call": None}]}
    ]


async def test_media_within_a_message_and_of_others(client: Client) -> None:
    session = (await client.create())["id"]
    data = b64encode(b"sound").decode()
    await client.store(
        session,
        turns(
            {"type": "image", "meta": {"url": "https://pictures.invalid/cat.png", "detail": "low"}},
            {"type": "audio", "meta": {"data": data, "format": "wav"}},
            {"type": "file", "meta": {"file_data": f"data:text/plain;base64,{data}", "filename": "a.txt"}},
            {"type": "video", "meta": {"file_id": "v-1"}},
            {"type": "image", "meta": {"type": "base64", "media_type": "image/gif", "data": data}},
            {"type": "image", "meta": {"url": f"data:image/png;base64,{data}"}},
        ),
    )
    selection = (
        "nodes { parts { ... on MediaPart { kind filename mimeType size sha256 publicUrl { url expiresAt } } } }"
    )
    empty = {"filename": None, "mimeType": None, "size": None, "sha256": None, "publicUrl": None}
    link = {"url": "https://pictures.invalid/cat.png", "expiresAt": None}
    [node] = (await read(client, session, selection))["nodes"]
    assert node["parts"] == [
        {**empty, "kind": "IMAGE", "publicUrl": link},
        {**empty, "kind": "AUDIO", "mimeType": "audio/wav", "size": 5},
        {**empty, "kind": "FILE", "filename": "a.txt", "mimeType": "text/plain", "size": 5},
        {**empty, "kind": "VIDEO"},
        {**empty, "kind": "IMAGE", "mimeType": "image/gif", "size": 5},
        {**empty, "kind": "IMAGE", "mimeType": "image/png", "size": 5},
    ]


async def test_an_uploaded_file_tells_its_facts_and_can_be_read_at_its_url(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    await attach(upstream, session["acontextId"], name="pictures/cat.png", data=PNG)
    upstream.clear()
    assert await parts_of(client, session["id"]) == [
        [
            {
                "__typename": "MediaPart",
                "metadata": {"alt": "cat"},
                "kind": "IMAGE",
                "filename": "cat.png",
                "mimeType": "image/png",
                "size": len(PNG),
                "sha256": hashlib.sha256(PNG).hexdigest(),
            }
        ]
    ]
    assert upstream.calls == ["GET /session/{id}/messages"]
    selection = "nodes { parts { ... on MediaPart { publicUrl { url expiresAt } } } }"
    [node] = (await read(client, session["id"], selection))["nodes"]
    assert node["parts"][0]["publicUrl"]["expiresAt"] is not None
    assert (await client.http.get(node["parts"][0]["publicUrl"]["url"])).content == PNG


async def test_the_urls_of_a_whole_page_cost_one_more_call(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    for number in range(4):
        await attach(upstream, session["acontextId"], name=f"{number}.txt", data=b"%d" % number, kind="file")
        await client.store(session["id"], "and")
    upstream.clear()
    selection = "nodes { parts { ... on MediaPart { publicUrl { url } } } }"
    nodes = (await read(client, session["id"], selection))["nodes"]
    urls = [part["publicUrl"]["url"] for node in nodes for part in node["parts"] if part]
    assert [(await client.http.get(url)).text for url in urls] == ["0", "1", "2", "3"]
    assert upstream.calls == ["GET /session/{id}/messages"] * 2


@pytest.mark.parametrize("seconds", [0, -1, 86401])
async def test_a_lifetime_out_of_bounds_is_refused(client: Client, upstream: Upstream, seconds: int) -> None:
    session = await client.create()
    await attach(upstream, session["acontextId"], name="a.txt", data=b"a", kind="file")
    selection = f"nodes {{ parts {{ ... on MediaPart {{ publicUrl(expiresIn: {seconds}) {{ url }} }} }} }}"
    assert await client.code(READ % selection, id=session["id"]) == "BAD_USER_INPUT"


async def test_data_and_parts_of_tomorrow_break_nothing(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    await client.store(session, turns({"type": "data", "meta": {"data_type": "json", "v": {"n": 1}}}))
    hologram = {"type": "hologram", "text": "depth", "meta": {"layers": 3}}

    async def tomorrow(answer: dict[str, Any]) -> None:
        answer["data"]["items"][0]["parts"].append(hologram)

    upstream.meanwhile = tomorrow
    assert await parts_of(client, session) == [
        [
            {"__typename": "DataPart", "metadata": {"data_type": "json", "v": {"n": 1}}, "dataType": "json"},
            {"__typename": "UnknownPart", "metadata": {"layers": 3}, "partType": "hologram", "raw": hologram},
        ]
    ]
