"""The fleet is started once: its processes take seconds to import what they need."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx
import pytest

from databases import Databases
from replicas.fleet import Fleet


@pytest.fixture(scope="module")
def fleet(postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers on one new database and one new Acontext, and a third that is there to be killed."""
    url = asyncio.run(postgres_databases.migrated())
    with ExitStack() as stack:
        fleet = Fleet(tmp_path_factory.mktemp("fleet"), url, stack)
        fleet.open_acontext()
        asyncio.run(fleet.leave_open(5))
        fleet.start(3)
        yield fleet
    asyncio.run(postgres_databases.drop(url))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client for all servers."""
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None)) as http:
        yield http
