"""What tests of leases begin with: an open database of PostgreSQL, and a session in it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from databases import Databases
from gql_api import model
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import open_database
from services.leasing import PROCESSES, another


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
    return await another()


@pytest.fixture(autouse=True)
def processes() -> Iterator[None]:
    PROCESSES.clear()
    yield
    PROCESSES.clear()
