"""Two servers, of which each test carries sessions from the first to the second, on both databases."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archives.servers import Server
from commands import environment
from databases import Databases

Another = Callable[[], Server]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder of one's own, with no setting of whoever runs the tests."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def another(databases: Databases, capsys: pytest.CaptureFixture[str]) -> Iterator[Another]:
    """Make servers of one's own, each on a database of its own."""
    made: list[Server] = []

    def making() -> Server:
        url = asyncio.run(databases.migrated())
        made.append(Server(Path(f"data-{len(made)}"), url, pytest.MonkeyPatch(), capsys))
        return made[-1]

    yield making
    for server in made:
        asyncio.run(databases.drop(server.database_url))


@pytest.fixture
def here(another: Another) -> Server:
    """The server that sessions are carried away from."""
    return another()


@pytest.fixture
def there(here: Server, another: Another) -> Server:
    """The server that they are brought to."""
    return another()
