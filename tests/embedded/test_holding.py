"""A data folder is one store's at a time, and clients that leave in the middle leave nothing in it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.types import Message

from commands import environment
from embedded.opened import API_KEY, Client, connected, opened
from gql_api.embedded import FolderInUse, open_acontext

_FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


async def test_a_folder_in_use_cannot_be_opened_again_until_it_is_free(folder: Path) -> None:
    async with opened(folder) as client:
        session = await client.session()
        with pytest.raises(FolderInUse, match="another process is at work on it"):
            async with open_acontext(folder, api_key=API_KEY, public_url=""):
                pass
        assert (await client.say(session, "still there"))["parent_id"] is None

    async with opened(folder) as client:
        assert len((await client.messages(session))["ids"]) == 1


async def test_a_second_process_is_refused_in_one_line(folder: Path, client: Client) -> None:
    await client.session()
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0", "--data-dir", str(folder), "--api-key", API_KEY)

    told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)

    assert told.returncode == 1
    assert told.stderr == f"the data folder {folder} cannot be used: another process is at work on it\n"


async def test_a_gateway_is_refused_in_one_line(folder: Path, client: Client) -> None:
    await client.session()
    command = (sys.executable, "-m", "gql_api", "serve", "--port", "0", "--data-dir", str(folder.parent))

    told = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False, env=environment()
    )

    assert told.returncode == 2
    line = f"GQL_API_DATA_DIR: the folder {folder} cannot be used: another process is at work on it."
    assert told.stderr == f"gql-api: {line}\n"


@pytest.mark.parametrize(
    ("path", "kind", "begun"),
    [
        ("/session/{session}/messages", "application/json", b'{"blob": {"role": "user", "content": "'),
        ("/session/{session}/messages", "multipart/form-data; boundary=b", _FORM),
        ("/disk/{disk}/artifact", "multipart/form-data; boundary=b", _FORM),
    ],
)
async def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    folder: Path, path: str, kind: str, begun: bytes
) -> None:
    async with open_acontext(folder, api_key=API_KEY, public_url="") as acontext, connected(acontext.app) as client:
        session, disk = await client.session(), await client.disk()
        coming: list[Message] = [
            {"type": "http.request", "body": begun + 300_000 * b"x", "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Message:
            return coming.pop(0)

        async def send(_: Message) -> None:
            """Nobody hears it."""

        place = f"/api/v1{path.format(session=session, disk=disk)}"
        headers = [(b"authorization", f"Bearer {API_KEY}".encode()), (b"content-type", kind.encode())]
        scope = {"type": "http", "method": "POST", "path": place, "query_string": b"", "headers": headers}
        await acontext.app(scope, receive, send)

        assert coming == []
        assert (await client.messages(session))["ids"] == []
        assert await client.call("GET", f"/disk/{disk}/artifact/ls") == {"artifacts": [], "directories": []}
        assert [*(folder / "staging").iterdir(), *(folder / "contents").iterdir()] == []
