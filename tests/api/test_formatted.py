"""`formatted(as:)`: what providers' SDKs take, with media in three ways, warnings, and a start that stays as it is."""

import json
from base64 import b64encode
from typing import Any

import pytest

from api.client import Client
from api.conversation import KEEP_ONE, READ, call, chat, read, result, turns
from api.odd_upstream import OddUpstream, answering
from api.upstream import Upstream
from databases import Databases

PNG = b"\x89PNG\r\n\x1a\n" + bytes(4)
FORMATTED = "formatted(as: %s, media: %s) { system messages messageIds stableCount warnings { code messageId } }"
MESSAGES, DOWNLOAD = "GET /session/{id}/messages", "GET /session/{id}/asset/download"
FORMATS = ["ACONTEXT", "OPENAI", "ANTHROPIC", "GEMINI"]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database has no part in forms of messages."""
    return sqlite_databases


async def attach(upstream: Upstream, acontext_id: str, data: bytes = PNG) -> None:
    """Store a picture, straight to Acontext as other clients of it do."""
    blob = {"role": "user", "parts": [{"type": "text", "text": "this"}, {"type": "image", "file_field": "f"}]}
    payload = json.dumps({"blob": blob, "format": "acontext"})
    await upstream.ask(
        "POST", f"/session/{acontext_id}/messages", data={"payload": payload}, files={"f": ("cat.png", data)}
    )


@pytest.fixture
async def session(client: Client, upstream: Upstream) -> str:
    """A conversation about a picture."""
    made = await client.create()
    await client.store(made["id"], chat("SYSTEM", "Be brief."), "Which cat?")
    await attach(upstream, made["acontextId"])
    await client.store(made["id"], call("c1", "look", {"q": 1}), result("c1", "a cat"), chat("ASSISTANT", "Tom."))
    upstream.clear()
    return str(made["id"])


async def formatted(client: Client, session: str, form: str, media: str = "INLINE", **asked: Any) -> dict[str, Any]:
    page = await read(client, session, FORMATTED % (form, media), **asked)
    return dict(page["formatted"])


async def ids_of(client: Client, session: str) -> list[str]:
    return [node["id"] for node in (await read(client, session, "nodes { id }"))["nodes"]]


async def test_openai_takes_each_message_with_the_bytes_of_its_picture(client: Client, session: str) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(PNG).decode()}"}}
    function = {"name": "look", "arguments": '{"q":1}'}
    assert await formatted(client, session, "OPENAI") == {
        "system": None,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Which cat?"},
            {"role": "user", "content": [{"type": "text", "text": "this"}, image]},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
            {"role": "assistant", "content": "Tom."},
        ],
        "messageIds": [[id] for id in await ids_of(client, session)],
        "stableCount": 6,
        "warnings": [],
    }


async def test_anthropic_takes_the_system_prompt_apart_and_turns_that_alternate(client: Client, session: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": b64encode(PNG).decode()}
    answer = {"type": "tool_result", "tool_use_id": "c1", "is_error": False}
    _, asked, shown, called, found, said = await ids_of(client, session)
    assert await formatted(client, session, "ANTHROPIC") == {
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Which cat?"},
                    {"type": "text", "text": "this"},
                    {"type": "image", "source": source},
                ],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {"q": 1}}]},
            {"role": "user", "content": [{**answer, "content": [{"type": "text", "text": "a cat"}]}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Tom."}]},
        ],
        "messageIds": [[asked, shown], [called], [found], [said]],
        "stableCount": 3,
        "warnings": [],
    }


async def test_gemini_takes_the_system_prompt_apart_and_functions_by_name(client: Client, session: str) -> None:
    inline = {"mimeType": "image/png", "data": b64encode(PNG).decode()}
    response = {"name": "look", "id": "c1", "response": {"output": "a cat"}}
    _, asked, shown, called, found, said = await ids_of(client, session)
    assert await formatted(client, session, "GEMINI") == {
        "system": {"parts": [{"text": "Be brief."}]},
        "messages": [
            {"role": "user", "parts": [{"text": "Which cat?"}, {"text": "this"}, {"inlineData": inline}]},
            {"role": "model", "parts": [{"functionCall": {"name": "look", "id": "c1", "args": {"q": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": response}]},
            {"role": "model", "parts": [{"text": "Tom."}]},
        ],
        "messageIds": [[asked, shown], [called], [found], [said]],
        "stableCount": 3,
        "warnings": [],
    }


async def test_acontexts_own_form_can_be_stored_again_and_says_the_same(client: Client, session: str) -> None:
    given = await formatted(client, session, "ACONTEXT")
    assert (given["system"], given["stableCount"], given["warnings"]) == (None, 6, [])
    copy = (await client.create())["id"]
    await client.store(copy, *({"acontext": message} for message in given["messages"]))
    selection = "nodes { role text toolCalls { callId argumentsText } toolResults { callId text } }"
    assert await read(client, copy, selection) == await read(client, session, selection)
    assert (await formatted(client, copy, "OPENAI"))["messages"] == (await formatted(client, session, "OPENAI"))[
        "messages"
    ]


@pytest.mark.parametrize(("form", "stable"), [("ACONTEXT", 2), ("OPENAI", 2), ("ANTHROPIC", 0), ("GEMINI", 0)])
async def test_media_may_come_as_urls_that_are_never_stable(
    client: Client, session: str, upstream: Upstream, form: str, stable: int
) -> None:
    given = await formatted(client, session, form, "URL")
    assert upstream.calls == [MESSAGES] * 2
    assert (given["stableCount"], given["warnings"]) == (stable, [])
    [url] = [text for text in strings(given["messages"]) if text.startswith("http")]
    assert (await client.http.get(url)).content == PNG


def strings(value: Any) -> list[str]:
    """Give all texts within a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


@pytest.mark.parametrize("form", FORMATS)
async def test_media_may_be_left_out_with_a_warning_each(
    client: Client, session: str, upstream: Upstream, form: str
) -> None:
    given = await formatted(client, session, form, "OMIT")
    assert upstream.calls == [MESSAGES]
    assert given["warnings"] == [{"code": "MEDIA_OMITTED", "messageId": (await ids_of(client, session))[2]}]
    assert not [text for text in strings(given["messages"]) if "image" in text or "png" in text]


@pytest.mark.parametrize("form", FORMATS)
async def test_the_bytes_of_a_picture_are_fetched_once_for_all_reads(
    client: Client, session: str, upstream: Upstream, form: str
) -> None:
    first = await formatted(client, session, form)
    assert upstream.calls == [MESSAGES, DOWNLOAD]
    upstream.clear()
    assert await formatted(client, session, form) == first
    assert upstream.calls == [MESSAGES]


async def test_bytes_that_acontext_refuses_are_left_out_with_a_warning(
    client: Client, session: str, upstream: OddUpstream
) -> None:
    upstream.is_odd = lambda request: request.url.path.endswith("/download")
    upstream.instead = answering(403, {"code": 403, "msg": "no"})
    given = await formatted(client, session, "OPENAI")
    assert given["warnings"] == [{"code": "MEDIA_OMITTED", "messageId": (await ids_of(client, session))[2]}]


async def test_a_prompt_does_not_change_with_the_weather(client: Client, session: str, upstream: Upstream) -> None:
    """While Acontext cannot give the bytes there is no prompt, instead of one without its picture."""
    upstream.fault = lambda request: "before" if request.url.path.endswith("/download") else None
    answer = await client.answer(READ % f"totalCount {FORMATTED % ('OPENAI', 'INLINE')}", id=session)
    assert answer["data"] == {"session": {"messages": {"totalCount": 6, "formatted": None}}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]


async def test_more_bytes_than_an_answer_may_hold_are_refused_before_they_are_fetched(
    client: Client, session: str, upstream: Upstream
) -> None:
    """The same picture twice is twice in the answer."""
    size = 16 * 1024 * 1024

    async def grow(answer: Any) -> None:
        parts = answer["data"]["items"][2]["parts"]
        parts[1]["asset"]["size_b"] = size
        parts.append(parts[1])

    upstream.meanwhile = grow
    inline = f"totalCount {FORMATTED % ('OPENAI', 'INLINE')}"
    size += 1
    answer = await client.answer(READ % inline, id=session)
    assert answer["data"] == {"session": {"messages": {"totalCount": 6, "formatted": None}}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert upstream.calls == [MESSAGES]
    assert (await formatted(client, session, "OPENAI", "OMIT"))["stableCount"] == 6


async def test_what_does_not_fit_is_told_with_its_message(client: Client) -> None:
    session = (await client.create())["id"]
    ids = await client.store(
        session,
        turns({"type": "data", "meta": {"data_type": "json"}}, {"type": "text", "text": "x"}),
        result("gone", "r"),
        call("open"),
        "still there?",
        chat("ASSISTANT", "yes"),
    )
    for form in ("OPENAI", "ANTHROPIC", "GEMINI"):
        assert (await formatted(client, session, form))["warnings"] == [
            {"code": "PART_DROPPED", "messageId": ids[0]},
            {"code": "RESULT_WITHOUT_CALL", "messageId": ids[1]},
            {"code": "CALL_WITHOUT_RESULT", "messageId": ids[2]},
        ]
    assert (await formatted(client, session, "ACONTEXT"))["warnings"] == []


async def test_a_page_is_formatted_by_itself_as_it_was_edited(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, call("a"), result("a", "1"), call("b"), result("b", "2"), "thanks")
    given = await formatted(client, session, "OPENAI", edits=[KEEP_ONE], first=2)
    assert [message["content"] for message in given["messages"] if message["role"] == "tool"] == ["Done"]
    assert (len(given["messages"]), given["stableCount"]) == (2, 2)
    assert await formatted(client, session, "OPENAI", edits=[KEEP_ONE], last=1) == {
        "system": None,
        "messages": [{"role": "user", "content": "thanks"}],
        "messageIds": [[(await ids_of(client, session))[4]]],
        "stableCount": 1,
        "warnings": [],
    }


@pytest.mark.parametrize("form", FORMATS)
async def test_an_empty_conversation_has_nothing_to_send(client: Client, form: str) -> None:
    session = (await client.create())["id"]
    assert await formatted(client, session, form) == {
        "system": None,
        "messages": [],
        "messageIds": [],
        "stableCount": 0,
        "warnings": [],
    }
