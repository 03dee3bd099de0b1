"""One uvicorn process with the small API, for all tests here that need a real one."""

from collections.abc import Iterator

import pytest
from served import running_api


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    with running_api() as url:
        yield url
