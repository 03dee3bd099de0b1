"""The application on a port of its own, as sockets and event streams need it; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import execution
from api.client import Client
from api.upstream import KEY, Upstream
from carrying import in_front
from gql_api.app import create_app
from gql_api.observing import Observers
from gql_api.settings import Settings, read_settings
from gql_api.web.protocol import JoiningProtocol
from live.socket import Socket, connected
from on_a_port import on_a_port


@dataclass
class Live:
    """A running server: a client for requests, and sockets."""

    url: str
    client: Client
    app: Starlette

    @asynccontextmanager
    async def socket(self, **payload: str) -> AsyncIterator[Socket]:
        """Give a socket whose connection of the protocol is open."""
        async with connected(self.url) as socket:
            await socket.begin(**payload)
            yield socket

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what the server does by itself."""
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    async def until_so(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what has to be asked for."""
        async with asyncio.timeout(20):
            while not await is_so():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    async def until_nobody_follows(self, session: str) -> None:
        """Store large messages until all were let go who follow the session and read nothing."""
        async with asyncio.timeout(20):
            while self.app.state.running.following.subscriptions:
                await self.client.store(session, *["x, " * 33_000] * 3)


@pytest.fixture
def upstream() -> Upstream:
    """What stands between the SDK and Acontext."""
    return Upstream()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """All at its default, but for the places of the data, and that polls are frequent."""
    return read_settings(
        DATABASE_URL=database_url,
        GQL_API_DATA_DIR=tmp_path,
        GQL_API_FOLLOW_SECONDS="0.2",
        ACONTEXT_API_KEY=KEY,
        _env_file=None,
    )


@pytest.fixture
def serve(settings: Settings, upstream: Upstream) -> Callable[..., object]:
    """Serve on a port of its own until the end of the block; `buffer`: bytes that the kernel keeps for a client."""

    @asynccontextmanager
    async def serving(
        *, buffer: int | None = None, watched_by: Observers | None = None, **changed: object
    ) -> AsyncIterator[Live]:
        app = create_app(
            settings.model_copy(update=changed),
            front=in_front(upstream.in_front_of),
            watched_by=watched_by,
            schema=execution.schema(is_compared=str(settings.database_url).startswith("sqlite")),
        )
        options: dict[str, Any] = {
            "http": JoiningProtocol,
            "ws": "websockets-sansio",
            "ws_max_size": 2**20,
            "ws_per_message_deflate": False,
        }
        async with (
            on_a_port(app, buffer=buffer, lifespan="on", **options) as url,
            httpx.AsyncClient(base_url=url, timeout=20) as http,
        ):
            yield Live(url, Client(http), app)

    return serving


@pytest.fixture
async def live(serve: Callable[..., object]) -> AsyncIterator[Live]:
    """A running server."""
    async with serve() as live:
        yield live
