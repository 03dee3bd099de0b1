"""Messages in the providers' forms as upstream shows them, beyond what the recordings show."""

import base64
from typing import Any

import pytest

from embedded.opened import Client

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
PNG_TEXT = base64.b64encode(PNG).decode()


async def shown(client: Client, role: str, parts: list[dict[str, Any]], message_format: str) -> list[Any]:
    session = await client.session()
    body = {"blob": {"role": role, "parts": parts}, "format": "acontext"}
    await client.call("POST", f"/session/{session}/messages", json=body)
    page = await client.messages(session, format=message_format)
    items: list[Any] = page["items"]
    return items


@pytest.mark.parametrize(
    ("role", "part", "block"),
    [
        (
            "user",
            {"type": "file", "meta": {"type": "url", "url": "https://e.invalid/d.pdf"}},
            {"source": {"url": "https://e.invalid/d.pdf", "type": "url"}, "type": "document"},
        ),
        ("user", {"type": "file", "meta": {"type": "other"}}, None),
        (
            "assistant",
            {"type": "redacted_thinking", "meta": {"data": "zz"}},
            {"data": "zz", "type": "redacted_thinking"},
        ),
        (
            "assistant",
            {"type": "tool-call", "meta": {"id": "c", "name": "f", "arguments": {"a": 1}}},
            {"id": "c", "input": {"a": 1}, "name": "f", "type": "tool_use"},
        ),
        ("assistant", {"type": "tool-call", "meta": {"name": "f", "arguments": "{}"}}, None),
    ],
)
async def test_anthropic_s_form(client: Client, role: str, part: dict[str, Any], block: Any) -> None:
    assert await shown(client, role, [part], "anthropic") == [{"content": [block] if block else [], "role": role}]


@pytest.mark.parametrize(
    ("role", "part", "expected"),
    [
        ("assistant", {"type": "tool-call", "meta": {"name": "", "arguments": "{}"}}, None),
        (
            "assistant",
            {"type": "tool-call", "meta": {"name": "f", "arguments": {"a": 1}}},
            {"functionCall": {"args": {"a": 1}, "name": "f"}},
        ),
        ("user", {"type": "tool-result", "text": "x", "meta": {"tool_call_id": "nobody's"}}, None),
        (
            "user",
            {"type": "tool-result", "text": "[1]", "meta": {"tool_call_id": "c", "name": "f"}},
            {"functionResponse": {"id": "c", "name": "f", "response": {"output": "[1]"}}},
        ),
        ("user", {"type": "data", "meta": {"data_type": "t"}}, None),
    ],
)
async def test_gemini_s_form(client: Client, role: str, part: dict[str, Any], expected: Any) -> None:
    gemini_role = {"user": "user", "assistant": "model"}[role]

    items = await shown(client, role, [part], "gemini")

    assert items == ([{"parts": [expected], "role": gemini_role}] if expected else [])


async def test_pictures_at_hand_are_shown_inline(client: Client) -> None:
    session = await client.session()
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG_TEXT}"}}
    await client.call("POST", f"/session/{session}/messages", json={"blob": {"role": "user", "content": [image]}})

    anthropic = (await client.messages(session, format="anthropic"))["items"]
    gemini = (await client.messages(session, format="gemini"))["items"]

    source = {"data": PNG_TEXT, "media_type": "image/png", "type": "base64"}
    assert anthropic == [{"content": [{"source": source, "type": "image"}], "role": "user"}]
    assert gemini == [{"parts": [{"inlineData": {"data": PNG_TEXT, "mimeType": "image/png"}}], "role": "user"}]


async def test_an_uploaded_picture_in_every_form(client: Client) -> None:
    session = await client.session()
    payload = '{"format": "acontext", "blob": {"role": "user", "parts": [{"type": "image", "file_field": "f"}]}}'
    path = f"/session/{session}/messages"
    stored = await client.call("POST", path, data={"payload": payload}, files={"f": ("Pic.PNG", PNG)})
    key = stored["parts"][0]["asset"]["s3_key"]

    anthropic = (await client.messages(session, format="anthropic"))["items"]
    gemini = (await client.messages(session, format="gemini"))["items"]
    downloaded = await client.http.get(f"/api/v1/session/{session}/asset/download", params={"s3_key": key})
    unknown = await client.refused("GET", f"/session/{session}/asset/download", params={"s3_key": f"{key}x"})

    source = {"data": PNG_TEXT, "media_type": "image/png", "type": "base64"}
    assert anthropic == [{"content": [{"source": source, "type": "image"}], "role": "user"}]
    assert gemini == [{"parts": [{"inlineData": {"data": PNG_TEXT, "mimeType": "image/png"}}], "role": "user"}]
    assert key.endswith(".png")
    assert (downloaded.content, downloaded.headers["content-type"]) == (PNG, "application/octet-stream")
    assert unknown == (500, 500, "download asset failed")


async def test_a_message_is_read_as_soon_as_it_was_stored(client: Client) -> None:
    session = await client.session()
    before = await client.call("GET", f"/session/{session}/configs")
    stored: list[str] = []

    for number in range(10):
        stored.append((await client.say(session, f"m{number}"))["id"])
        page = await client.messages(session, format="acontext")
        total = await client.call("GET", f"/session/{session}/token_counts")
        assert page["ids"] == stored
        assert [item["parent_id"] for item in page["items"]] == [None, *stored[:-1]]
        assert total == {"total_tokens": page["this_time_tokens"]}

    assert await client.call("GET", f"/session/{session}/configs") == before


async def test_the_caller_s_own_metadata_cannot_pose_as_the_server_s(client: Client) -> None:
    session = await client.session()
    blob = {"role": "user", "parts": [], "meta": {"__user_meta__": {"forged": 1}, "name": "ann"}}
    body = {"blob": blob, "format": "acontext", "meta": {"k": 1}}

    await client.call("POST", f"/session/{session}/messages", json=body)

    page = await client.messages(session, format="acontext")
    assert page["items"][0]["meta"] == {"source_format": "acontext", "name": "ann", "__user_meta__": {"k": 1}}
    assert page["metas"] == [{"k": 1}]
