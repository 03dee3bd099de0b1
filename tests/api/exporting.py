"""Asks for URLs of exports, and reads archives as `tests/archives/reader.py` does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from api.client import Client
from api.upstream import Upstream
from archives import reader
from carrying import in_front
from gql_api.app import create_app
from gql_api.observing import observers
from gql_api.settings import Settings
from gql_api.stopping import Stop
from gql_api.web.protocol import JoiningProtocol
from on_a_port import on_a_port

OF_SESSION = """
query ($id: ID!, $seconds: Int!, $forms: [ArchiveForm!]) {
  session(id: $id) { exportUrl(expiresIn: $seconds, forms: $forms) { url expiresAt } }
}
"""
OF_VIEWER = "{ viewer { exportUrl { url expiresAt } } }"


async def url_of(client: Client, session: str, *, seconds: int = 3600, forms: list[str] | None = None) -> str:
    """Give the URL of one session."""
    found = await client.data(OF_SESSION, id=session, seconds=seconds, forms=forms)
    url: str = found["session"]["exportUrl"]["url"]
    return url


async def url_of_all(client: Client) -> str:
    """Give the URL of all that the viewer has."""
    url: str = (await client.data(OF_VIEWER))["viewer"]["exportUrl"]["url"]
    return url


def sessions_in(content: bytes, folder: Path) -> dict[str, dict[str, Any]]:
    """Read an archive by what docs/archive.md says."""
    file = folder / "read.tar"
    file.write_bytes(content)
    return reader.read(file)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Give status and code."""
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@asynccontextmanager
async def on_port(
    settings: Settings, upstream: Upstream, *, buffer: int | None = None, **changed: Any
) -> AsyncIterator[tuple[Client, Stop]]:
    """Serve as the product does; give a client, and what tells the server to end."""
    settings, stop = settings.model_copy(update=changed), Stop()
    front = in_front(upstream.in_front_of)
    app = create_app(settings, front=front, watched_by=observers(settings, stop))
    async with (
        on_a_port(app, buffer=buffer, http=JoiningProtocol) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as http,
    ):
        yield Client(http), stop


def path_of(url: str) -> str:
    """Give the path of a URL, whatever address it was made for."""
    return httpx.URL(url).path


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so, which nobody tells."""
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - in a server, and by its clock
            await asyncio.sleep(0.02)


async def cut_off(answer: httpx.Response) -> bytes:
    """Read what comes until the connection is cut off in the middle of the body; it must be."""
    came = bytearray()
    try:
        async for piece in answer.aiter_raw():
            came += piece
    except httpx.RemoteProtocolError:
        return bytes(came)
    raise AssertionError("the answer was whole")
