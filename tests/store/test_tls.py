"""TLS to PostgreSQL is as the setting or the URL says: seen by a real server, and where none is, by a stand-in."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from certificates import write_certificates
from tls_in_front import TlsInFront

from databases import PostgresDatabases
from gql_api.cli import main
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, DatabaseUnreachable, InvalidDatabaseUrl, open_database
from postgres import NO_TLS, NoPostgres, Server, programs_of_the_machine, running_server

HERE, BY_NAME = "127.0.0.1", "localhost"
"""The certificate is for the address alone."""
ENCRYPTED = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
POOLED = """
SELECT bool_and(ssl) AS ssl, count(*)::int AS count FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE application_name = 'gql_api'
"""
UNKNOWN = "unable to get local issuer certificate"
MISMATCH = "Hostname mismatch, certificate is not valid for 'localhost'."
SEALED = "hostnossl sealed all all reject\n"
WITH_TLS = pytest.mark.skipif(not programs_of_the_machine(), reason=NO_TLS)


@dataclass(frozen=True)
class Line:
    """A way to a PostgreSQL that speaks TLS."""

    port: int
    database: str
    front: TlsInFront | None = None

    def url(self, host: str = HERE, options: str = "") -> str:
        return f"postgresql://postgres@{host}:{self.port}/{self.database}{options}"

    async def is_encrypted(self, database: Database) -> bool:
        if self.front:
            return self.front.was_asked
        [row] = await database.connection.execute_query_dict(ENCRYPTED)
        assert row in ({"ssl": True, "version": "TLSv1.3"}, {"ssl": False, "version": None})
        return bool(row["ssl"])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server's certificate and its CA."""
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder, address=HERE)
    return folder


@pytest.fixture(scope="module")
def authorities(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, str | None]:
    """Files of CA certificates: the right one, and another's of the same name; with neither it is the system's."""
    folder = tmp_path_factory.mktemp("others")
    write_certificates(folder, address=HERE)
    return {"right": str(certificates / "ca.pem"), "wrong": str(folder / "ca.pem"), None: None}


@pytest.fixture(scope="module")
def server(certificates: Path) -> Iterator[Server]:
    """A real PostgreSQL with ssl=on; its database `sealed` takes nothing unencrypted."""
    try:
        with running_server(certificates) as server:
            hba = server.folder / "data" / "pg_hba.conf"
            hba.write_text(SEALED + hba.read_text())
            asyncio.run(server.execute("SELECT pg_reload_conf()"))
            asyncio.run(server.execute("CREATE DATABASE sealed"))
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@asynccontextmanager
async def in_front(databases: PostgresDatabases, certificates: Path | None) -> AsyncIterator[Line]:
    url = await databases.migrated()
    front = TlsInFront(databases.server.socket, certificates)
    async with await asyncio.start_server(front.answer, BY_NAME, 0) as serving:
        yield Line(serving.sockets[0].getsockname()[1], url.partition("@/")[2].partition("?")[0], front)
    await databases.drop(url)


@pytest.fixture
async def line_in_front(postgres_databases: PostgresDatabases, certificates: Path) -> AsyncIterator[Line]:
    """TLS in front of the tests' PostgreSQL."""
    async with in_front(postgres_databases, certificates) as line:
        yield line


@pytest.fixture
def own_line(server: Server) -> Line:
    """PostgreSQL's own TLS."""
    return Line(server.port, "postgres")


@pytest.fixture(params=[pytest.param("own_line", marks=WITH_TLS), "line_in_front"])
def line(request: pytest.FixtureRequest) -> Line:
    """Both, one after the other."""
    chosen: Line = request.getfixturevalue(request.param)
    return chosen


async def encrypted(line: Line, url: str, **options: Any) -> bool:
    async with open_database(url, migrate=True, options=ConnectionOptions(**options)) as database:
        return await line.is_encrypted(database)


async def failure(url: str, **options: Any) -> str:
    """Give the message that this is refused with, without the place in Python's own source."""
    with pytest.raises(DatabaseUnreachable) as refused:
        async with open_database(url, migrate=True, options=ConnectionOptions(**options)):
            pass
    return re.sub(r" \(_ssl\.c:\d+\)$", "", str(refused.value))


@pytest.mark.parametrize(
    ("mode", "host", "authority", "is_encrypted"),
    [
        (None, HERE, None, True),
        ("disable", HERE, None, False),
        ("allow", HERE, None, False),
        ("prefer", HERE, None, True),
        ("require", BY_NAME, None, True),
        ("require", BY_NAME, "right", True),
        ("verify-ca", BY_NAME, "right", True),
        ("verify-full", HERE, "right", True),
    ],
)
async def test_connections_are_encrypted_as_the_setting_says(
    line: Line, authorities: Any, mode: str | None, host: str, authority: str | None, is_encrypted: bool
) -> None:
    told = await encrypted(line, line.url(host), ssl_mode=mode, ssl_root_cert=authorities[authority])
    assert told is is_encrypted


async def test_what_the_url_says_goes_first(line: Line, authorities: Any) -> None:
    options = f"?sslmode=verify-full&sslrootcert={authorities['right']}"
    assert await encrypted(line, line.url(options=options), ssl_mode="disable", ssl_root_cert=authorities["wrong"])
    assert not await encrypted(line, line.url(options="?sslmode=disable"), ssl_mode="require")


@pytest.mark.parametrize(
    ("mode", "host", "authority", "reason"),
    [
        ("require", HERE, "wrong", UNKNOWN),
        ("verify-ca", HERE, "wrong", UNKNOWN),
        ("verify-ca", HERE, None, UNKNOWN),
        ("verify-full", HERE, "wrong", UNKNOWN),
        ("verify-full", HERE, None, UNKNOWN),
        ("verify-full", BY_NAME, "right", MISMATCH),
    ],
)
async def test_a_server_that_cannot_be_verified_is_not_talked_to(
    line: Line, authorities: Any, mode: str, host: str, authority: str | None, reason: str
) -> None:
    assert await failure(line.url(host), ssl_mode=mode, ssl_root_cert=authorities[authority]) == (
        f"The database cannot be opened: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}"
    )


async def test_certificates_that_cannot_be_used_are_named(line: Line, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ada")
    for file in (tmp_path / "absent", tmp_path / "letter"):
        with pytest.raises(InvalidDatabaseUrl) as refused:
            await encrypted(line, line.url(), ssl_mode="require", ssl_root_cert=str(file))
        assert str(refused.value) == f"The file of CA certificates cannot be used: {file}"


@WITH_TLS
async def test_each_connection_of_the_pool_is_encrypted(own_line: Line, authorities: Any) -> None:
    options = ConnectionOptions(pool_min=3, ssl_mode="verify-full", ssl_root_cert=authorities["right"])
    async with open_database(own_line.url(), migrate=True, options=options) as database:
        assert await database.connection.execute_query_dict(POOLED) == [{"ssl": True, "count": 3}]


@WITH_TLS
async def test_a_server_that_wants_tls_is_not_reached_without_it(own_line: Line) -> None:
    sealed = replace(own_line, database="sealed")
    assert await encrypted(sealed, sealed.url())
    assert await failure(sealed.url(), ssl_mode="disable") == (
        'The database cannot be opened: pg_hba.conf rejects connection for host "127.0.0.1", user "postgres", '
        'database "sealed", no encryption'
    )


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_without_tls_is_not_talked_to_where_it_is_required(
    postgres_databases: PostgresDatabases, authorities: Any, mode: str
) -> None:
    async with in_front(postgres_databases, None) as line:
        assert await failure(line.url(), ssl_mode=mode, ssl_root_cert=authorities["right"]) == (
            f'The database cannot be opened: PostgreSQL server at "{HERE}:{line.port}" rejected SSL upgrade'
        )


@WITH_TLS
def test_a_command_takes_tls_from_the_environment(
    server: Server, authorities: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", Line(server.port, "sealed").url())
    monkeypatch.setenv("DATABASE_SSL_MODE", "verify-full")
    monkeypatch.setenv("DATABASE_SSL_ROOT_CERT", authorities["right"])
    main(["migrate"])
    assert capsys.readouterr().out.endswith("The tables are up to date.\n")
    monkeypatch.setenv("DATABASE_SSL_ROOT_CERT", authorities["wrong"])
    with pytest.raises(SystemExit) as ended:
        main(["migrate"])
    assert ended.value.code == 2
    assert re.sub(r"_ssl\.c:\d+", "_ssl.c", capsys.readouterr().err) == (
        "gql-api: DATABASE_URL: The database cannot be opened: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
        f"failed: {UNKNOWN} (_ssl.c)\n"
    )
