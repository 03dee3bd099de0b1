"""The application as its clients meet it: GraphQL over HTTP, the real SDK, the embedded Acontext, both databases."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

import execution
from api.client import Client
from api.odd_upstream import OddUpstream
from api.upstream import KEY, Upstream
from gql_api.app import create_app
from gql_api.settings import Settings, read_settings

ADDRESS = "http://api.test"


@pytest.fixture
def upstream() -> OddUpstream:
    """What stands between the SDK and Acontext."""
    return OddUpstream()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Everything at its default, but for the places of the data."""
    return read_settings(
        DATABASE_URL=database_url,
        GQL_API_DATA_DIR=tmp_path,
        GQL_API_PUBLIC_URL=ADDRESS,
        GQL_API_ALLOWED_HOSTS="api.test",
        ACONTEXT_API_KEY=KEY,
        _env_file=None,
    )


@pytest.fixture
def start(settings: Settings, upstream: Upstream) -> Callable[..., object]:
    """Start the application; leaving the block stops it, and the data stay."""

    @asynccontextmanager
    async def starting(**changed: object) -> AsyncIterator[Client]:
        app = create_app(settings.model_copy(update=changed), front=upstream.in_front_of, schema=execution.schema())
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as http,
        ):
            yield Client(http)

    return starting


@pytest.fixture
async def client(start: Callable[..., object]) -> AsyncIterator[Client]:
    """A client of the application, asking as the default user."""
    async with start() as client:
        yield client


class Queries(logging.Handler):
    """Counts the statements that the database is asked to run."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.getMessage())


@pytest.fixture
def queries() -> Iterator[Queries]:
    """What the database is asked while the test runs."""
    logger, handler = logging.getLogger("tortoise.db_client"), Queries()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)
