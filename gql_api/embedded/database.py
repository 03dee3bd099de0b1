"""The SQLite file: one writing thread that commits what waits together, and reading threads that never wait for it."""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from gql_api.embedded.lanes import Lanes

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_BATCH = 64
"""Writes that wait are committed together, at most so many, as each commit waits for the disk once."""


@dataclass(frozen=True, slots=True)
class _Write:
    work: Work[Any]
    done: Future[Any]


class Database:
    """Runs reads and writes; in the writing thread `before_commit` runs ahead of each commit, `after_commit` behind it.

    What was to be committed together fails when `before_commit` does.
    """

    def __init__(
        self,
        path: Path,
        *,
        before_commit: Callable[[], None],
        after_commit: Callable[[sqlite3.Connection], None],
    ) -> None:
        self._path = path
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._writer = connect(path)
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_for_ever, name="acontext-writer", daemon=True)
        self._ending, self._ended = threading.Lock(), False
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._readers = Lanes("acontext-reader", prepare=self._open_reader)
        self._searcher = Lanes("acontext-searcher", threads=1, prepare=self._open_reader)
        self._thread.start()

    async def read(self, work: Work[T], *, large: Work[bool] | None = None) -> T:
        """Run `work` in a reading thread on all that was committed before the call.

        `large` looks whether it is much work, which then waits for its turn and lets small work pass.
        """
        is_large = large is not None and await self._readers.run(partial(self._read, large), large=False)
        return await self._readers.run(partial(self._read, work), large=is_large)

    async def search(self, work: Work[T]) -> T:
        """Run a read that may take seconds, whatever it reads: one after the other, so that no other read waits."""
        return await self._searcher.run(partial(self._read, work), large=False)

    async def write(self, work: Work[T]) -> T:
        """Run `work` as a transaction of its own; when this returns, its effect survives a power cut.

        Nothing of `work` stays if it raises. A caller that is cancelled does not undo it.
        """
        done: Future[T] = Future()
        with self._ending:
            if self._ended:
                raise sqlite3.ProgrammingError("the database is closed")
            self._waiting.put(_Write(work, done))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Finish what waits, then close every connection. Blocks."""
        with self._ending:
            self._ended = True
            self._waiting.put(None)
        self._thread.join()
        self._searcher.close()
        self._readers.close()
        for connection in (*self._opened, self._writer):
            connection.close()

    def _open_reader(self) -> None:
        self._local.connection = connect(self._path)
        self._local.connection.execute("PRAGMA query_only = ON")
        self._opened.append(self._local.connection)

    def _read(self, work: Work[T]) -> T:
        connection: sqlite3.Connection = self._local.connection
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    def _write_for_ever(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, ended = self._collect(first)
            self._commit(batch)
            if ended:
                return

    def _collect(self, first: _Write) -> tuple[list[_Write], bool]:
        batch = [first]
        while len(batch) < _BATCH and not self._waiting.empty():
            following = self._waiting.get()
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _commit(self, batch: list[_Write]) -> None:
        results = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results = [(write.done, *self._attempt(write.work)) for write in batch]
            self._before_commit()
            self._writer.execute("COMMIT")
        except Exception as error:  # a full disk, a broken file: every waiting caller must hear of it
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            results = [(write.done, None, error) for write in batch]
        for done, result, failure in results:
            _settle(done, result=result, failure=failure)
        self._tidy_up()

    def _tidy_up(self) -> None:
        try:
            self._after_commit(self._writer)
        except Exception:  # what was committed stays committed, and the next commit tries again
            log.exception("tidying up after a commit failed")

    def _attempt(self, work: Work[Any]) -> tuple[Any, Exception | None]:
        """Run one write of a batch so that its failure takes back its own changes only."""
        self._writer.execute("SAVEPOINT one")
        try:
            result = work(self._writer)
        except Exception as error:  # belongs to the caller who waits for this write
            self._writer.execute("ROLLBACK TO one")
            return None, error
        finally:
            self._writer.execute("RELEASE one")
        return result, None


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA case_sensitive_like = ON")
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make what is missing of the tables."""
    tables = resources.files("gql_api.embedded").joinpath("tables.sql").read_text()
    connection.executescript(f"BEGIN;\n{tables}\nCOMMIT;")


def _settle(done: Future[Any], *, result: Any, failure: Exception | None) -> None:
    if not done.set_running_or_notify_cancel():
        return
    if failure is None:
        done.set_result(result)
    else:
        done.set_exception(failure)
