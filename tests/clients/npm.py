"""Node.js with the packages that are pinned here, for tests in which clients that are not ours ask a running server."""

import fcntl
import hashlib
import importlib.util
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent
_PINS = ("package.json", "package-lock.json")
_STAMP = FOLDER / "node_modules" / ".pins"
_BUILT = FOLDER / "build" / ".sources"


class NoNode(Exception):
    """There is no Node.js here, or the packages cannot be had; the text says why."""


@dataclass(frozen=True)
class Node:
    """Runs scripts of this folder."""

    command: Any

    def run(self, script: str, *arguments: str, seconds: float = 120) -> str:
        """Run a script to its end, which must be good; give what it wrote."""
        done = subprocess.run(  # noqa: S603  a script of ours
            [self.command.node, script, *arguments],
            cwd=FOLDER,
            env=self.command.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def installed() -> Node:
    """Install what is pinned, unless it is there; raise `NoNode`. One test process does it, others wait."""
    build = _of_the_build()
    try:
        command = build.node_and_npm()
        with (FOLDER / ".npm.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            pins = _digest(FOLDER / name for name in _PINS)
            if not _STAMP.is_file() or _STAMP.read_text() != pins:
                build.run([*command.npm, *build.NPM_ASK], FOLDER, command.environment, build.ASK_SECONDS)
                build.run([*command.npm, *build.NPM_CI], FOLDER, command.environment, build.INSTALL_SECONDS)
                _STAMP.write_text(pins)
    except (build.CannotBuildError, OSError) as reason:
        raise NoNode(f"no Node.js with its packages: {reason}") from None
    return Node(command)


def build_applications(node: Node) -> None:
    """Build what clients need of schema and documents, unless it is there. One test process does it, others wait."""
    with (FOLDER / ".npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = _digest(_sources())
        if not _BUILT.is_file() or _BUILT.read_text() != sources:
            node.run("build.mjs", seconds=300)
            _BUILT.write_text(sources)


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


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(str(file).encode() + file.read_bytes() for file in files)).hexdigest()
