"""Fresh databases for tests: the tables are made once for each kind, and copied for each test in milliseconds."""

import shutil
import sqlite3
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from gql_api.store.database import migrate
from postgres import Server


class Databases(Protocol):
    """One kind of database."""

    async def empty(self) -> str:
        """Make a database without tables and return its URL."""
        ...

    async def migrated(self) -> str:
        """Make a database with all tables and return its URL."""
        ...

    async def execute(self, url: str, statement: str) -> None:
        """Run a statement past our own code."""
        ...

    async def drop(self, url: str) -> None:
        """Take a database back, whoever is still connected to it."""
        ...


@dataclass
class SqliteDatabases:
    """Files in a folder."""

    folder: Path
    _numbers: "count[int]" = field(default_factory=count)
    _template: Path | None = None

    async def empty(self) -> str:
        return f"sqlite:///{self._new()}"

    async def migrated(self) -> str:
        if self._template is None:
            template = self._new()
            await migrate(f"sqlite:///{template}")
            self._template = template
        return f"sqlite:///{shutil.copyfile(self._template, self._new())}"

    async def execute(self, url: str, statement: str) -> None:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()

    async def drop(self, url: str) -> None:
        _remove(url.removeprefix("sqlite:///"))

    def _new(self) -> Path:
        return self.folder / f"{next(self._numbers)}.sqlite3"


def _remove(file: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(file + suffix).unlink(missing_ok=True)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$
DECLARE
    names text[] := ARRAY(SELECT quote_ident(tablename) FROM pg_tables
                          WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations');
    one text;
BEGIN
    EXECUTE 'LOCK ' || array_to_string(names, ', ');
    IF (SELECT max(pg_relation_size(name::regclass)) FROM unnest(names) AS name) > 65536 THEN
        EXECUTE 'TRUNCATE ' || array_to_string(names, ', ');
    ELSE
        FOREACH one IN ARRAY names LOOP EXECUTE 'DELETE FROM ' || one; END LOOP;
    END IF;
END $$
"""
"""To delete a few rows takes a tenth of what it takes to make all files of tables and indexes anew."""


@dataclass
class PostgresDatabases:
    """Databases of one server. One with tables is emptied and given out again: a new one takes ten times as long."""

    server: Server
    _numbers: "count[int]" = field(default_factory=count)
    _template: str | None = None
    _lent: set[str] = field(default_factory=set)
    _free: list[str] = field(default_factory=list)

    async def empty(self) -> str:
        return self.server.url(await self._new("template0"))

    async def migrated(self) -> str:
        if self._template is None:
            template = await self._new("template0")
            await migrate(self.server.url(template))
            self._template = template
        name = self._free.pop() if self._free else await self._new(self._template)
        self._lent.add(name)
        return self.server.url(name)

    async def execute(self, url: str, statement: str) -> None:
        await self.server.execute(statement, url=url)

    async def shut(self, url: str) -> None:
        """Let nobody connect any more, and end the connections that there are."""
        await self.server.execute(f"ALTER DATABASE {_name(url)} ALLOW_CONNECTIONS false")
        await self.server.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{_name(url)}'"  # noqa: S608
        )

    async def open(self, url: str) -> None:
        """Let everybody connect again."""
        await self.server.execute(f"ALTER DATABASE {_name(url)} ALLOW_CONNECTIONS true")

    async def only_read(self, url: str, *, begins: bool) -> None:
        """Let connections that are opened from now on take no writes, as at a standby, or take them again."""
        change = "SET default_transaction_read_only = on" if begins else "RESET default_transaction_read_only"
        await self.server.execute(f"ALTER DATABASE {_name(url)} {change}")

    async def drop(self, url: str) -> None:
        name = _name(url)
        if name in self._lent:
            await self.execute(url, _EMPTY)
            self._lent.remove(name)
            self._free.append(name)
        else:
            await self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _new(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self.server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name
