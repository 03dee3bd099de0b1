"""What the examples are tried on: the product as its users start it, and a way to it that tests look into."""

from collections.abc import AsyncIterator, Iterator

import pytest

from commands import served
from examples.agents import Agents, ready_agents
from examples.between import Between, way_to
from examples.web import NoBrowser, chromium


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running server without any setting, but for the port and the place of its data."""
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> str:
    """The path of a Chromium; without it the tests that need it are skipped."""
    try:
        return chromium()
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agents]:
    """What starts agents."""
    with ready_agents(tmp_path_factory.mktemp("agents")) as ready:
        yield ready


@pytest.fixture
async def between(endpoint: str, agents: Agents) -> AsyncIterator[Between]:
    """Lines to the server."""
    async with way_to(endpoint, agents) as lines:
        yield lines
