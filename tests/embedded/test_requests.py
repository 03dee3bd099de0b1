"""Odd requests: refused in upstream's words, or taken as a Go server takes them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from embedded.opened import API_KEY, ROOT, Client
from gql_api.embedded import open_acontext

NIL = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-1111-4111-8111-111111111111"


async def test_the_nil_uuid_is_nobody_s_session(client: Client) -> None:
    session = await client.session(configs={"secret": 1})
    path = f"/session/{NIL}"

    assert await client.refused("GET", f"{path}/configs") == (500, 500, "database error")
    assert await client.refused("GET", f"{path}/messages") == (400, 500, "database error")
    assert await client.refused("GET", f"{path}/token_counts") == (404, 404, "session not found")
    assert await client.refused("DELETE", path) == (404, 404, "session not found")
    refused = await client.refused("POST", "/session", json={"use_uuid": NIL})
    assert refused == (400, 400, "invalid UUID format for use_uuid")
    assert (await client.call("GET", f"/session/{session}/configs"))["configs"] == {"secret": 1}


@pytest.mark.parametrize("form", ["{0}", "{{{0}}}", "urn:uuid:{0}", "{1}", "{2}"])
async def test_an_id_is_taken_in_every_form_that_go_takes(client: Client, form: str) -> None:
    session = await client.session()
    written = form.format(session, session.upper(), session.replace("-", ""))

    assert (await client.call("GET", f"/session/{written}/configs"))["id"] == session


@pytest.mark.parametrize("form", ["{0}x", "{0}-", "x{0}", "urn:{0}", "{1}"])
async def test_what_is_no_id_is_refused(client: Client, form: str) -> None:
    session = await client.session()
    written = form.format(session, session[:8] + session[9:] + "-")

    assert await client.refused("GET", f"/session/{written}/configs") == (400, 400, "parameter error")


async def test_a_cursor_can_be_made_for_any_item(client: Client) -> None:
    session = await client.session()
    stored = [await client.say(session, f"m{number}") for number in range(4)]
    items = (await client.messages(session, format="acontext"))["items"]

    for number, item in enumerate(items):
        page = await client.messages(session, limit=10, cursor=_cursor(item))
        assert page["ids"] == [each["id"] for each in stored[number + 1 :]]
    assert (await client.messages(session, limit=10, cursor=_cursor({**items[2], "id": NIL})))["ids"] == [
        each["id"] for each in stored
    ]


def _cursor(item: dict[str, Any]) -> str:
    whole, _, fraction = item["created_at"].removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    plain = f"{seconds}{fraction.ljust(9, '0')}|{item['id']}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@pytest.mark.parametrize("cursor", ["!", "é", "YQ", _cursor({"created_at": "2026-01-01T00:00:00Z", "id": "x"}), "OXwx"])
async def test_a_bad_cursor_is_refused(client: Client, cursor: str) -> None:
    session = await client.session()

    assert await client.refused("GET", f"/session/{session}/messages", params={"limit": 1, "cursor": cursor}) == (
        400,
        500,
        "database error",
    )
    assert (await client.messages(session, cursor=cursor))["ids"] == []


async def test_a_refused_answer_leaves_the_call_of_gemini_open(client: Client) -> None:
    session = await client.session()

    async def tell(role: str, part: dict[str, Any]) -> httpx.Response:
        body = {"blob": {"role": role, "parts": [part]}, "format": "gemini"}
        return await client.http.post(f"/api/v1/session/{session}/messages", json=body)

    call = await tell("model", {"functionCall": {"name": "f", "args": {}}})
    call_id = call.json()["data"]["parts"][0]["meta"]["id"]
    wrong = await tell("user", {"functionResponse": {"name": "g", "response": {}}})
    right = await tell("user", {"functionResponse": {"name": "f", "response": {"r": 1}}})
    twice = await tell("user", {"functionResponse": {"name": "f", "response": {"r": 1}}})

    assert (wrong.status_code, wrong.json()["code"]) == (400, 500)
    assert right.json()["data"]["parts"][0]["meta"] == {"name": "f", "tool_call_id": call_id}
    assert (twice.status_code, twice.json()["code"]) == (400, 500)


@pytest.mark.parametrize("message_format", ["anthropic", "gemini", "openai"])
async def test_a_url_that_a_user_wrote_is_never_fetched(client: Client, message_format: str) -> None:
    visits: list[str] = []
    server = await asyncio.start_server(lambda _reader, writer: (visits.append("visit"), writer.close()), "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        session = await client.session()
        image = {"type": "image_url", "image_url": {"url": f"http://127.0.0.1:{port}/secret"}}
        blob = {"role": "user", "content": [image, {"type": "text", "text": "look"}]}
        await client.call("POST", f"/session/{session}/messages", json={"blob": blob})

        page = await client.messages(session, format=message_format)

    assert len(page["items"]) == 1
    assert visits == []


async def test_pictures_at_hand_are_shown_inline(client: Client) -> None:
    session = await client.session()
    data = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    await client.call("POST", f"/session/{session}/messages", json={"blob": {"role": "user", "content": [image]}})

    anthropic = (await client.messages(session, format="anthropic"))["items"]
    gemini = (await client.messages(session, format="gemini"))["items"]

    source = {"data": data, "media_type": "image/png", "type": "base64"}
    assert anthropic == [{"content": [{"source": source, "type": "image"}], "role": "user"}]
    assert gemini == [{"parts": [{"inlineData": {"data": data, "mimeType": "image/png"}}], "role": "user"}]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/project/configs"),
        ("GET", "/agent_skills"),
        ("POST", "/sandbox"),
        ("POST", f"/learning_spaces/{UNKNOWN}/learn"),
    ],
)
async def test_what_is_not_offered_says_so(client: Client, method: str, path: str) -> None:
    assert await client.refused(method, path) == (501, 501, "not offered by the embedded Acontext")
    client.http.headers["authorization"] = "Bearer wrong"
    assert await client.refused(method, path) == (401, 401, "Unauthorized")


async def test_the_public_part_serves_urls_and_nothing_else(client: Client, folder: Any) -> None:
    del client
    async with open_acontext(folder / "other", api_key=API_KEY, public_url=f"{ROOT}/") as acontext:
        headers = {"authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(acontext.app), base_url=ROOT, headers=headers
        ) as http:
            inside = Client(http)
            disk = await inside.disk()
            await inside.put(disk, "/page.html", b"<script>alert(1)</script>")
            question = {"file_path": "/page.html"}
            url = (await inside.call("GET", f"/disk/{disk}/artifact", params=question))["public_url"]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(acontext.material), base_url=ROOT) as outside:
            served = await outside.get(url)
            tampered = await outside.get(url[:-1] + ("0" if url[-1] != "0" else "1"))
            elsewhere = await outside.get("/api/v1/session", headers=headers)

    assert url.startswith(f"{ROOT}/api/v1/material/")
    assert served.content == b"<script>alert(1)</script>"
    assert served.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert served.headers["x-content-type-options"] == "nosniff"
    assert (tampered.status_code, tampered.json()) == (404, {"code": 404, "msg": "material not found"})
    assert (elsewhere.status_code, elsewhere.text) == (404, "404 page not found")


async def test_a_url_of_a_name_that_no_header_can_hold_is_served(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, '/ünï "日本";\\.txt', b"x")
    file = (await client.call("GET", f"/disk/{disk}/artifact/ls"))["artifacts"][0]
    question = {"file_path": f"/{file['filename']}"}
    url = (await client.call("GET", f"/disk/{disk}/artifact", params=question))["public_url"]

    served = await client.http.get(url)

    assert served.content == b"x"
    assert served.headers["content-disposition"].startswith('attachment; filename="')
    assert "filename*=UTF-8''" in served.headers["content-disposition"]


async def test_users_are_listed_in_pages(client: Client) -> None:
    for name in ("ann", "ben", "cho"):
        await client.session(user=name)

    first = await client.call("GET", "/user/ls", params={"limit": 2})
    second = await client.call("GET", "/user/ls", params={"limit": 2, "cursor": first["next_cursor"]})
    newest = await client.call("GET", "/user/ls", params={"time_desc": "true"})

    assert [user["identifier"] for user in first["items"] + second["items"]] == ["ann", "ben", "cho"]
    assert [user["identifier"] for user in newest["items"]] == ["cho", "ben", "ann"]
    assert set(newest["items"][0]) == {"id", "project_id", "identifier", "created_at", "updated_at"}
    assert second["has_more"] is False


async def test_a_user_s_own_sessions_can_be_asked_for_by_place(client: Client) -> None:
    """The documented way to ask whether a session belongs to a user: a cursor just before it."""
    mine, other = await client.session(user="ann"), await client.session(user="ben")
    for session, owned in ((mine, True), (other, False)):
        shown = await client.call("GET", f"/session/{session}/configs")
        moment = datetime.fromisoformat(shown["created_at"]) - timedelta(microseconds=1)
        before = {"created_at": moment.isoformat().replace("+00:00", "Z"), "id": session}
        question = {"user": "ann", "limit": 1, "cursor": _cursor(before)}
        page = await client.call("GET", "/session", params=question)
        assert ([item["id"] for item in page["items"]] == [session]) is owned


@pytest.mark.parametrize("body", [b"no form", b'--b\r\ncontent-disposition: form-data; name="file"\r\n'])
async def test_a_broken_form_is_refused(client: Client, body: bytes) -> None:
    disk = await client.disk()
    headers = {"content-type": "multipart/form-data; boundary=b"}

    refused = await client.refused("POST", f"/disk/{disk}/artifact", content=body, headers=headers)

    assert refused in ((400, 400, "parameter error"), (400, 400, "file is required"))


async def test_a_file_without_a_name_is_none(client: Client) -> None:
    disk = await client.disk()
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n--b--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}

    refused = await client.refused("POST", f"/disk/{disk}/artifact", content=head, headers=headers)

    assert refused == (400, 400, "file is required")


async def test_a_body_is_refused_while_it_still_arrives(client: Client) -> None:
    disk = await client.disk()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 64:
            sent += 1
            yield bytes(1024 * 1024)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    path = f"/disk/{disk}/artifact"

    assert await client.refused("POST", path, content=endless(), headers=headers) == (413, 400, "parameter error")
