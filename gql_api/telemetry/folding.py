"""The files of workers that have ended: their counts go into one file for all of them, their states go away."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

_KINDS = ("counter", "histogram")
_ENDED = "ended"


def forget(pid: int, folder: Path) -> None:
    """Leave out the states of a worker that has ended; what it counted stays, in no more files than before."""
    with _alone(folder, fcntl.LOCK_EX):
        mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        for kind in _KINDS:
            file = folder / f"{kind}_{pid}.db"
            if file.exists():
                _add(file, folder / f"{kind}_{_ENDED}.db")
                file.unlink()


@contextmanager
def unfolded(folder: Path) -> Iterator[None]:
    """Let no worker be forgotten within the block: its counts would be found twice, or not at all."""
    with _alone(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def _alone(folder: Path, way: int) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, way)
        yield
    finally:
        os.close(handle)


def _add(file: Path, to: Path) -> None:
    if not file.stat().st_size:
        return  # it ended before it had counted anything
    summed = MmapedDict(str(to))  # type: ignore[no-untyped-call]
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
            before, _ = summed.read_value(key)  # type: ignore[no-untyped-call]
            summed.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        summed.close()  # type: ignore[no-untyped-call]
