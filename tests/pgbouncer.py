"""A real PgBouncer for tests, in transaction mode and with no other settings, in front of the tests' PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from postgres import NOBODY, Server

SESSIONS = 3
"""Connections to PostgreSQL at most, for each database."""
_PORT = 6432
_SETTINGS = """
[databases]
* = host={postgres} port={port} user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
auth_type = any
listen_port = {own}
unix_socket_dir = {folder}
logfile = {folder}/log
"""
ABSENT = "no pgbouncer on PATH, nor named by PGBOUNCER; on Debian and Ubuntu: apt-get install pgbouncer"


def program() -> str | None:
    """Find the machine's PgBouncer."""
    return os.environ.get("PGBOUNCER") or shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pooling(server: Server) -> Iterator[Path]:
    """Start one, and give the folder of its socket."""
    found = program()
    assert found, ABSENT
    folder = Path(tempfile.mkdtemp(prefix="gql-api-pgbouncer-", dir="/tmp"))
    try:
        settings = folder / "settings.ini"
        settings.write_text(
            _SETTINGS.format(postgres=server.folder, port=server.port, sessions=SESSIONS, own=_PORT, folder=folder)
        )
        as_nobody: Any = {}
        if os.geteuid() == 0:
            folder.chmod(0o755)
            os.chown(folder, NOBODY, NOBODY)
            as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        command = [found, "-q", str(settings)]
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_nobody
        )
        try:
            _wait(folder, process)
            yield folder
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder)


def pooled(url: str, folder: Path) -> str:
    """Lead a URL of the tests' PostgreSQL through the pooler."""
    return f"{url.partition('?')[0]}?host={folder}&port={_PORT}"


def _wait(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while not (folder / f".s.PGSQL.{_PORT}").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"pgbouncer did not start: {(folder / 'log').read_text(errors='replace')}")
        time.sleep(0.01)
