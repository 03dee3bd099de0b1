"""What tests of leases begin with: an open database of PostgreSQL, and a session in it."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from databases import Databases
from gql_api import model
from gql_api.store import mappings
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import open_database
from services.leasing import NOW, PROCESSES


@pytest.fixture
async def url(postgres_databases: Databases) -> AsyncIterator[str]:
    """A database of PostgreSQL that is open, with one connection only."""
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=1)):
        yield url
    await postgres_databases.drop(url)


@pytest.fixture
async def session(url: str) -> model.Session:
    """A ready session of Ada's."""
    intent = mappings.Intent(uuid4(), "ada", None, adopted=False, nonce="nonce", now=NOW, lease_until=NOW)
    assert await mappings.begin(intent)
    made = await mappings.bind(intent.id, disk=model.Disk(uuid4(), NOW), lease_until=NOW, now=NOW)
    assert made
    return made


@pytest.fixture(autouse=True)
def processes() -> Iterator[None]:
    PROCESSES.clear()
    yield
    PROCESSES.clear()
