"""What the embedded Acontext does better than the real one is never relied on: here it has the real one's defects."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.client import Client
from api.odd_upstream import OddUpstream
from databases import Databases
from gql_api.schema.node import session_id

NIL = "00000000-0000-0000-0000-000000000000"
FILES = """
query ($id: ID!, $glob: String) {
  session(id: $id) { files(glob: $glob) { nodes { path } directories { path } } }
}
"""
UPLOAD = """
mutation ($input: UploadFileInput!) { uploadFile(input: $input) { replaced errors { code } file { path } } }
"""
DELETE = "mutation ($input: DeleteFileInput!) { deleteFile(input: $input) { errors { code } } }"
TEXT = "query ($id: ID!, $path: String!) { session(id: $id) { file(path: $path) { textContent } } }"
PATHS = ["/a.md", "/b/x.md", "/b/y.md", "/c/x.md", "/d/x.md", "/e/x.md", "/f.md", "/g.md", "/h.md"]


@dataclass
class Defective(OddUpstream):
    """Lists in any order, and fails one of two writes to one file: both were seen on the real server."""

    shuffled: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311  an order, no secret
    at_work: Counter[str] = field(default_factory=Counter)
    collisions: int = 0

    def in_front_of(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        self.meanwhile = self._shuffle
        return _OneAtATime(super().in_front_of(transport), self)

    async def _shuffle(self, body: Any) -> None:
        data = body.get("data")
        lists = [data] if isinstance(data, list) else []
        if isinstance(data, dict):
            lists += [data[name] for name in ("artifacts", "directories") if name in data]
        for each in lists:
            self.shuffled.shuffle(each)


class _OneAtATime(httpx.AsyncBaseTransport):
    """Replacing a file is no single step upstream: of two at once on one disk, one breaks."""

    def __init__(self, behind: httpx.AsyncBaseTransport, upstream: Defective) -> None:
        self._behind, self._upstream = behind, upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method not in ("POST", "DELETE") or not path.endswith("/artifact"):
            return await self._behind.handle_async_request(request)
        self._upstream.at_work[path] += 1
        try:
            if self._upstream.at_work[path] > 1:
                self._upstream.collisions += 1
                return httpx.Response(500, json={"code": 500, "msg": "database error"})
            return await self._behind.handle_async_request(request)
        finally:
            self._upstream.at_work[path] -= 1

    async def aclose(self) -> None:
        await self._behind.aclose()


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: the defects are Acontext's."""
    return sqlite_databases


@pytest.fixture
def upstream() -> Defective:
    return Defective()


async def test_files_and_directories_come_sorted_however_acontext_lists_them(client: Client) -> None:
    session = await client.create()
    for path in PATHS:
        await client.upload(session["id"], path)

    for _ in range(5):
        listed = (await client.data(FILES, id=session["id"]))["session"]["files"]
        found = (await client.data(FILES, id=session["id"], glob="**/*.md"))["session"]["files"]

        assert [file["path"] for file in listed["nodes"]] == ["/a.md", "/f.md", "/g.md", "/h.md"]
        assert [each["path"] for each in listed["directories"]] == ["/b/", "/c/", "/d/", "/e/"]
        assert [file["path"] for file in found["nodes"]] == PATHS


async def test_writes_to_one_file_at_once_all_succeed(client: Client, upstream: Defective) -> None:
    session = await client.create()

    async def write(text: str) -> Any:
        given = {"sessionId": session["id"], "path": "/a.txt", "content": {"text": text}}
        return (await client.data(UPLOAD, input=given))["uploadFile"]

    payloads = await asyncio.gather(*(write(str(number)) for number in range(8)))
    given = {"file": {"at": {"sessionId": session["id"], "path": "/a.txt"}}}
    deleted = await asyncio.gather(client.data(DELETE, input=given), write("last"))

    assert [payload["errors"] for payload in payloads] == [[]] * 8
    assert sorted(payload["replaced"] for payload in payloads) == [False] + [True] * 7
    assert deleted[0]["deleteFile"]["errors"] == [] == deleted[1]["errors"]
    assert upstream.collisions == 0
    assert (await client.data(TEXT, id=session["id"], path="/a.txt"))["session"]["file"] == {"textContent": "last"}


async def test_the_nil_uuid_is_never_asked_for(client: Client, upstream: Defective) -> None:
    """The real server answers it with some other session."""
    await client.create()
    upstream.clear()

    taken = "mutation ($input: GetOrCreateSessionInput!) { getOrCreateSession(input: $input) { errors { code } } }"
    for query, variables in (
        (FILES, {"id": session_id(UUID(NIL))}),
        (taken, {"input": {"id": NIL}}),
        (taken, {"input": {"id": session_id(UUID(NIL))}}),
    ):
        await client.answer(query, **variables)

    assert [call for call in upstream.calls if NIL in call] == []
    assert [call for call in upstream.calls if "/configs" in call] == []
