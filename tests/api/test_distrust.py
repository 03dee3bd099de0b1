"""Answers of Acontext that fit the SDK and still mean nothing, and numbers that would lose digits on the way."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import CREATE, Client
from api.exporting import sessions_in, url_of
from api.forking import FORK, forked, whole
from api.odd_upstream import OddUpstream, answering
from databases import Databases

UPDATE = """
mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { session { id } errors { code path } } }
"""
READS = {
    "configs": "configs",
    "messages": "messages(first: 9) { nodes { text } }",
    "events": "events(first: 9) { nodes { type } }",
    "files": "files { nodes { path } }",
    "all files": 'files(glob: "*") { nodes { path } }',
    "file": 'file(path: "/a.txt") { path }',
    "URL": 'file(path: "/a.txt") { publicUrl { url } }',
}
NOWHERE = {"id": "nope", "project_id": "p", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
UNTIMED = NOWHERE | {"id": "0f8fad5b-d9cb-469f-a165-70867728950e", "created_at": "yesterday"}


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


@pytest.mark.parametrize("data", [NOWHERE, UNTIMED])
async def test_an_answer_that_cannot_be_read_is_a_failure_of_acontext(
    client: Client, upstream: OddUpstream, data: dict[str, Any]
) -> None:
    upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/disk")
    upstream.instead = answering(201, {"code": 0, "data": data, "msg": ""})
    assert await client.code(CREATE, input={}) == "UPSTREAM_UNAVAILABLE"


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64 + 1, 10**30, -(10**30)])
async def test_an_integer_that_would_lose_digits_is_refused(client: Client, number: int) -> None:
    """However long it is: beyond 64 bits a parser may make a float of it, which looks as if nothing were lost."""
    made = await client.create()
    payload = (await client.data(UPDATE, input={"id": made["id"], "configs": {"n": number}}))["updateSession"]
    assert payload == {"session": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "configs", "n"]}]}


async def filled(client: Client) -> dict[str, Any]:
    session = await client.create(configs={"of": client.user})
    await client.store(session["id"], "hello")
    await client.upload(session["id"], "/a.txt")
    return session


@pytest.mark.parametrize("read", READS)
async def test_what_acontext_answers_about_another_session_is_not_shown(
    client: Client, upstream: OddUpstream, read: str
) -> None:
    """As where a cache in between takes one address for another."""
    mine, theirs = await filled(client), await filled(client.as_user("bob"))
    for session in (mine, theirs):
        await upstream.ask("POST", f"/session/{session['acontextId']}/events", json={"type": "noted", "data": {}})
    document = f"query ($id: ID!) {{ session(id: $id) {{ {READS[read]} }} }}"

    async def taken_for_another(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/api/v1")
        for id, other in zip(_ids(mine), _ids(theirs), strict=True):
            path = path.replace(id, other)
        return httpx.Response(200, json={"code": 0, "data": await upstream.ask("GET", path), "msg": ""})

    upstream.is_odd = lambda request: request.url.params.get("with_public_url") == "true" or read != "URL"
    upstream.instead = taken_for_another
    answer = await client.answer(document, id=mine["id"])
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UPSTREAM_UNAVAILABLE"}


PICTURE = {"base64": {"data": "iVBORw0KGgo=", "filename": "a.png"}}
SHOWN = """
query ($id: ID!) { session(id: $id) { messages(first: 9) { formatted(as: OPENAI, media: INLINE) { messages } } } }
"""


async def with_a_picture(client: Client, upstream: OddUpstream) -> dict[str, Any]:
    """Make a session whose picture comes as other bytes."""
    session = await client.create()
    await client.store(session["id"], {"chat": {"role": "USER", "content": "look", "attachments": [PICTURE]}})
    upstream.is_odd = lambda request: request.url.path.endswith("/asset/download")
    upstream.instead = answering(200, text="{")
    return session


async def test_bytes_that_are_not_those_of_the_picture_are_not_shown(client: Client, upstream: OddUpstream) -> None:
    session = await with_a_picture(client, upstream)
    assert await client.code(SHOWN, id=session["id"]) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    assert "iVBORw0KGgo=" in str(await client.data(SHOWN, id=session["id"]))


async def test_bytes_that_are_not_those_of_the_picture_are_not_copied(client: Client, upstream: OddUpstream) -> None:
    """Nor are they taken for a change of the conversation, which would end the fork for good."""
    session = await with_a_picture(client, upstream)
    asked = {"sessionId": session["id"], "idempotencyKey": "key"}
    assert await client.code(FORK, input=asked) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    copy = await forked(client, **asked)
    assert await whole(client, copy["id"]) == await whole(client, session["id"])


async def test_bytes_that_are_not_those_of_the_file_are_not_copied(client: Client, upstream: OddUpstream) -> None:
    """Nothing but their number tells them from a page of something in between."""
    session = await filled(client)
    asked = {"sessionId": session["id"], "idempotencyKey": "key"}
    upstream.is_odd = lambda request: request.url.path.endswith("/artifact/download")
    upstream.instead = answering(200, text="{")
    assert await client.code(FORK, input=asked) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    copy = await forked(client, **asked)
    assert await whole(client, copy["id"]) == await whole(client, session["id"])


TEXT = 'query ($id: ID!) { session(id: $id) { file(path: "/a.txt") { textContent } } }'


async def text_of(client: Client, session: dict[str, Any]) -> Any:
    return (await client.data(TEXT, id=session["id"]))["session"]["file"]["textContent"]


def is_download(request: httpx.Request) -> bool:
    return request.url.path.endswith("/artifact/download")


async def test_bytes_that_are_not_those_of_the_file_are_not_shown(client: Client, upstream: OddUpstream) -> None:
    session = await filled(client)
    upstream.is_odd, upstream.instead = is_download, answering(200, text="{")
    assert await client.code(TEXT, id=session["id"]) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    assert await text_of(client, session) == "text"


async def test_bytes_that_are_not_those_of_the_file_are_not_exported(
    client: Client, upstream: OddUpstream, tmp_path: Path
) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    upstream.is_odd, upstream.instead = is_download, answering(200, text="{")
    with pytest.raises(AssertionError):  # as httpx says that an answer has no end: nothing else can be told any more
        await client.http.get(url)
    upstream.instead = None
    [exported] = sessions_in((await client.http.get(url)).content, tmp_path).values()
    assert exported["files"]["/a.txt"][1] == b"text"


@pytest.mark.parametrize("read", ["shown", "exported", "copied"])
async def test_a_file_that_is_written_over_while_it_is_read_is_given_as_it_is_then(
    client: Client, upstream: OddUpstream, tmp_path: Path, read: str
) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])

    async def written_over(request: httpx.Request) -> httpx.Response:
        upstream.instead = None
        await client.upload(session["id"], "/a.txt", text="other words")
        return httpx.Response(200, text="other words")

    upstream.is_odd, upstream.instead = is_download, written_over
    if read == "exported":
        [exported] = sessions_in((await client.http.get(url)).content, tmp_path).values()
        assert exported["files"]["/a.txt"][1] == b"other words"
        return
    if read == "copied":
        session = await forked(client, sessionId=session["id"], idempotencyKey="key")
    assert await text_of(client, session) == "other words"


ATTACH = """
mutation ($input: StoreMessageInput!) {
  storeMessage(input: $input) { message { parts { ... on MediaPart { size } } } errors { code } }
}
"""


async def test_bytes_that_are_not_those_of_the_file_are_not_attached(client: Client, upstream: OddUpstream) -> None:
    session = await client.create()
    file = await client.upload(session["id"], "/a.txt", text="words")
    message = {"chat": {"role": "USER", "content": "look", "attachments": [{"fileId": file["id"]}]}}
    asked = {"sessionId": session["id"], "message": message, "idempotencyKey": "key"}
    upstream.is_odd = lambda request: request.url.path.endswith("/artifact/download")
    upstream.instead = answering(200, text="{")
    assert await client.code(ATTACH, input=asked) == "UPSTREAM_UNAVAILABLE"
    upstream.instead = None
    payload = (await client.data(ATTACH, input=asked))["storeMessage"]
    assert payload == {"message": {"parts": [{}, {"size": len("words")}]}, "errors": []}


def _ids(session: dict[str, Any]) -> tuple[str, str]:
    return session["acontextId"], session["disk"]["acontextId"]
