"""Metrics of erasures: an operator sees that one is not finished, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from api.client import Client
from api.erasing import erased, until_erased
from api.test_observing import TOKEN, measured
from api.upstream import Upstream
from gql_api.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As elsewhere, and with metrics."""
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})


async def test_an_erasure_that_acontext_hinders_is_shown_until_it_is_finished(
    start: Callable[..., Any], upstream: Upstream
) -> None:
    names = ("gql_api_erasures_open", "gql_api_erasures_oldest_seconds")

    async def shown(client: Client) -> tuple[float, bool]:
        found = await measured(client)
        return found[names[0]], found[names[1]] > 0

    async with start() as client:
        await client.create()
        assert await shown(client) == (0, False)
        upstream.fault = lambda request: "before"
        erasure = await erased(client)
        await until(client, shown, (1, True))
    upstream.fault = None
    async with start() as client:
        await until_erased(client, erasure)
        await until(client, shown, (0, False))


async def until(client: Client, shown: Callable[[Client], Awaitable[Any]], expected: Any) -> None:
    """Wait for what the server does by itself."""
    async with asyncio.timeout(20):
        while await shown(client) != expected:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
