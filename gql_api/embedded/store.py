"""Opens and closes what all routes share: the tables, the bytes, the clock and the signer of public URLs."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from gql_api.embedded.clock import Clock
from gql_api.embedded.database import Database, connect, create_tables
from gql_api.embedded.lanes import Lanes
from gql_api.embedded.signing import Signer
from gql_api.embedded.storage import Storage
from gql_api.holding import holding

_TIMED = ("users", "sessions", "messages", "events", "disks", "artifacts")


@dataclass(frozen=True, slots=True)
class Store:
    """The state of one embedded Acontext, which is one project."""

    database: Database
    lanes: Lanes
    storage: Storage
    clock: Clock
    signer: Signer
    project_id: str


@asynccontextmanager
async def open_store(folder: Path, *, public_url: str) -> AsyncIterator[Store]:
    """Open the data folder, made if it is not there; raise `AlreadyHeld` while anybody else has it open."""
    with claimed(folder):
        store = await asyncio.to_thread(_open, folder, public_url)
        try:
            yield store
        finally:
            await asyncio.to_thread(_close, store)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold the data folder, made if it is not there; raise `AlreadyHeld`.

    A second store would sweep away what the first is about to name, and give moments that the first gave.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with holding(folder / "in-use.lock"):
        yield


def _open(folder: Path, public_url: str) -> Store:
    storage = Storage(folder)
    path = folder / "acontext.sqlite3"
    with closing(connect(path)) as connection:
        create_tables(connection)
        storage.tidy(connection)
        facts = {name: _fact(connection, name, fresh) for name, fresh in _fresh_facts().items()}
        latest = max(_latest(connection, table) for table in _TIMED)
    return Store(
        database=Database(path, before_commit=storage.sync, after_commit=storage.sweep),
        lanes=Lanes("acontext-worker"),
        storage=storage,
        clock=Clock(after=latest),
        signer=Signer(secret=bytes.fromhex(facts["url_secret"]), public_url=public_url.rstrip("/")),
        project_id=facts["project_id"],
    )


def _close(store: Store) -> None:
    store.lanes.close()
    store.database.close()


def _fresh_facts() -> dict[str, str]:
    return {"project_id": str(uuid4()), "url_secret": secrets.token_hex(32)}


def _fact(connection: sqlite3.Connection, name: str, fresh: str) -> str:
    """Give a fact that is chosen once for the life of the data folder."""
    connection.execute("INSERT OR IGNORE INTO facts (name, value) VALUES (?, ?)", (name, fresh))
    value: str = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0]
    return value


def _latest(connection: sqlite3.Connection, table: str) -> int:
    query = f"SELECT coalesce(max(created_at), 0) FROM {table}"  # noqa: S608  the names above
    moment: int = connection.execute(query).fetchone()[0]
    return moment
