"""Files that other programs put on a disk, under names that we would not give: what is shown is also taken back."""

from typing import Any

import pytest

from api.client import Client
from api.odd_upstream import OddUpstream
from databases import Databases

TREE = """
query ($id: ID!) {
  session(id: $id) { files { directories { path files { nodes { id path } } } } }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on File { path } } }"
DELETE = "mutation ($id: ID!) { deleteFile(input: {file: {id: $id}}) { deletedFileId errors { code } } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


@pytest.mark.parametrize("directory", ['/a"b/', "/back\\s/", "/sp /", "/tab\t/"])
async def test_what_is_shown_can_be_read_and_deleted(client: Client, upstream: OddUpstream, directory: str) -> None:
    made = await client.create()
    await put(upstream, made, directory)
    [shown] = (await client.data(TREE, id=made["id"]))["session"]["files"]["directories"]
    [file] = shown["files"]["nodes"]
    assert (shown["path"], file["path"]) == (directory, directory + "x.txt")
    assert await client.data(NODE, id=file["id"]) == {"node": {"path": file["path"]}}
    gone = {"deleteFile": {"deletedFileId": file["id"], "errors": []}}
    assert await client.data(DELETE, id=file["id"]) == gone
    assert (await client.data(TREE, id=made["id"]))["session"]["files"]["directories"] == []


async def put(upstream: OddUpstream, session: dict[str, Any], directory: str) -> None:
    """Write a file past the application, as the SDK would."""
    await upstream.ask(
        "POST",
        f"/disk/{session['disk']['acontextId']}/artifact",
        data={"file_path": directory},
        files={"file": ("x.txt", b"x")},
    )
