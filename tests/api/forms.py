"""Forms as clients write them: an operation, a map, and files; and where the files of a server lie meanwhile."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from api.client import Client

PREFLIGHT = {"apollo-require-preflight": "true"}
BOUNDARY = "a-boundary"
Part = tuple[str, str | None, bytes]
"""Name, name of the file if it is one, and bytes."""


def form(parts: Sequence[Part], *, end: bytes = b"--\r\n") -> bytes:
    """Write a form; without its end it breaks off."""
    written = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        written += head.encode() + data + b"\r\n"
    return written + b"--" + BOUNDARY.encode() + end


def headers(**more: str) -> dict[str, str]:
    """Give what goes with a form."""
    return {"content-type": f"multipart/form-data; boundary={BOUNDARY}", **PREFLIGHT, **more}


def upload(
    query: str, variables: Mapping[str, Any], files: Mapping[str, bytes | tuple[str, bytes]], places: Any = None
) -> bytes:
    """Write a form whose files stand at the places that they are called by, or by `places`."""
    names = {name: str(index) for index, name in enumerate(files)}
    map = {key: [f"variables.{name}"] for name, key in names.items()} if places is None else places
    parts: list[Part] = [
        ("operations", None, json.dumps({"query": query, "variables": variables}).encode()),
        ("map", None, json.dumps(map).encode()),
    ]
    for name, given in files.items():
        filename, data = given if isinstance(given, tuple) else ("a.bin", given)
        parts.append((names[name], filename, data))
    return form(parts)


async def post(client: Client, body: Any, **more: str) -> httpx.Response:
    """Send a form as the client's user."""
    user = {"x-user": client.user} if client.user else {}
    return await client.http.post("/graphql", content=body, headers={**headers(), **user, **more})


async def sent(client: Client, query: str, variables: Mapping[str, Any], files: Mapping[str, Any]) -> Any:
    """Upload, and give the only field of the answer, which has no errors."""
    response = await post(client, upload(query, variables, files))
    answer = response.json()
    assert "errors" not in answer, answer
    [data] = answer["data"].values()
    return data


class Spool:
    """The folder for temporary files, of one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def files(self) -> list[str]:
        """Name what lies there, and what was deleted there and is still open."""
        found = [path.name for path in self._folder.iterdir()]
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # one is the listing's own
                name = str(descriptor.readlink())
                found += [name] if name.startswith(str(self._folder)) else []
        return found

    async def until(self, count: int) -> None:
        """Wait until so many files lie there."""
        async with asyncio.timeout(20):
            while len(self.files) != count:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.002)
