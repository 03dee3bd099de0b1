"""What Acontext has, walked through once and kept aside in a file, so that memory stays as it is with any number."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from gql_api.upstream.gateway import Gateway
from gql_api.upstream.inventory import Listed, Things

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE lines (things TEXT, id BLOB, line INTEGER, PRIMARY KEY (things, id)) WITHOUT ROWID;
CREATE TABLE listed (
    things TEXT, id BLOB, created_at TEXT, owner BLOB, PRIMARY KEY (things, id)
) WITHOUT ROWID;
"""
_ONE = "SELECT created_at, owner FROM listed WHERE things = ? AND id = ?"

_OWNED = "SELECT id FROM listed WHERE owner = ? AND things = ? ORDER BY created_at, id"


class Aside:
    """A file of its own for ids: about 75 bytes for each line, and 80 for each session and disk of Acontext."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def first_line(self, things: Things, id: UUID, line: int) -> int:
        """Note on which line this id is, and return on which it was first."""
        noted = self._connection.execute(
            "INSERT INTO lines VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (things, id.bytes, line)
        )
        if noted.rowcount:
            return line
        found = self._connection.execute("SELECT line FROM lines WHERE things = ? AND id = ?", (things, id.bytes))
        return int(found.fetchone()[0])

    def keep(self, things: Things, items: Collection[Listed]) -> None:
        """Keep what was listed."""
        self._connection.executemany(
            "INSERT INTO listed VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(things, one.id.bytes, one.created_at.isoformat(), one.owner and one.owner.bytes) for one in items],
        )

    def by_owner(self) -> None:
        """Make ready for `owned`: what is kept is complete."""
        self._connection.execute("CREATE INDEX IF NOT EXISTS listed_by_owner ON listed (owner, things, created_at)")

    def owned(self, things: Things, owner: UUID) -> list[UUID]:
        """Return what this Acontext user owns of what was listed, oldest first."""
        rows = self._connection.execute(_OWNED, (owner.bytes, things)).fetchall()
        return [UUID(bytes=id) for (id,) in rows]

    def kept(self, things: Things, ids: Collection[UUID]) -> dict[UUID, Listed]:
        """Return those of these that were listed."""
        found = {id: self._connection.execute(_ONE, (things, id.bytes)).fetchone() for id in ids}
        return {
            id: Listed(id, datetime.fromisoformat(row[0]).astimezone(UTC), UUID(bytes=row[1]) if row[1] else None)
            for id, row in found.items()
            if row
        }


@contextmanager
def aside() -> Iterator[Aside]:
    """Open such a file in the folder for temporary files, and remove it at the end."""
    with (
        TemporaryDirectory(prefix="gql-api-") as folder,
        closing(sqlite3.connect(Path(folder) / "ids.sqlite3", isolation_level=None)) as connection,
    ):
        connection.executescript(_TABLES)
        connection.execute("BEGIN")  # nothing here outlives the process, so nothing is ever committed
        yield Aside(connection)


class Inventory:
    """Acontext's sessions and disks. Each list is read on from where it was left, only as far as is needed."""

    def __init__(self, gateway: Gateway, aside: Aside) -> None:
        self._calls = gateway.inventory
        self._aside = aside
        self._places: dict[Things, str | None] = {"sessions": None, "disks": None}

    async def find(self, things: Things, ids: Collection[UUID]) -> dict[UUID, Listed]:
        """Return those of these that Acontext has; raise an `UpstreamFailure`."""
        found = self._aside.kept(things, ids)
        wanted, more = set(ids) - found.keys(), True
        while wanted and more:
            items, more = await self._read_on(things)
            found |= {one.id: one for one in items if one.id in wanted}
            wanted -= found.keys()
        return found

    async def complete(self, things: Things) -> None:
        """Read the list to its end; raise an `UpstreamFailure`."""
        more = True
        while more:
            _, more = await self._read_on(things)

    async def _read_on(self, things: Things) -> tuple[list[Listed], bool]:
        page = await self._calls.page(things, self._places[things])
        self._aside.keep(things, page.items)
        self._places[things] = page.place
        return page.items, page.more
