"""What an operator may say of the connections to PostgreSQL, seen from PostgreSQL's side."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from certificates import write_certificates
from sample_mappings import make_ready

from databases import Databases
from gql_api import model
from gql_api.store import leases, mappings
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, DatabaseUnreachable, InvalidDatabaseUrl, migrate, open_database

SHOWN = "SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout"
OWN = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@pytest.fixture
async def url(postgres_databases: Databases) -> AsyncIterator[str]:
    url = await postgres_databases.migrated()
    yield url
    await postgres_databases.drop(url)


async def asked(database: Database, statement: str) -> dict[str, Any]:
    [row] = await database.connection.execute_query_dict(statement)
    return row


async def test_postgresql_knows_whose_connection_it_is_and_ends_long_statements(url: str) -> None:
    mine = ConnectionOptions(application_name="mine", statement_seconds=0.25)
    async with open_database(url, migrate=False, options=mine) as database:
        assert await asked(database, SHOWN) == {"name": "mine", "timeout": "250ms"}
        with pytest.raises(asyncpg.QueryCanceledError):
            await database.connection.execute_query("SELECT pg_sleep(30)")
        assert await asked(database, SHOWN) == {"name": "mine", "timeout": "250ms"}


async def test_behind_a_pooler_long_statements_are_ended_from_here(url: str) -> None:
    async with open_database(
        url, migrate=False, options=ConnectionOptions(statement_seconds=0.25, pooled=True)
    ) as pooled:
        assert await asked(pooled, SHOWN) == {"name": "gql_api", "timeout": "0"}
        with pytest.raises(TimeoutError):
            await pooled.connection.execute_query("SELECT pg_sleep(30)")
        assert await asked(pooled, SHOWN) == {"name": "gql_api", "timeout": "0"}


async def test_a_process_opens_no_more_connections_than_it_may(url: str) -> None:
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_min=2, pool_max=3)) as database:
        assert (await asked(database, OWN))["count"] == 2
        counts = await asyncio.gather(*(asked(database, f"{OWN} AND pg_sleep(0.01) IS NOT NULL") for _ in range(12)))
        assert max(row["count"] for row in counts) == 3


async def test_connecting_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / ".s.PGSQL.5432"))
        silent.listen()
        with pytest.raises(DatabaseUnreachable, match="TimeoutError"):
            await migrate(f"postgresql://ada@/wherever?host={tmp_path}", ConnectionOptions(connect_seconds=0.1))


async def test_nothing_outlives_a_transaction_where_a_pooler_is_in_between(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as that shows without one: all that a session keeps is thrown away between two statements."""

    async def discard(connection: Any) -> None:
        await connection.execute("DISCARD ALL")

    monkeypatch.setattr("gql_api.store.connection_options._leave_as_it_is", discard)
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=2, pooled=True)):
        for _ in range(2):
            session = await make_ready(title="plan")
            hold = await leases.take("ada", session.id, holder="one", seconds=10)
            assert hold == leases.Hold(session, "one", 1)
            await leases.release(hold)
            reads = (mappings.count("ada", model.SessionFilter(title_contains="PLAN")) for _ in range(8))
            assert len(set(await asyncio.gather(*reads))) == 1
            assert await mappings.ready("ada", [session.id]) == {session.id: session}


class Tls:
    """What speaks TLS in front of PostgreSQL, whose own in the wheel for tests does not; it tells whether it had to."""

    def __init__(self, folder: Path, socket_file: Path, database: str) -> None:
        self.authority = str(folder / "ca.pem")
        self.port = 0
        self.was_asked = False
        self._socket_file = socket_file
        self._database = database
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")

    def url(self, host: str = "127.0.0.1", options: str = "") -> str:
        return f"postgresql://postgres@{host}:{self.port}/{self._database}{options}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take up TLS where it is asked for, and pass on all the rest."""
        first = await reader.readexactly(8)
        self.was_asked = first == SSL_REQUEST
        if self.was_asked:
            writer.write(b"S")
            await writer.start_tls(self._context)
            first = b""
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket_file)
        far_writer.write(first)
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


@pytest.fixture
async def tls(url: str, tmp_path: Path) -> AsyncIterator[Tls]:
    write_certificates(tmp_path, address="127.0.0.1")
    path, _, socket_folder = url.partition("?host=")
    line = Tls(tmp_path, Path(socket_folder) / ".s.PGSQL.5432", path.rpartition("/")[2])
    async with await asyncio.start_server(line.answer, "localhost", 0) as server:
        line.port = server.sockets[0].getsockname()[1]
        yield line


async def encrypted(line: Tls, url: str, **options: Any) -> bool:
    line.was_asked = False
    async with open_database(url, migrate=False, options=ConnectionOptions(**options)) as database:
        await database.ping()
    return line.was_asked


async def test_connections_are_encrypted_as_the_setting_or_the_url_says(tls: Tls) -> None:
    assert await encrypted(tls, tls.url())
    assert not await encrypted(tls, tls.url(), ssl_mode="disable")
    assert await encrypted(tls, tls.url(), ssl_mode="require")
    assert await encrypted(tls, tls.url(), ssl_mode="verify-full", ssl_root_cert=tls.authority)
    assert await encrypted(tls, tls.url("localhost"), ssl_mode="verify-ca", ssl_root_cert=tls.authority)
    assert await encrypted(
        tls, tls.url(options=f"?sslmode=verify-full&sslrootcert={tls.authority}"), ssl_mode="disable"
    )


@pytest.mark.parametrize(
    ("host", "mode", "is_known"),
    [("127.0.0.1", "verify-full", False), ("127.0.0.1", "verify-ca", False), ("localhost", "verify-full", True)],
)
async def test_a_server_that_cannot_be_verified_is_not_talked_to(
    tls: Tls, host: str, mode: str, is_known: bool
) -> None:
    authority = tls.authority if is_known else None
    with pytest.raises(DatabaseUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await encrypted(tls, tls.url(host), ssl_mode=mode, ssl_root_cert=authority)


async def test_certificates_that_cannot_be_used_are_named(tls: Tls, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ada")
    for file in (tmp_path / "absent", tmp_path / "letter"):
        with pytest.raises(InvalidDatabaseUrl, match=f"cannot be used: {file}$"):
            await encrypted(tls, tls.url(), ssl_mode="require", ssl_root_cert=str(file))
