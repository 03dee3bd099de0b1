"""Deleting files, by id and by path: gone once, not found the second time."""

from base64 import b64encode
from typing import Any
from uuid import uuid4

import pytest

from api.client import Client
from api.upstream import Upstream
from databases import Databases

DELETE = """
mutation ($file: FileRefInput!) { deleteFile(input: {file: $file}) { deletedFileId errors { code path } } }
"""
FILES = 'query ($id: ID!) { session(id: $id) { files(glob: "**") { nodes { path } } } }'


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    made = await client.create()
    for path in ("/a.txt", "/docs/b.txt", "/docs/c.txt"):
        await client.upload(made["id"], path)
    return made


async def deleted(client: Client, **file: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(DELETE, file=file))["deleteFile"]
    return payload


def id_of(disk: str, path: str) -> str:
    return b64encode(f"File:{disk}:{path}".encode()).decode()


async def test_a_file_is_deleted_by_its_id_and_by_its_path(client: Client, session: dict[str, Any]) -> None:
    disk = session["disk"]["acontextId"]
    named: list[tuple[str, dict[str, Any]]] = [
        ("/a.txt", {"id": id_of(disk, "/a.txt")}),
        ("/docs/b.txt", {"at": {"sessionId": session["id"], "path": "/docs/b.txt"}}),
        ("/docs/c.txt", {"at": {"sessionId": session["acontextId"], "path": "docs/c.txt"}}),
    ]
    for path, file in named:
        assert await deleted(client, **file) == {"deletedFileId": id_of(disk, path), "errors": []}
        place = ["input", "file", "id"] if "id" in file else ["input", "file", "at", "path"]
        again = {"deletedFileId": None, "errors": [{"code": "NOT_FOUND", "path": place}]}
        assert await deleted(client, **file) == again
        left = (await client.data(FILES, id=session["id"]))["session"]["files"]["nodes"]
        assert {"path": path} not in left
    assert left == []


async def test_what_is_not_the_viewers_is_not_found(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    bob = client.as_user("bob")
    disk = session["disk"]["acontextId"]
    upstream.clear()
    others: list[tuple[dict[str, Any], list[str]]] = [
        ({"id": id_of(disk, "/a.txt")}, ["id"]),
        ({"id": id_of(str(uuid4()), "/a.txt")}, ["id"]),
        ({"at": {"sessionId": session["id"], "path": "/a.txt"}}, ["at", "sessionId"]),
        ({"at": {"sessionId": str(uuid4()), "path": "/a.txt"}}, ["at", "sessionId"]),
    ]
    for file, place in others:
        assert await deleted(bob, **file) == {
            "deletedFileId": None,
            "errors": [{"code": "NOT_FOUND", "path": ["input", "file", *place]}],
        }
    assert upstream.calls == []
    assert len((await client.data(FILES, id=session["id"]))["session"]["files"]["nodes"]) == 3


async def test_a_file_is_named_in_exactly_one_way_by_what_can_be_its_id(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    at = {"sessionId": session["id"], "path": "/a.txt"}
    disk = session["disk"]["acontextId"]
    upstream.clear()
    bad: list[dict[str, Any]] = [{}, {"id": id_of(disk, "/a.txt"), "at": at}, {"id": None}]
    bad += [{"id": id} for id in ("", "x", session["id"], disk, id_of(disk, "a.txt"), id_of(disk, "/docs/"))]
    bad += [{"at": {**at, "sessionId": "x"}}]
    for file in bad:
        assert await client.code(DELETE, file=file) == "BAD_USER_INPUT"
    assert upstream.calls == []
