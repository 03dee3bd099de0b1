"""`gql-api doctor`: what it says of good and bad surroundings, and that it is what the page on operations shows."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import Databases
from doctoring import doctor, said_of, set_nothing
from embedded.alone import KEY, Alone, alone
from standin import standin

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
SECRET = "s3cret-w0rd"  # noqa: S105 - what must not be shown


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_nothing(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def acontext(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """The embedded Acontext on a port of its own."""
    with alone(tmp_path_factory.mktemp("acontext")) as running:
        yield running


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def shown(section: str) -> str:
    """Give the report that the page shows under a heading."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"### {section}\n")
    found = re.search(r"```text\n\$ gql-api doctor\n(.*?)```", rest, re.DOTALL)
    assert found
    return comparable(found[1])


def comparable(report: str) -> str:
    """Take out what differs: numbers and the blanks of their width; the explorer, which is not built everywhere."""
    report = re.sub(r"[✓!] explorer.*\n( +→ Run make explorer.*\n)?", "", report)
    report = re.sub(r"\n\n.*\.\n$", "", report)
    report = re.sub(r"(?<=[ :])\d+(\.\d+)*", "N", report)
    return re.sub(" +", " ", report.replace(str(Path.cwd()), "/srv/gql_api"))


def test_without_any_setting_nothing_is_amiss(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, report = doctor(capsys)
    assert code == 0
    assert "✓ data folder" in report
    assert report.endswith(".\n")
    assert list(tmp_path.iterdir()) == []  # it changes nothing


def test_a_good_run_is_as_the_page_shows(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    postgres_databases: Databases,
    acontext: Alone,
) -> None:
    url = asyncio.run(postgres_databases.migrated())
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("ACONTEXT_BASE_URL", acontext.base_url)
    monkeypatch.setenv("ACONTEXT_API_KEY", KEY)
    code, report = doctor(capsys)
    again, findings = doctor(capsys, "--json")
    asyncio.run(postgres_databases.drop(url))
    assert (code, again) == (0, 0)
    assert comparable(report) == shown("A good run")
    assert {one["mark"] for one in json.loads(findings)} <= {"ok", "warning"}


def test_a_bad_run_is_as_the_page_shows_and_has_no_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, taken: int, acontext: Alone
) -> None:
    for name, value in {
        "DATABASE_URL": f"postgres://user:{SECRET}@127.0.0.1:1/name",
        "ACONTEXT_BASE_URL": acontext.base_url,
        "ACONTEXT_API_KEY": SECRET,
        "GQL_API_HOST": "127.0.0.1",
        "GQL_API_PORT": str(taken),
        "GQL_API_METRIC_TOKEN": SECRET,
        "GQL_API_AUTH": "jwt",
        "GQL_API_JWT_ALGORITHMS": "RS256",
        "GQL_API_JWT_ISSUER": "https://issuer.example",
        "GQL_API_JWT_AUDIENCE": "gql_api",
        "GQL_API_JWT_JWKS_URL": "http://127.0.0.1:1/keys",
    }.items():
        monkeypatch.setenv(name, value)
    code, report = doctor(capsys)
    assert code == 1
    assert SECRET not in report
    assert comparable(report) == shown("A bad run")


def test_a_clock_of_acontext_that_is_wrong_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with standin(date="Sat, 01 Jan 2000 00:00:00 GMT") as late:
        monkeypatch.setenv("ACONTEXT_BASE_URL", late.url)
        monkeypatch.setenv("ACONTEXT_API_KEY", KEY)
        code, report = doctor(capsys)
    found, advice = said_of("Acontext clock", report)
    assert re.fullmatch(r"! Acontext clock \d+ s behind this machine's", found)
    assert advice == "→ Let both follow a time server (NTP)."
    assert code == 1  # for the key


def test_all_settings_that_cannot_be_read_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GQL_API_PORT", "x")
    monkeypatch.setenv("ACONTEXT_API_KEY", f"{SECRET}\n")
    code, report = doctor(capsys)
    assert code == 2
    assert [line.split()[2] for line in report.splitlines() if line.startswith("✗")] == [
        "GQL_API_PORT:",
        "ACONTEXT_API_KEY:",
    ]
    assert report.endswith("\n2 faults.\n")
    assert SECRET not in report
    monkeypatch.setenv("GQL_API_PORT", "1")
    monkeypatch.setenv("ACONTEXT_API_KEY", "")
    monkeypatch.setenv("GQL_API_WORKERS", "2")
    assert doctor(capsys) == (
        2,
        "✗ setting  GQL_API_WORKERS: SQLite and the embedded Acontext serve one process; more need DATABASE_URL with "
        "PostgreSQL and ACONTEXT_BASE_URL.\n"
        "           → Put it right; the README has the settings.\n\n1 fault.\n",
    )


def test_a_database_without_tables_is_told_what_to_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, postgres_databases: Databases
) -> None:
    url = asyncio.run(postgres_databases.empty())
    monkeypatch.setenv("DATABASE_URL", url)
    code, report = doctor(capsys)
    asyncio.run(postgres_databases.drop(url))
    assert code == 1
    assert re.search(
        r"✗ database +The database lacks \d+ migration\(s\) of this version\.\n +→ Run gql-api migrate\.", report
    )


def test_a_folder_that_cannot_be_used_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GQL_API_DATA_DIR", str(tmp_path / "file" / "below"))
    code, report = doctor(capsys)
    assert code == 1
    assert "✗ data folder" in report


def test_documents_that_are_trusted_are_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "Who.graphql"
    monkeypatch.setenv("GQL_API_DOCUMENTS", file.name)
    file.write_text("{ viewer { id } }")
    code, report = doctor(capsys)
    assert (code, said_of("documents", report)) == (0, ["✓ documents 1 of them trusted"])

    file.write_text("{ nosuch }")
    code, report = doctor(capsys)
    fault = "✗ documents GQL_API_DOCUMENTS: Who.graphql:1:3: Cannot query field 'nosuch' on type 'Query'."
    assert (code, said_of("documents", report)) == (1, [fault, "→ Run gql-api documents check Who.graphql"])
