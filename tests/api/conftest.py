"""The application as its clients meet it: GraphQL over HTTP, the real SDK, the embedded Acontext, both databases."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import execution
from api.client import Client
from api.forms import Spool
from api.odd_upstream import OddUpstream
from api.upstream import KEY, Upstream
from carrying import in_front
from gql_api.app import create_app
from gql_api.embedded import open_acontext
from gql_api.settings import Settings, read_settings
from on_a_port import on_a_port

ADDRESS = "http://api.test"
OVER_THE_NETWORK_TOO = {
    "api.test_attachments",
    "api.test_distrust",
    "api.test_errors",
    "api.test_file_deletion",
    "api.test_file_listing",
    "api.test_file_metadata",
    "api.test_file_reading",
    "api.test_file_upload",
    "api.test_message",
    "api.test_message_metadata",
    "api.test_message_store",
    "api.test_read_sizes",
    "api.test_session",
    "api.test_session_deletion",
    "api.test_session_update",
    "api.test_upload",
}
"""Modules that together have each call of Acontext, its failures, and its long answers."""


@pytest.fixture
def upstream() -> OddUpstream:
    """What stands between the SDK and Acontext."""
    return OddUpstream()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run some modules on the embedded Acontext and once more over the network."""
    if metafunc.module.__name__ in OVER_THE_NETWORK_TOO and "acontext" in metafunc.fixturenames:
        metafunc.parametrize("acontext", ["in process", "on a port", "by a proxy"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what differs in two ways: one kind of database is enough for the network."""
    items[:] = [item for item in items if not _is_both(getattr(item, "callspec", None))]


def _is_both(chosen: Any) -> bool:
    carried = chosen and chosen.params.get("acontext")
    return carried in {"on a port", "by a proxy"} and chosen.params.get("databases") == "postgres"


@pytest.fixture
async def acontext(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str | None]:
    """The address of Acontext; None: the embedded one. By a proxy it is reached over aiohttp."""
    carried = getattr(request, "param", "in process")
    if carried == "in process":
        yield None
        return
    async with (
        open_acontext(tmp_path / "behind", api_key=KEY, public_url=ADDRESS) as behind,
        on_a_port(behind.app, at_once=True, lifespan="off") as url,
    ):
        if carried == "by a proxy":  # which is that server itself: it takes the whole address for its path
            monkeypatch.setenv("HTTP_PROXY", url)
        yield f"{'http://acontext.test' if carried == 'by a proxy' else url}/api/v1"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, acontext: str | None) -> Settings:
    """Everything at its default, but for the places of the data."""
    return read_settings(
        ACONTEXT_BASE_URL=acontext,
        GQL_API_SERVE_PUBLIC_URLS=acontext is not None,
        DATABASE_URL=database_url,
        GQL_API_DATA_DIR=tmp_path,
        GQL_API_PUBLIC_URL=ADDRESS,
        GQL_API_ALLOWED_HOSTS="api.test",
        ACONTEXT_API_KEY=KEY,
        _env_file=None,
    )


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Let an application run in process, and give who asks it."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as http,
    ):
        yield http


@pytest.fixture
def start(settings: Settings, upstream: Upstream) -> Callable[..., object]:
    """Start the application; leaving the block stops it, and the data stay."""

    @asynccontextmanager
    async def starting(**changed: object) -> AsyncIterator[Client]:
        front = in_front(upstream.in_front_of)
        is_first = settings.acontext_base_url is None and str(settings.database_url).startswith("sqlite")
        schema = execution.schema(is_compared=is_first)
        app = create_app(settings.model_copy(update=changed), front=front, schema=schema)
        async with served(app) as http:
            yield Client(http, learn=app.state.running.places.flush)

    return starting


@pytest.fixture
async def client(start: Callable[..., object]) -> AsyncIterator[Client]:
    """A client of the application, asking as the default user."""
    async with start() as client:
        yield client


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    """Where files of requests lie while the test runs, and nothing else."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return Spool(folder)


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
