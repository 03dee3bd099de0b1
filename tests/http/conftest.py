"""One uvicorn process with the small API, for all tests here that need a real one."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop
from served import running_api


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    with running_api() as url:
        yield url


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what comes near to the event loop on that of the tests, and on the one that the product is served by."""
    plain = {"asyncio": asyncio.SelectorEventLoop}
    return {**plain, "uvloop": uvloop.new_event_loop} if item.path.stem == "test_joining" else plain  # type: ignore[dict-item]
