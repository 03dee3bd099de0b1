"""What `gql-api doctor` says of a database: which setting is wrong, and whether two URLs lead to the same one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import PostgresDatabases
from doctoring import Ask, asking, said_of
from gql_api.cli import main
from pgbouncer import ABSENT, pooled, pooling, program

ELSEWHERE = [
    "✗ direct database DATABASE_DIRECT_URL leads to another database than DATABASE_URL",
    "→ Look at host, port and name of the database in both: they are to lead to one, with a pooler in between or not.",
]
SAME = ["✓ direct database reached, tables up to date"]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    return asking(monkeypatch, tmp_path, capsys)


@pytest.fixture
def url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    made = asyncio.run(postgres_databases.migrated())
    yield made
    asyncio.run(postgres_databases.drop(made))


@pytest.fixture
def empty(postgres_databases: PostgresDatabases) -> Iterator[str]:
    made = asyncio.run(postgres_databases.empty())
    yield made
    asyncio.run(postgres_databases.drop(made))


def test_a_direct_url_to_another_database_is_told_whether_it_has_tables_or_not(
    ask: Ask, url: str, empty: str, postgres_databases: PostgresDatabases
) -> None:
    code, report = ask(DATABASE_URL=url, DATABASE_DIRECT_URL=empty)
    assert (code, said_of("direct database", report)) == (1, ELSEWHERE)
    assert "Run gql-api migrate" not in report
    other = asyncio.run(postgres_databases.migrated())
    code, report = ask(DATABASE_DIRECT_URL=other)
    asyncio.run(postgres_databases.drop(other))
    assert (code, said_of("direct database", report)) == (1, ELSEWHERE)


def test_a_database_that_takes_no_writes_is_a_fault(ask: Ask, url: str, postgres_databases: PostgresDatabases) -> None:
    asyncio.run(postgres_databases.only_read(url, begins=True))
    try:
        code, report = ask(DATABASE_URL=url)
    finally:
        asyncio.run(postgres_databases.only_read(url, begins=False))
    [found, advice] = said_of("database", report)
    assert (code, advice) == (1, "→ Let DATABASE_URL lead to the primary.")
    assert found.endswith("takes no writes: a standby, or default_transaction_read_only")


def test_nobody_is_told_to_migrate_the_wrong_database(ask: Ask, url: str, empty: str) -> None:
    code, report = ask(DATABASE_URL=empty, DATABASE_DIRECT_URL=url)
    assert (code, said_of("direct database", report)) == (1, ELSEWHERE)
    assert said_of("database", report)[1] == (
        "→ Put DATABASE_URL and DATABASE_DIRECT_URL right first, then run gql-api migrate."
    )


def test_the_same_database_is_known_by_two_names_and_without_rights(
    ask: Ask, url: str, postgres_databases: PostgresDatabases
) -> None:
    asyncio.run(postgres_databases.execute(url, "CREATE ROLE doctors_guest LOGIN"))
    try:
        guest = url.replace("postgres@", "doctors_guest@")
        asyncio.run(postgres_databases.execute(url, "GRANT SELECT ON tortoise_migrations TO doctors_guest"))
        code, report = ask(DATABASE_URL=guest, DATABASE_DIRECT_URL=f"{url}&user=postgres")
    finally:
        asyncio.run(postgres_databases.execute(url, "DROP OWNED BY doctors_guest; DROP ROLE doctors_guest"))
    assert (code, said_of("direct database", report)) == (0, SAME)


def test_an_empty_database_at_both_ends_is_told_what_to_run(ask: Ask, empty: str) -> None:
    code, report = ask(DATABASE_URL=empty, DATABASE_DIRECT_URL=empty)
    assert (code, said_of("database", report)[1]) == (1, "→ Run gql-api migrate.")
    assert said_of("direct database", report) == [
        "✗ direct database reached; its tables are not up to date",
        "→ Run gql-api migrate.",
    ]


@pytest.mark.skipif(program() is None, reason=ABSENT)
def test_the_same_database_is_known_through_a_pooler(
    ask: Ask, url: str, empty: str, postgres_databases: PostgresDatabases
) -> None:
    with pooling(postgres_databases.server) as folder:
        code, report = ask(DATABASE_URL=pooled(url, folder), DATABASE_DIRECT_URL=url)
        assert (code, said_of("direct database", report)) == (0, SAME)
        code, report = ask(DATABASE_DIRECT_URL=empty)
        assert (code, said_of("direct database", report)) == (1, ELSEWHERE)


def test_the_setting_that_names_no_certificates_is_told_by_its_name(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, file = "postgresql://127.0.0.1:1/name", tmp_path / "ca.pem"
    named = f"{plain}?sslmode=verify-full&sslrootcert={file}"
    found = f"The file of CA certificates cannot be used: {file}"
    readable = "name a file that can be read here, of certificates in PEM."

    code, report = ask(DATABASE_URL=named)
    assert (code, said_of("database", report)) == (
        1,
        [f"✗ database {found}", f"→ Let sslrootcert in DATABASE_URL {readable}"],
    )
    code, report = ask(DATABASE_URL=plain, DATABASE_DIRECT_URL=named)
    assert (code, said_of("direct database", report)) == (
        1,
        [f"✗ direct database {found}", f"→ Let sslrootcert in DATABASE_DIRECT_URL {readable}"],
    )
    code, report = ask(DATABASE_DIRECT_URL=plain, DATABASE_SSL_MODE="verify-full", DATABASE_SSL_ROOT_CERT=str(file))
    for subject in ("database", "direct database"):
        assert said_of(subject, report) == [f"✗ {subject} {found}", f"→ Let DATABASE_SSL_ROOT_CERT {readable}"]
    for command in (["migrate"], ["serve", "--port", "0", "--host", "127.0.0.1"]):
        monkeypatch.setenv("ACONTEXT_BASE_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("ACONTEXT_API_KEY", "key")
        with pytest.raises(SystemExit):
            main(command)
        assert capsys.readouterr().err == f"gql-api: DATABASE_SSL_ROOT_CERT: {found}\n"


def test_a_folder_that_is_not_there_is_told_by_the_setting_it_is_from(ask: Ask, tmp_path: Path) -> None:
    code, report = ask(DATABASE_URL=f"sqlite:///{tmp_path}/none/file.sqlite3")
    assert (code, said_of("database", report)) == (
        1,
        [
            f"✗ database The folder of the SQLite file is not there: {tmp_path}/none",
            "→ Make it, or name another in DATABASE_URL.",
        ],
    )
    (tmp_path / "file").touch()
    code, report = ask(DATABASE_URL="", GQL_API_DATA_DIR=str(tmp_path / "file"))
    assert (code, said_of("database", report)[1]) == (1, "→ Put GQL_API_DATA_DIR right.")


def test_a_url_that_is_none_is_told(ask: Ask) -> None:
    code, report = ask(DATABASE_URL="mysql://host/name")
    assert (code, said_of("database", report)) == (
        1,
        [
            "✗ database The database URL must begin with sqlite:// or postgresql://.",
            "→ Put DATABASE_URL right.",
        ],
    )
