"""The data folder belongs to one process at a time; the claim ends with the process, however it ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gql_api.refusal import Refusal


class FolderTaken(Refusal):
    """Another process works on the data folder, or the folder cannot be used."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold the folder, making it when it is not there; raise `FolderTaken`.

    The lock is SQLite's own on a file of no other use: it works on every platform, and a killed process leaves none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / "in-use.lock", timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise FolderTaken(f"GQL_API_DATA_DIR: the folder {folder} cannot be used: {error}") from None
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            raise FolderTaken(
                f"GQL_API_DATA_DIR: another process is at work on the folder {folder}. "
                "SQLite and the embedded Acontext serve one process."
            ) from None
        yield
