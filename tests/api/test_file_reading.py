"""Reading files: public URLs that work by themselves and end, and the content of those that are text."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.client import Client
from api.odd_upstream import OddUpstream, answering
from api.upstream import Upstream
from databases import Databases

UPLOAD = """
mutation ($input: UploadFileInput!) {
  uploadFile(input: $input) { file { id mimeType publicUrl { url } textContent } errors { code } }
}
"""
URL = """
query ($id: ID!, $path: String! = "/a.txt", $expiresIn: Int! = 3600) {
  session(id: $id) { file(path: $path) { publicUrl(expiresIn: $expiresIn) { url expiresAt } } }
}
"""
TEXT = """
query ($id: ID!, $path: String! = "/a.txt", $maxBytes: Int! = 65536) {
  session(id: $id) { file(path: $path) { textContent(maxBytes: $maxBytes) } }
}
"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
def upstream() -> OddUpstream:
    """One that may tell of files what is not so."""
    return OddUpstream()


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    return await client.create()


async def write(client: Client, session: dict[str, Any], path: str, content: bytes) -> dict[str, Any]:
    """Write bytes; return the file."""
    input = {"sessionId": session["id"], "path": path, "content": {"base64": b64encode(content).decode()}}
    payload = (await client.data(UPLOAD, input=input))["uploadFile"]
    assert payload["errors"] == []
    file: dict[str, Any] = payload["file"]
    return file


async def url_of(client: Client, session: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(URL, id=session["id"], **arguments))["session"]["file"]["publicUrl"]
    return found


async def text_of(client: Client, session: dict[str, Any], **arguments: Any) -> Any:
    return (await client.data(TEXT, id=session["id"], **arguments))["session"]["file"]["textContent"]


async def test_a_public_url_gives_the_bytes_as_a_download_to_anybody(client: Client, session: dict[str, Any]) -> None:
    for path, content, kind in [
        ("/a.html", b"<script>alert(1)</script>", "text/html; charset=utf-8"),
        ("/a b.bin", bytes(range(256)), "application/octet-stream"),
        ("/日本.txt", "日本".encode(), "text/plain; charset=utf-8"),
    ]:
        await write(client, session, path, content)
        url = (await url_of(client, session, path=path))["url"]
        assert url.startswith("http://api.test/api/v1/material/")
        response = await client.http.get(url)
        assert (response.status_code, response.content) == (200, content)
        assert response.headers["content-type"] == kind
        assert response.headers["content-disposition"].startswith("attachment")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert (await client.http.get(url + "x")).status_code == 404


async def test_the_same_url_is_given_again_until_the_file_is_written_anew(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    await write(client, session, "/a.txt", b"one")
    first = await url_of(client, session)
    upstream.clear()
    assert await url_of(client, session) == first
    assert upstream.calls == ["GET /disk/{id}/artifact"]  # for the file; no URL was made
    assert (await url_of(client, session, expiresIn=60))["url"] != first["url"]
    written = await write(client, session, "/a.txt", b"two")
    second = await url_of(client, session)
    assert written["publicUrl"] == {"url": second["url"]}
    assert second["url"] != first["url"]
    assert (await client.http.get(second["url"])).text == "two"


async def test_a_url_ends_when_it_was_asked_to(client: Client, session: dict[str, Any]) -> None:
    await write(client, session, "/a.txt", b"one")
    for seconds in (1, 7200, 604800):
        before = datetime.now(UTC)
        ends = datetime.fromisoformat((await url_of(client, session, expiresIn=seconds))["expiresAt"])
        assert before <= ends - timedelta(seconds=seconds) <= datetime.now(UTC)
    short = await url_of(client, session, expiresIn=1)
    async with asyncio.timeout(20):
        while (await client.http.get(short["url"])).status_code == 200:  # noqa: ASYNC110 - time is all it waits for
            await asyncio.sleep(0.1)
    assert datetime.now(UTC) >= datetime.fromisoformat(short["expiresAt"]) - timedelta(milliseconds=10)
    assert (await client.http.get(short["url"])).status_code == 404
    assert (await url_of(client, session, expiresIn=1))["url"] != short["url"]


async def test_the_life_of_a_url_has_bounds(client: Client, session: dict[str, Any]) -> None:
    await write(client, session, "/a.txt", b"one")
    for seconds in (0, -1, 604801):
        answer = await client.answer(URL, id=session["id"], expiresIn=seconds)
        assert answer["data"] == {"session": {"file": {"publicUrl": None}}}
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}]
        assert answer["errors"][0]["message"] == "expiresIn: 1 to 604800 seconds."


async def test_a_url_is_of_no_use_once_the_session_is_deleted(client: Client, session: dict[str, Any]) -> None:
    await write(client, session, "/a.txt", b"one")
    url = (await url_of(client, session))["url"]
    await client.data("mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }", id=session["id"])
    assert (await client.http.get(url)).status_code != 200


async def test_text_is_read_by_the_charset_that_it_is_in(client: Client, session: dict[str, Any]) -> None:
    latin = "Grüße aus Köln, schöne Grüße, Übermut".encode("latin-1")
    for path, content, text in [
        ("/a.txt", "Grüße 😀".encode(), "Grüße 😀"),
        ("/a.txt", latin, latin.decode("latin-1")),
        ("/a.py", b"print(1)\n", "print(1)\n"),
        ("/a.json", b'{"a": 1}', '{"a": 1}'),
        ("/b.json", b'{"a": ', '{"a": '),
        ("/a.csv", b"a,b\n1,2\n", "a,b\n1,2\n"),
        ("/a.jsonl", b'{"a": 1}\n{"a": 2}\n', '{"a": 1}\n{"a": 2}\n'),
        ("/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("/empty.txt", b"", ""),
    ]:
        written = await write(client, session, path, content)
        assert written["textContent"] == text == await text_of(client, session, path=path), written


async def test_what_is_not_text_has_no_text(client: Client, session: dict[str, Any], upstream: Upstream) -> None:
    for path, content in [
        ("/a.bin", bytes(range(256))),
        ("/a.png", b"\x89PNG\r\n\x1a\n" + bytes(20)),
        ("/x", b"\x00\x01"),
    ]:
        written = await write(client, session, path, content)
        upstream.clear()
        assert written["textContent"] is None
        assert await text_of(client, session, path=path) is None
        assert upstream.calls == ["GET /disk/{id}/artifact"]  # nothing is downloaded for it


async def test_bytes_that_are_not_in_their_charset_are_no_text(
    client: Client, session: dict[str, Any], upstream: OddUpstream
) -> None:
    await write(client, session, "/a.txt", "Grüße".encode("latin-1"))
    found = await upstream.ask("GET", f"/disk/{session['disk']['acontextId']}/artifact?file_path=/a.txt")
    upstream.is_odd = lambda request: request.url.path.endswith("/artifact")
    for charset, text in [("utf-8", None), ("ascii", None), ("klingon", None), ("hex", None), ("latin-1", "Grüße")]:
        found["artifact"]["meta"]["__artifact_info__"]["mime"] = f"text/plain; charset={charset}"
        upstream.instead = answering(200, {"code": 0, "data": found})
        assert await text_of(client, session) == text


async def test_text_is_cut_at_a_whole_character(client: Client, session: dict[str, Any]) -> None:
    text = "aé日😀z"
    await write(client, session, "/a.txt", text.encode())
    cut = [await text_of(client, session, maxBytes=most) for most in range(1, 13)]
    assert cut == ["a", "a", "aé", "aé", "aé", "aé日", "aé日", "aé日", "aé日", "aé日😀", text, text]
    for most in (0, -1, 1048577):
        answer = await client.answer(TEXT, id=session["id"], maxBytes=most)
        assert answer["data"] == {"session": {"file": {"textContent": None}}}
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}]


async def test_long_text_is_cut_by_default_and_given_up_to_a_mebibyte(client: Client, session: dict[str, Any]) -> None:
    await write(client, session, "/a.txt", b"x" * 2_000_000)
    assert await text_of(client, session) == "x" * 65536
    assert await text_of(client, session, maxBytes=1048576) == "x" * 1048576


async def test_a_file_that_goes_meanwhile_has_neither_url_nor_text(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    await write(client, session, "/a.txt", b"one")
    path = f"/disk/{session['disk']['acontextId']}/artifact?file_path=/a.txt"

    async def gone(_: Any) -> None:
        await upstream.ask("DELETE", path)

    upstream.meanwhile = gone
    fields = "path publicUrl(expiresIn: 77) { url } textContent"
    document = f"query ($id: ID!) {{ session(id: $id) {{ files {{ nodes {{ {fields} }} }} }} }}"
    nodes = (await client.data(document, id=session["id"]))["session"]["files"]["nodes"]
    assert nodes == [{"path": "/a.txt", "publicUrl": None, "textContent": None}]


async def test_an_unknown_file_is_null(client: Client, session: dict[str, Any]) -> None:
    await write(client, session, "/docs/a.txt", b"one")
    for path in ("/a.txt", "/docs", "/docs/A.txt", "/docs/a.txt/x", "docs/b.txt"):
        assert await client.data(URL, id=session["id"], path=path) == {"session": {"file": None}}
