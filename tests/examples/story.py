"""The commands of the agent's README with what they really write: compared by a test, written by `make docs`."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from commands import address_told, environment, running
from examples.agents import FOLDER

PAGE = FOLDER / "README.md"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)\n", re.MULTILINE)
_SESSION = re.compile(r"\bU2Vz[A-Za-z0-9+/]{40,}={0,2}")
_SHOWN = "SESSION"


def page(endpoint: str) -> str:
    """Return the page with what its commands write, run in their order on a new server; sessions are called so."""
    told: list[str] = []

    def block(match: re.Match[str]) -> str:
        return "".join(f"$ {command}\n{_written(command, endpoint, told)}" for command in _COMMAND.findall(match[0]))

    return _BLOCK.sub(block, PAGE.read_text(encoding="utf-8"))


def _written(command: str, endpoint: str, told: list[str]) -> str:
    """Run a command; `told` are the sessions that were told so far."""
    _, *arguments = shlex.split(command.replace(_SHOWN, told[-1] if told else _SHOWN))
    written = subprocess.run(  # noqa: S603  a command of our own page
        [sys.executable, *arguments, "--url", endpoint],
        cwd=FOLDER,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    told += _SESSION.findall(written)
    return _SESSION.sub(_SHOWN, written)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        running("serve", "--port", "0", "--data-dir", "data", cwd=Path(folder)) as process,
    ):
        PAGE.write_text(page(address_told(process)), encoding="utf-8")
