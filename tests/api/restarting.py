"""A server for tests that are state machines: it restarts on the same data, and calls of Acontext fail as planned."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from hypothesis.stateful import RuleBasedStateMachine

import execution
from api.client import Client
from api.upstream import KEY, Upstream
from carrying import in_front
from gql_api.app import create_app
from gql_api.settings import read_settings


class Restarting(RuleBasedStateMachine):
    """One server at a time, on SQLite and the embedded Acontext."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.upstream = Upstream()
        self.stack = AsyncExitStack()
        self.client = self.run(self.start())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def start(self) -> Client:
        chosen = read_settings(
            GQL_API_DATA_DIR=Path(self.folder.name),
            GQL_API_PUBLIC_URL="http://api.test",
            GQL_API_ALLOWED_HOSTS="api.test",
            ACONTEXT_API_KEY=KEY,
            _env_file=None,
        )
        app = create_app(chosen, front=in_front(self.upstream.in_front_of), schema=execution.schema(is_compared=False))
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        http = await self.stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://api.test"))
        return Client(http)

    def start_again(self) -> None:
        self.run(self.stack.aclose())
        self.client = self.run(self.start())

    def failing(self, faults: list[str | None]) -> None:
        plan = list(faults)
        self.upstream.fault = lambda request: plan.pop(0) if plan else None

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()
