"""docs/embedded.md and the README's section of it: their tables are the program's, their snippets run as written."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import address_told, environment, running
from embedded_page import PAGE, REMARKS, with_tables
from gql_api.embedded.app import ROUTES
from gql_api.embedded.unoffered import NotOffered

README = PAGE.parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
START = "gql-api embedded "
WRITTEN = "http://127.0.0.1:8029/api/v1"

Block = tuple[str, str]


def blocks(document: Path) -> Iterator[tuple[Block, str | None]]:
    """Give the snippets about the embedded Acontext, each with what it prints, if that is written below it."""
    text = document.read_text(encoding="utf-8")
    found = BLOCK.findall(text[text.index(START) - len("```sh\n") :])
    for (language, code), (below, said) in zip(found, [*found[1:], ("sh", "")], strict=True):
        if language in ("sh", "python"):
            yield (language, code), said if below in ("", "json") else None


def run(language: str, code: str, *, folder: Path) -> str:
    """Run a snippet in a shell as fresh as one's own: with the commands of this environment, in an empty folder."""
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-c", code] if language == "python" else ["sh", "-euc", code]
    done = subprocess.run(  # noqa: S603 - the snippets of our own documents
        command, cwd=folder, env=environment(PATH=commands), capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), code
    return done.stdout


def test_the_tables_are_those_of_the_program() -> None:
    text = PAGE.read_text(encoding="utf-8")
    covered = {
        (method, path)
        for path, handlers in ROUTES.items()
        for method, handler in handlers.items()
        if not isinstance(handler, NotOffered)
    }

    assert with_tables(text) == text, "run: make docs"
    assert REMARKS.keys() == covered


@pytest.mark.skipif(not (shutil.which("sh") and shutil.which("curl")), reason="the snippets need sh and curl")
@pytest.mark.parametrize(("document", "snippets"), [(PAGE, 4), (README, 2)], ids=["page", "readme"])
def test_the_snippets_run_and_print_what_is_written(document: Path, snippets: int, tmp_path: Path) -> None:
    [(_, start), announced], *others = blocks(document)
    flags = shlex.split(start.removeprefix(START).replace("--port 8029", "--port 0"))

    with running("embedded", *flags, cwd=tmp_path) as server:
        address = address_told(server)
        printed = [run(language, code.replace(WRITTEN, address), folder=tmp_path) for (language, code), _ in others]
        server.terminate()
        assert server.wait(timeout=30) == 0

    assert announced in (None, f"Acontext listens on {WRITTEN}\n")
    assert len(others) == snippets - 1
    for ((_, code), written), said in zip(others, printed, strict=True):
        assert said.rstrip("\n") == (said if written is None else written).rstrip("\n"), code
