"""The commands as processes of their own, in a folder and an environment where nothing is set."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TERMINATED = -signal.SIGTERM


def environment(**settings: str) -> dict[str, str]:
    """Give the environment of the tests without the settings that it may hold."""
    ours = ("GQL_API_", "ACONTEXT_", "DATABASE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | settings


@contextmanager
def running(*arguments: str, cwd: Path, most_seconds: float = 900, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command that serves; what still runs at the end of the block, or after so long, is killed."""
    command = [sys.executable, "-m", "gql_api", *arguments]
    with subprocess.Popen(  # noqa: S603
        command, cwd=cwd, env=environment(**settings), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        watch = threading.Timer(most_seconds, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[str]:
    """Serve without other settings but for the port and the place of the data; give the endpoint."""
    # It may be there for all tests of a process.
    with running("serve", "--port", "0", "--data-dir", "data", cwd=folder, most_seconds=3600, **settings) as process:
        yield address_told(process)
        process.terminate()
        process.wait(timeout=30)


def resident(pid: int) -> int:
    """Give the memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def address_told(process: "subprocess.Popen[str]") -> str:
    """Read what a server says when it is ready, and give the address in it."""
    assert process.stdout is not None
    for line in process.stdout:
        words = [word for word in line.split() if word.startswith("http://")]
        if words:
            return words[0]
    raise AssertionError("the server ended without a word")
