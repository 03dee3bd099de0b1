"""What tests of leases begin with: an open database of PostgreSQL, and a session in it."""

from collections.abc import Iterator

import pytest

from gql_api import model
from gql_api.store.connection_options import ConnectionOptions
from services.leasing import PROCESSES, another


@pytest.fixture
def postgres_options() -> ConnectionOptions:
    """One connection only."""
    return ConnectionOptions(pool_max=1)


@pytest.fixture
async def session(url: str) -> model.Session:
    """A ready session of Ada's."""
    return await another()


@pytest.fixture(autouse=True)
def processes() -> Iterator[None]:
    PROCESSES.clear()
    yield
    PROCESSES.clear()
