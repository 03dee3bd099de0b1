"""The fleet is started once: its processes take seconds to import what they need."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest

from api.client import Client
from databases import Databases
from replicas.fleet import Fleet


@pytest.fixture(scope="module")
def fleet(postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers on one new database and one new Acontext."""
    url = asyncio.run(postgres_databases.migrated())
    with ExitStack() as stack:
        fleet = Fleet(tmp_path_factory.mktemp("fleet"), url, stack)
        fleet.open_acontext()
        asyncio.run(fleet.leave_open(5))
        fleet.start(2)
        yield fleet
    asyncio.run(postgres_databases.drop(url))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client for all servers."""
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None)) as http:
        yield http


@pytest.fixture
def clients(fleet: Fleet, http: httpx.AsyncClient) -> list[Client]:
    """One client of each server, both the same new user."""
    user = f"{uuid4()}@example.com"
    return [fleet.client(number, http).as_user(user) for number in range(2)]
