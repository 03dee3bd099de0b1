"""The agent's README: what its commands write is what they write."""

import re
from pathlib import Path

from commands import address_told, running
from examples.agents import FOLDER
from examples.story import PAGE, page


def test_the_commands_of_the_page_write_what_it_says(tmp_path: Path) -> None:
    with running("serve", "--port", "0", "--data-dir", "data", cwd=tmp_path) as process:
        written = page(address_told(process))
    assert PAGE.read_text(encoding="utf-8") == written, "run: make docs"
    assert written.count("\n$ python -m agent") == 4


def test_each_module_is_on_the_page() -> None:
    linked = set(re.findall(r"\]\(agent/(\w+)\.py\)", PAGE.read_text(encoding="utf-8")))
    modules = {file.stem for file in (FOLDER / "agent").glob("*.py")}
    assert linked == modules - {"__init__", "__main__"}
