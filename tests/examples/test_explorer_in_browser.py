"""The explorer in a browser, on the running product; what is tried is in `explorer.test.mjs`."""

import re

import pytest

from clients.npm import Node, NoNode, installed
from examples.web import HERE
from gql_api.web.explorer import STATIC, read_manifest

TRIALS = 8


@pytest.fixture(scope="module")
def driver() -> Node:
    """What runs the scripts of this folder; without Node.js the tests that need it are skipped."""
    try:
        return installed(HERE)
    except NoNode as reason:
        pytest.skip(str(reason))


@pytest.mark.skipif(read_manifest(STATIC) is None, reason="the explorer is not built: make explorer")
def test_the_explorer_does_what_its_users_expect(browser: str, driver: Node, endpoint: str) -> None:
    told = driver.run(
        "--test-force-exit", "--test-reporter=tap", "explorer.test.mjs", endpoint, seconds=200, CHROMIUM=browser
    )

    assert len(re.findall(r"^ok ", told, re.MULTILINE)) == TRIALS
