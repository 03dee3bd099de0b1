"""The contract's fixtures: `client` reaches each target, one after the other."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.contract.targets import HOW_TO_TEST_A_REAL_ONE, AtAddress, InProcess, Target, real, served
from embedded.opened import Client
from upstream.raw_server import WAYS


@pytest.fixture
def in_process(folder: Path) -> Target:
    return InProcess(folder)


@pytest.fixture(scope="session")
def on_a_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtAddress]:
    """One server for this test process, started when the first test asks for it."""
    with served(tmp_path_factory.mktemp("on-a-port") / "acontext") as target:
        yield target


@pytest.fixture
def by_aiohttp(on_a_port: AtAddress) -> AtAddress:
    """The same server, reached as one behind TLS or a proxy is."""
    return replace(on_a_port, way=WAYS["aiohttp"])


@pytest.fixture
def a_real_one() -> Target:
    found = real()
    assert found is not None
    return found


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip here, not in the fixture: so the summary has one line for all of them."""
    chosen = getattr(item, "callspec", None)
    if chosen and chosen.params.get("target") == "a_real_one" and real() is None:
        pytest.skip(HOW_TO_TEST_A_REAL_ONE)


@pytest.fixture(params=["in_process", "on_a_port", "by_aiohttp", "a_real_one"])
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
async def client(target: Target) -> AsyncIterator[Client]:
    async with target.connected() as ready:
        yield ready
