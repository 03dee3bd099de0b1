"""The example frontend in a browser, on the running product; what it has to do is in `trials`."""

import re
from pathlib import Path

import pytest

from clients.npm import Node, NoNode, installed
from examples.web import HERE, built, served, sources

LONGEST = 150
TRIALS = 37


@pytest.fixture(scope="module")
def driver() -> Node:
    """What runs the scripts of this folder, the example built; without Node.js the tests that need it are skipped."""
    try:
        built()
        return installed(HERE)
    except NoNode as reason:
        pytest.skip(str(reason))


def test_the_example_does_what_its_users_expect(browser: str, driver: Node, tmp_path: Path) -> None:
    with served(tmp_path) as addresses:
        told = driver.run(
            "--test-force-exit", "--test-reporter=tap", "web.test.mjs", *addresses, seconds=350, CHROMIUM=browser
        )

    assert len(re.findall(r"^ok ", told, re.MULTILINE)) == TRIALS


def test_the_parts_of_the_example_are_short() -> None:
    long = {file.name: text.count("\n") for file in sources() if (text := file.read_text(encoding="utf-8"))}

    assert {name: lines for name, lines in long.items() if name.endswith((".ts", ".tsx")) and lines > LONGEST} == {}
