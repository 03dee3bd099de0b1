"""The data folder and a SQLite file belong to one process at a time; a claim ends with the process, however it ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gql_api.holding import AlreadyHeld, holding
from gql_api.refusal import Refusal


class FolderTaken(Refusal):
    """Another process works on the folder or the file, or it cannot be used."""


@contextmanager
def claim(folder: Path, *, named: str = "GQL_API_DATA_DIR") -> Iterator[None]:
    """Hold the data folder, making it when it is not there; raise `FolderTaken`, which says who `named` it."""
    make_folder(folder, named=named)
    with _locked(folder / "in-use.lock", named, f"another process is at work on the folder {folder}."):
        yield


def make_folder(folder: Path, *, named: str = "GQL_API_DATA_DIR") -> None:
    """Make the data folder when it is not there; raise `FolderTaken`, which says who `named` it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderTaken(f"{named}: the folder {folder} cannot be used: {error}") from None


@contextmanager
def claim_database(file: Path) -> Iterator[None]:
    """Hold a SQLite file; raise `FolderTaken`."""
    lock = file.with_name(f"{file.name}-in-use.lock")
    with _locked(lock, "DATABASE_URL", f"another process is at work on the database {file}."):
        yield


@contextmanager
def _locked(lock: Path, named: str, taken: str) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(holding(lock))
        except AlreadyHeld:
            raise FolderTaken(f"{named}: {taken} SQLite and the embedded Acontext serve one process.") from None
        except sqlite3.Error as error:
            raise FolderTaken(f"{named}: {lock} cannot be used: {error}") from None
        yield
