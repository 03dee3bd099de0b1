"""Fixtures that all tests share; how the databases are made is in `databases` and `postgres`."""

import gc
import os
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
import stamina

from databases import Databases, PostgresDatabases, SqliteDatabases
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, open_database
from gql_api.telemetry import RequestIdFilter
from postgres import NoPostgres, running_server
from store.certificates import write_certificates

KINDS = ("sqlite", "postgres")

# No example has to be done in time: how long one takes is the machine's, which others may use. What fails by chance
# is looked for in each run with another seed, so that many runs find it; a test that needs more examples says so.
hypothesis.settings.register_profile("untimed", deadline=None, max_examples=60)
hypothesis.settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make, and not at all that they import, as the server does."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority, of our own: each client reads all that a machine trusts, which takes longer than a test."""
    if "ACONTEXT_TEST_URL" in os.environ:  # a real Acontext may have a certificate
        yield
        return
    folder = tmp_path_factory.mktemp("authorities")
    write_certificates(folder, address="127.0.0.1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        yield


@pytest.fixture(scope="session", autouse=True)
def failing_at_once() -> Iterator[None]:
    """A failed call of Acontext is not tried again, so that each fault is seen; tests of trying again turn it on."""
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """SQLite files of this test process."""
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Databases]:
    """Databases of a real PostgreSQL, started for this test process when the first test asks for it."""
    try:
        with running_server() as server:
            yield PostgresDatabases(server)
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=KINDS)
def databases(request: pytest.FixtureRequest) -> Databases:
    """Both kinds of database, one after the other."""
    chosen: Databases = request.getfixturevalue(f"{request.param}_databases")
    return chosen


@pytest.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[str]:
    """The URL of a new database without tables."""
    url = await databases.empty()
    yield url
    await databases.drop(url)


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The URL of a new database with all tables."""
    url = await databases.migrated()
    yield url
    await databases.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The new database, open for this process."""
    async with open_database(database_url, migrate=False) as opened:
        yield opened


@pytest.fixture
def postgres_options() -> ConnectionOptions:
    """How `url` is connected to, where a test does not say otherwise."""
    return ConnectionOptions()


@pytest.fixture
async def url(postgres_databases: PostgresDatabases, postgres_options: ConnectionOptions) -> AsyncIterator[str]:
    """The URL of a new database of PostgreSQL, open for this process; who shuts it need not open it again."""
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False, options=postgres_options):
        yield url
    await postgres_databases.open(url)
    await postgres_databases.drop(url)


@pytest.fixture
def ids_on_records(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Put the request's id on each record, as the server's log does."""
    ids = RequestIdFilter()
    caplog.handler.addFilter(ids)
    yield
    caplog.handler.removeFilter(ids)
