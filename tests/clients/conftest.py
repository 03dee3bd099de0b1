"""Node.js with the clients that are pinned here, and the server that they ask: the product as its users start it."""

from collections.abc import Iterator

import pytest

from clients.npm import Node, NoNode, build_applications, installed
from commands import served


@pytest.fixture(scope="session")
def node() -> Node:
    """What runs the scripts of this folder; without it the tests that need it are skipped."""
    try:
        return installed()
    except NoNode as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def applications(node: Node) -> Node:
    """What runs the applications of this folder, which are built."""
    build_applications(node)
    return node


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running server without any setting, but for the port and the place of its data."""
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address
