"""Every command of the README is run by a test: here, as it is written, or by the test that is named for it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import environment
from gql_api.settings import Settings, read_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = ("make", "gql-api", "python", "pip", "curl", "npm", "docker", "uv", "psql", ".")

HERE = {
    "gql-api schema": "type Session implements Node",
    "gql-api migrate": "The tables are up to date.",
    "gql-api doctor": "Nothing is amiss.",
    "gql-api reconcile": "",
    "gql-api mappings export all.csv": "",
    "gql-api export -o sessions.tar": "",
    "gql-api import sessions.tar": "in already, 0 refused",
    "gql-api documents check operation.graphql": "1 document: 0 faults, 0 warnings",
    ". .venv/bin/activate": "",
}
"""Commands with a part of what they write, in an order in which one may follow the other."""
ELSEWHERE = {
    "make run": ("test_first_command.py", "test_make_run_serves_the_api_and_its_explorer", '"make", "run"'),
    "make setup": (
        "test_first_command.py",
        "test_make_setup_leaves_the_commands_where_the_readme_says",
        '"make", "setup"',
    ),
    "gql-api serve": ("test_cli.py", "test_a_server_says_where_it_is_serves_and_ends_when_it_is_told_to", '"serve"'),
    "gql-api mappings import table.csv": (
        "test_mappings_command.py",
        "test_what_was_taken_over_is_served_and_deleted_with_its_disk",
        'run("import", "table.csv")',
    ),
    "gql-api embedded --port 8029 --data-dir acontext-data --api-key sk-ac-local": (
        "embedded/test_page.py",
        "test_the_snippets_run_and_print_what_is_written",
        "(README, 2)",
    ),
}
"""Commands with the test that runs them: its file, its name, and what stands there of the command."""
NOT_HERE = {"make test": "it is what runs this test"}
NAMES = {
    "gql-api documents": "gql-api documents check operation.graphql",
    "gql-api documents check": "gql-api documents check operation.graphql",
    "gql-api export": "gql-api export -o sessions.tar",
    "gql-api import": "gql-api import sessions.tar",
    "gql-api mappings": "gql-api mappings export all.csv",
    "gql-api embedded": "gql-api embedded --port 8029 --data-dir acontext-data --api-key sk-ac-local",
}
"""What the README calls a command where it says nothing of what is given to it, with the whole command."""


def written() -> Iterator[str]:
    """Give the commands of the README: the lines of its shell blocks, and those within its sentences and tables."""
    prose = BLOCK.sub("", README)
    lines = [
        line for language, code in BLOCK.findall(README) if language in ("sh", "console") for line in code.splitlines()
    ]
    spans = [span for span in re.findall(r"`([^`\n]+)`", prose) if span.split()[0] in PROGRAMS and " " in span]
    for line in (*lines, *spans):
        command = re.sub(r"\s+#\s.*$", "", line).strip()
        yield NAMES.get(command, command)


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    assert set(written()) == {*HERE, *ELSEWHERE, *NOT_HERE}


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_test_that_is_named_for_a_command_runs_it(command: str) -> None:
    file, test, words = ELSEWHERE[command]
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE)
    assert words in source


def test_what_is_not_run_here_is_a_target_of_the_makefile() -> None:
    told = subprocess.run(  # noqa: S603 - words of this file
        ["/usr/bin/env", "make", "--dry-run", "--always-make", *(command.split()[1] for command in NOT_HERE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "-m pytest" in told


@pytest.mark.skipif(not shutil.which("sh"), reason="commands of a shell need sh")
def test_the_commands_run_as_they_are_written_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "operation.graphql").write_text("{ viewer { id } }", encoding="utf-8")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command, words in HERE.items():
        done = subprocess.run(  # noqa: S603 - the commands of our own README
            ["/usr/bin/env", "sh", "-euc", command],
            cwd=tmp_path,
            env=environment(PATH=paths, GQL_API_PORT="0"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert words in done.stdout, f"{command}: {done.stdout}"
    [header] = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("user,session,disk,title,created_at,")


def test_the_settings_of_a_block_are_settings_that_a_server_takes(tmp_path: Path) -> None:
    [block] = [code for language, code in BLOCK.findall(README) if language == "ini"]
    file = tmp_path / ".env"
    file.write_text(block, encoding="utf-8")

    taken = read_settings(_env_file=file)

    named = {name: value for name, _, value in (line.partition("=") for line in block.splitlines())}
    fields = {field.alias: name for name, field in Settings.model_fields.items()}
    assert named.keys() <= fields.keys()
    assert [getattr(taken, fields[name]) for name in named if name.endswith(("AUTH", "URL", "ISSUER"))] == [
        value for name, value in named.items() if name.endswith(("AUTH", "URL", "ISSUER"))
    ]
