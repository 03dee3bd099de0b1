"""Writes that wait behind the deletion of their session find it gone."""

import asyncio

from api.client import STORE, UPLOAD, Client
from api.odd_upstream import OddUpstream

DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId errors { code } } }"
DELETE_FILE = "mutation ($id: ID!) { deleteFile(input: {file: {id: $id}}) { deletedFileId errors { code } } }"

DESCRIBE = """
mutation ($id: ID!) { updateFileMetadata(input: {file: {id: $id}, metadata: {}}) { file { id } errors { code } } }
"""

ANNOTATE = """
mutation ($id: ID!) { updateMessageMetadata(input: {messageId: $id, metadata: {}}) { message { id } errors { code } } }
"""


async def test_what_waits_behind_a_deletion_changes_nothing(client: Client, upstream: OddUpstream) -> None:
    made = await client.create()
    file = await client.upload(made["id"], "/a.txt")
    [message] = await client.store(made["id"], "zeroth")
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: object) -> None:
        writing.set()
        await go_on.wait()

    upstream.meanwhile = hold
    messages = [{"message": {"chat": {"role": "USER", "content": "first"}}}]
    first = asyncio.create_task(client.data(STORE, session=made["id"], messages=messages))
    await writing.wait()
    deletion = asyncio.create_task(client.data(DELETE, id=made["id"]))
    await turns()
    input = {"sessionId": made["id"], "path": "/b.txt", "content": {"text": "b"}}
    later = [
        asyncio.create_task(client.data(UPLOAD, input=input)),
        asyncio.create_task(client.data(DELETE_FILE, id=file["id"])),
        asyncio.create_task(client.data(DESCRIBE, id=file["id"])),
        asyncio.create_task(client.data(ANNOTATE, id=message)),
        asyncio.create_task(client.data(STORE, session=made["id"], messages=messages)),
    ]
    await turns()
    upstream.meanwhile = None
    upstream.clear()
    go_on.set()
    assert (await first)["storeMessages"]["errors"] == []
    assert (await deletion)["deleteSession"]["errors"] == []
    for answer in await asyncio.gather(*later):
        [payload] = answer.values()
        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    assert sorted(upstream.calls) == ["DELETE /disk/{id}", "DELETE /session/{id}", f"DELETE /user/{owner(made)}"]


def owner(session: dict[str, str]) -> str:
    return f"gql-api:disk:{session['acontextId']}"


async def turns() -> None:
    """Let the tasks run until each waits for something."""
    for _ in range(200):
        await asyncio.sleep(0.001)
