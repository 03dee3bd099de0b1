"""Where the embedded Acontext does not do as the real one: better, or with a limit of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from embedded.opened import API_KEY, ROOT, Client
from gql_api.embedded import open_acontext

NIL = "00000000-0000-0000-0000-000000000000"


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


async def test_json_that_is_too_deep_to_be_kept_is_refused(client: Client) -> None:
    body = '{"configs": ' + '{"a":' * 300 + "1" + "}" * 301
    headers = {"content-type": "application/json"}

    assert await client.refused("POST", "/session", content=body, headers=headers) == (400, 400, "parameter error")
