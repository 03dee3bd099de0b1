"""Servers as processes, each kept to one core, and what they cost by the kernel's own account."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent
ROOT = BENCHMARKS.parent
SERVER_CORE, LOAD_CORE = 0, 1
_TICK = os.sysconf("SC_CLK_TCK")
_SECONDS = 90


@dataclass(frozen=True)
class Watched:
    """A process with its children, as it costs."""

    pid: int

    def cpu_seconds(self) -> float:
        """Give the CPU time of all of them, and of those that have ended, in the program and in the kernel for it."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self._pids()) / _TICK

    def peak_mib(self) -> float:
        """Give the largest memory that the process and its children had, added up."""
        return self._mib("VmHWM")

    def resident_mib(self) -> float:
        """Give the memory that the process and its children have now, added up."""
        return self._mib("VmRSS")

    def _mib(self, kind: str) -> float:
        return sum(_kib(pid, kind) for pid in self._pids()) / 1024

    def _pids(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _kib(pid: int, kind: str) -> int:
    _, _, told = Path(f"/proc/{pid}/status").read_text().partition(f"{kind}:")
    return int(told.split()[0]) if told else 0


def keep_to_load_core() -> bool:
    """Keep this process, and what it starts from here on, to the core of the load; tell whether there is one."""
    pinned = shutil.which("taskset") is not None and len(os.sched_getaffinity(0)) > 1
    if pinned:
        os.sched_setaffinity(0, {LOAD_CORE})
    return pinned


def keep_to_nothing() -> None:
    """Let this process, and what it starts from here on, run anywhere."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


@contextmanager
def started(*command: str, log: Path, pinned: bool, cores: str = str(SERVER_CORE), **settings: str) -> Iterator[str]:
    """Start a server that tells its address in the first line that has one; give `pid address`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    environment |= {"PYTHONPATH": str(BENCHMARKS), "PYTHONUNBUFFERED": "1"} | settings
    kept = ["taskset", "-c", cores] if pinned else []
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [*kept, *command], cwd=log.parent, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            yield f"{process.pid} {_address(process, log)}"
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


_OURS = ("GQL_API_", "ACONTEXT_", "DATABASE_", "OTEL_")


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.rstrip("/.")
    raise RuntimeError(f"{log.stem} did not start:\n{log.read_text()[-2000:]}")


def python(*arguments: str) -> tuple[str, ...]:
    """Give the command of this interpreter."""
    return (sys.executable, *arguments)
