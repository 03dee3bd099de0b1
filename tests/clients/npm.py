"""Node.js with the packages that a folder pins, for tests in which clients that are not ours ask a running server."""

import fcntl
import hashlib
import importlib.util
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent
_PINS = ("package.json", "package-lock.json")


class NoNode(Exception):
    """There is no Node.js here, or the packages cannot be had; the text says why."""


@dataclass(frozen=True)
class Node:
    """Runs scripts of a folder."""

    command: Any
    folder: Path

    def run(self, script: str, *arguments: str, seconds: float = 120, **settings: str) -> str:
        """Run a script to its end, which must be good; give what it wrote."""
        return self._told([self.command.node, script, *arguments], seconds, settings)

    def run_named(self, script: str, seconds: float = 300) -> str:
        """Run a script that `package.json` names, as `run` does."""
        return self._told([*self.command.npm, "run", script], seconds, {})

    def _told(self, command: list[str], seconds: float, settings: dict[str, str]) -> str:
        done = subprocess.run(  # noqa: S603  a script of ours
            command,
            cwd=self.folder,
            env=self.command.environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def installed(folder: Path = FOLDER) -> Node:
    """Install what a folder pins, unless it is there; raise `NoNode`. One test process does it, others wait."""
    build = _of_the_build()
    try:
        command = build.node_and_npm()
        pins = digest(folder / name for name in _PINS)
        with done_once(folder, "node_modules/.pins", pins) as is_done:
            if not is_done:
                build.run([*command.npm, *build.NPM_ASK], folder, command.environment, build.ASK_SECONDS)
                build.run([*command.npm, *build.NPM_CI], folder, command.environment, build.INSTALL_SECONDS)
    except (build.CannotBuildError, OSError) as reason:
        raise NoNode(f"no Node.js with its packages: {reason}") from None
    return Node(command, folder)


def build_applications(node: Node) -> None:
    """Build what clients need of schema and documents, unless it is there. One test process does it, others wait."""
    with done_once(FOLDER, "build/.sources", digest(_sources())) as is_done:
        if not is_done:
            node.run("build.mjs", seconds=300)


@contextmanager
def done_once(folder: Path, stamp: str, sources: str) -> Iterator[bool]:
    """Tell whether the block was done for these sources, as a file says; when it ends well, it is. Others wait."""
    file = folder / stamp
    with (folder / ".npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_done = file.is_file() and file.read_text() == sources
        yield is_done
        if not is_done:
            file.write_text(sources)


def _sources() -> Iterator[Path]:
    yield FOLDER.parents[1] / "schema.graphql"
    yield from (FOLDER / name for name in (*_PINS, "build.mjs", "codegen.ts", "relay.config.json", "tsconfig.json"))
    yield from sorted(file for file in FOLDER.glob("src/**/*.ts*") if "generated" not in file.parts)


def _of_the_build() -> ModuleType:
    """Give the build's own module, which knows where Node.js is and how npm is called."""
    spec = importlib.util.spec_from_file_location("hatch_build", FOLDER.parents[1] / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(str(file).encode() + file.read_bytes() for file in files)).hexdigest()
