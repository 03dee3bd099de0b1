"""An embedded Acontext on a fresh data folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.opened import Client, opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "acontext"


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    async with opened(folder) as ready:
        yield ready
