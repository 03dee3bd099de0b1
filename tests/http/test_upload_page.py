"""The commands of docs/uploads.md, run as they stand there on a server that listens."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client
from gql_api.app import create_app
from gql_api.settings import read_settings
from on_a_port import on_a_port

PAGE = Path(__file__).parents[2] / "docs" / "uploads.md"
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
FILE = bytes(range(256)) * 1000
ANSWERS = [
    {"uploadFile": {"file": {"path": "/docs/report.pdf", "size": len(FILE)}, "errors": []}},
    {
        "storeMessage": {
            "message": {
                "parts": [{"__typename": name} for name in ("TextPart", "MediaPart", "MediaPart", "MediaPart")]
            },
            "errors": [],
        }
    },
]


async def run(command: str, folder: Path, session: str) -> Any:
    process = await asyncio.create_subprocess_shell(
        command,
        cwd=folder,
        env={**os.environ, "SESSION": session, "no_proxy": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_the_commands_of_the_page_do_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(FILE)
    app = create_app(read_settings(GQL_API_DATA_DIR=tmp_path / "data", _env_file=None))
    async with on_a_port(app) as url, httpx.AsyncClient() as http:
        session = (await Client.of(http, url).create())["id"]
        commands = [command.replace("http://127.0.0.1:8000", url) for command in COMMANDS]
        answers = [await run(command, tmp_path, session) for command in commands]
    assert [answer["data"] for answer in answers] == ANSWERS
