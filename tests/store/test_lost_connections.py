"""Connections that die between two requests, or under one; the line to PostgreSQL can be cut here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sample_mappings import make_ready

from databases import Databases
from gql_api import model
from gql_api.errors import DatabaseUnavailable
from gql_api.store import mappings
from gql_api.store.changing import NO_CHANGE, change
from gql_api.store.database import open_database

SOCKET = ".s.PGSQL.5432"
TERMINATE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Line:
    """A socket in front of the real one, that hangs up on everybody while it is cut."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.refused = 0

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._open:
            writer.close()

    def mend(self) -> None:
        self._is_cut = False

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            self.refused += 1
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        self._open |= {writer, far_writer}
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        self._open -= {writer, far_writer}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def line(url: str, folder: Path) -> AsyncIterator[tuple[str, Line]]:
    """Put a line in front of the database of this URL."""
    place, _, socket_folder = url.partition("?host=")
    cuttable = Line(Path(socket_folder) / SOCKET)
    async with await asyncio.start_unix_server(cuttable.answer, folder / SOCKET):
        yield f"{place}?host={folder}", cuttable
        cuttable.cut()


async def test_reads_survive_the_loss_of_their_connections(postgres_databases: Databases) -> None:
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False):
        session = await make_ready()
        for _ in range(5):
            await postgres_databases.execute(url, TERMINATE_OTHERS)
            reads = (
                mappings.ready("ada", [session.id]),
                mappings.ready_by_disk("ada", [session.disk_id]),
                mappings.count("ada", model.SessionFilter()),
                mappings.disk_is_bound(session.disk_id),
            )
            answers = tuple(await asyncio.gather(*reads))

            assert answers == ({session.id: session}, {session.disk_id: session}, 1, True)


async def test_a_read_gives_up_while_the_line_is_cut_and_works_when_it_is_mended(
    postgres_databases: Databases, tmp_path: Path
) -> None:
    async with (
        line(await postgres_databases.migrated(), tmp_path) as (url, cuttable),
        open_database(url, migrate=False),
    ):
        session = await make_ready()
        cuttable.cut()

        with pytest.raises(DatabaseUnavailable):
            await mappings.ready("ada", [session.id])
        attempts = cuttable.refused
        cuttable.mend()

        assert await mappings.ready("ada", [session.id]) == {session.id: session}
        assert 2 <= attempts <= 3


async def test_a_write_is_not_repeated(postgres_databases: Databases, tmp_path: Path) -> None:
    async with (
        line(await postgres_databases.migrated(), tmp_path) as (url, cuttable),
        open_database(url, migrate=False),
    ):
        session = await make_ready()
        cuttable.cut()

        with pytest.raises(DatabaseUnavailable):
            await change("ada", session.id, NO_CHANGE, now=session.updated_at)

        assert cuttable.refused <= 1
