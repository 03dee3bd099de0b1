"""Writing files: text and bytes, up to 16 MiB, in place of what was there; paths that mean one thing everywhere."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from api.client import Client
from api.upstream import Upstream
from databases import Databases

UPLOAD = """
mutation ($input: UploadFileInput!) {
  uploadFile(input: $input) {
    file { id path filename mimeType size metadata createdAt updatedAt disk { id } } replaced errors { code path }
  }
}
"""
READ = """
query ($id: ID!, $path: String!) {
  session(id: $id) {
    file(path: $path) { id path filename mimeType size metadata createdAt updatedAt disk { id } }
    disk { file(path: $path) { textContent } }
  }
}
"""
LARGEST = 16 * 1024 * 1024


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    return await client.create()


async def written(client: Client, session: dict[str, Any], path: str, **given: Any) -> dict[str, Any]:
    """Write a file; return the payload. What is read afterwards must agree with it."""
    content = {key: given.pop(key) for key in ("text", "base64") if key in given}
    input = {"sessionId": session["id"], "path": path, "content": content, **given}
    payload: dict[str, Any] = (await client.data(UPLOAD, input=input))["uploadFile"]
    if payload["file"]:
        seen = await client.data(READ, id=session["id"], path=payload["file"]["path"])
        assert seen["session"]["file"] == payload["file"]
    return payload


async def text_of(client: Client, session: dict[str, Any], path: str) -> Any:
    return (await client.data(READ, id=session["id"], path=path))["session"]["disk"]["file"]["textContent"]


async def test_a_file_is_written_as_text_or_as_bytes(client: Client, session: dict[str, Any]) -> None:
    payload = await written(client, session, "/docs/ü.md", text="# Grüße\n\x00", metadata={"a": [1]})
    file = payload["file"]
    disk = session["disk"]["acontextId"]
    assert file.pop("createdAt") == file.pop("updatedAt")
    assert payload == {
        "file": {
            "id": b64encode(f"File:{disk}:/docs/ü.md".encode()).decode(),
            "path": "/docs/ü.md",
            "filename": "ü.md",
            "mimeType": file["mimeType"],
            "size": 11,
            "metadata": {"a": [1]},
            "disk": {"id": session["disk"]["id"]},
        },
        "replaced": False,
        "errors": [],
    }
    pixels = bytes(range(256))
    payload = await written(client, session, "a.bin", base64=b64encode(pixels).decode())
    assert (payload["file"]["path"], payload["file"]["size"]) == ("/a.bin", 256)
    assert payload["file"]["mimeType"] == "application/octet-stream"
    for empty in ({"text": ""}, {"base64": ""}):
        payload = await written(client, session, "/empty.txt", **empty)
        assert (payload["file"]["size"], payload["errors"]) == (0, [])


async def test_a_file_is_written_in_place_of_the_one_at_its_path(client: Client, session: dict[str, Any]) -> None:
    first = await written(client, session, "/a.txt", text="one", metadata={"a": 1})
    second = await written(client, session, "a.txt", text="two")
    assert (first["replaced"], second["replaced"]) == (False, True)
    assert first["file"]["id"] == second["file"]["id"]
    assert second["file"]["metadata"] == {}
    moments = [datetime.fromisoformat(payload["file"]["createdAt"]) for payload in (first, second)]
    assert moments[0] < moments[1]
    assert await text_of(client, session, "/a.txt") == "two"
    listed = await client.data("query ($id: ID!) { session(id: $id) { files { totalCount } } }", id=session["id"])
    assert listed["session"]["files"]["totalCount"] == 1


async def test_ten_writes_to_one_path_at_once_all_succeed(client: Client, session: dict[str, Any]) -> None:
    inputs = [{"sessionId": session["id"], "path": "/a.txt", "content": {"text": str(number)}} for number in range(10)]
    answers = await asyncio.gather(*(client.data(UPLOAD, input=input) for input in inputs))
    payloads = [answer["uploadFile"] for answer in answers]
    assert [payload["errors"] for payload in payloads] == [[]] * 10
    assert sorted(payload["replaced"] for payload in payloads) == [False] + [True] * 9


async def test_16_mib_are_taken_and_not_a_byte_more(start: Callable[..., Any], upstream: Upstream) -> None:
    async with start(max_body_size=2 * LARGEST) as client:
        await the_largest(client, await client.create(), upstream)


async def the_largest(client: Client, session: dict[str, Any], upstream: Upstream) -> None:
    payload = await written(client, session, "/large.bin", base64=b64encode(bytes(LARGEST)).decode())
    assert (payload["file"]["size"], payload["errors"]) == (LARGEST, [])
    upstream.clear()
    for content in ({"base64": b64encode(bytes(LARGEST + 1)).decode()}, {"text": "é" * (LARGEST // 2) + "x"}):
        payload = await written(client, session, "/larger.bin", **content)
        assert payload == {
            "file": None,
            "replaced": False,
            "errors": [{"code": "TOO_LARGE", "path": ["input", "content"]}],
        }
    assert upstream.calls == []


async def test_what_is_not_base64_is_refused(client: Client, session: dict[str, Any]) -> None:
    for text in ["QQ", "QQ=", "QQ===", "Q", "QQ==\n", " QQ==", "QQ==QQ==", "_-8=", "é", "====", "Q Q="]:
        payload = await written(client, session, "/a.bin", base64=text)
        assert payload["errors"] == [{"code": "INVALID_INPUT", "path": ["input", "content", "base64"]}], text


async def test_exactly_one_form_of_content_is_given(client: Client, session: dict[str, Any]) -> None:
    for content in ({}, {"text": "a", "base64": "QQ=="}, {"text": None}, {"text": None, "base64": "QQ=="}):
        input = {"sessionId": session["id"], "path": "/a.txt", "content": content}
        assert await client.code(UPLOAD, input=input) == "BAD_USER_INPUT"


async def test_metadata_keep_the_rules_of_configs(client: Client, session: dict[str, Any]) -> None:
    for metadata, code, place in [
        ([], "INVALID_INPUT", []),
        ({"__artifact_info__": {}}, "INVALID_INPUT", ["__artifact_info__"]),
        ({"__gql_api__": 1}, "INVALID_INPUT", ["__gql_api__"]),
        ({"a": {"b": 2**60}}, "INVALID_INPUT", ["a", "b"]),
        ({"a": "x" * 65536}, "TOO_LARGE", []),
    ]:
        payload = await written(client, session, "/a.txt", text="a", metadata=metadata)
        assert payload["errors"] == [{"code": code, "path": ["input", "metadata", *place]}]
    for kept in ({"a": "x" * (65536 - 8)}, {"size": 1, "path": "/", "é": None}, {}):
        payload = await written(client, session, "/a.txt", text="a", metadata=kept)
        assert payload["file"]["metadata"] == kept


GOOD_PATHS = {
    "a.txt": "/a.txt",
    "/a.txt": "/a.txt",
    "docs/a.txt": "/docs/a.txt",
    "/docs/deep/er/a": "/docs/deep/er/a",
    "/a b/c d.txt": "/a b/c d.txt",
    "/ünïcode/日本.txt": "/ünïcode/日本.txt",
    "/.hidden/.x": "/.hidden/.x",
    "/%2e%2e/%00?#&=+;'`$.txt": "/%2e%2e/%00?#&=+;'`$.txt",
    "/[a]*{b}.txt": "/[a]*{b}.txt",
    "/docs": "/docs",
    "/docs/docs": "/docs/docs",
    "/docs/a..b.txt": "/docs/a..b.txt",
    "/..a": "/..a",
    "/" + "x" * 1023: "/" + "x" * 1023,
    "/" + "/".join("😀" * 512): "/" + "/".join("😀" * 512),
    "/" + "日" * 1023: "/" + "日" * 1023,
}
BAD_PATHS = [
    "",
    "/",
    "//",
    "/docs/",
    "docs/",
    "//a.txt",
    "/a//b",
    "/a/",
    "/..",
    "/../a",
    "/a/../b",
    "/a/..",
    "/a..b/c",
    "/.../c",
]
BAD_PATHS += [
    "/.",
    "/./a",
    "/a/./b",
    "/a\\b",
    "\\a",
    '/a"b',
    "/a\nb",
    "/a\x00",
    "/a\x7f",
    " /a",
    "/a ",
    "/ /a",
    "/a/ b",
]


async def test_good_paths_are_kept_and_lead_back_to_the_file(client: Client, session: dict[str, Any]) -> None:
    for given, kept in GOOD_PATHS.items():
        payload = await written(client, session, given, text=kept)
        assert payload["errors"] == [], given
        assert payload["file"]["path"] == kept
        assert payload["file"]["filename"] == kept.rpartition("/")[2]
    for given, kept in GOOD_PATHS.items():
        assert await text_of(client, session, given) == kept
        found = await client.data(READ, id=session["id"], path=given)
        again = await client.data(
            "query ($id: ID!) { node(id: $id) { ... on File { path } } }", id=found["session"]["file"]["id"]
        )
        assert again == {"node": {"path": kept}}


async def test_bad_paths_are_refused_everywhere(client: Client, session: dict[str, Any], upstream: Upstream) -> None:
    upstream.clear()
    delete = "mutation ($input: DeleteFileInput!) { deleteFile(input: $input) { errors { code path } } }"
    long = "/" + "x" * 1024
    for path in [*BAD_PATHS, long]:
        code = "TOO_LARGE" if path is long else "INVALID_INPUT"
        payload = await written(client, session, path, text="a")
        assert payload["errors"] == [{"code": code, "path": ["input", "path"]}], path
        at = {"sessionId": session["id"], "path": path}
        gone = (await client.data(delete, input={"file": {"at": at}}))["deleteFile"]
        assert gone["errors"] == [{"code": code, "path": ["input", "file", "at", "path"]}]
        answer = await client.answer(READ, id=session["id"], path=path)
        assert answer["data"] == {"session": {"file": None, "disk": {"file": None}}}
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}] * 2
    assert upstream.calls == []


async def test_a_file_for_a_session_that_is_not_there_is_not_found(client: Client, upstream: Upstream) -> None:
    foreign = (await client.as_user("bob").create())["id"]
    upstream.clear()
    payload = await written(client, {"id": foreign}, "/a.txt", text="a")
    assert payload == {
        "file": None,
        "replaced": False,
        "errors": [{"code": "NOT_FOUND", "path": ["input", "sessionId"]}],
    }
    assert upstream.calls == []
