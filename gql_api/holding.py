"""A file held by one process at a time; what it stands for is told by those who hold it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class AlreadyHeld(OSError):
    """Another process holds the file, or this one does."""


@contextmanager
def holding(file: Path) -> Iterator[None]:
    """Hold the file, making it when it is not there; raise `AlreadyHeld`, or `sqlite3.Error` when it cannot be used.

    The lock is SQLite's own, on a file of no other use: it is there on every platform, and ends with the process.
    """
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise AlreadyHeld("another process is at work on it") from error
        yield
