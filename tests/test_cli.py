"""The command line: help that is quick, one line for what is wrong, servers that say where they are and end well."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from acontext import AcontextAsyncClient

from commands import TERMINATED, address_told, environment, running
from databases import Databases
from gql_api import __version__, cli
from gql_api.folder import claim, claim_database
from gql_api.schema import print_schema
from gql_api.settings import embedded_key

MODULES = """
import sys
from gql_api.cli import main
try:
    main(sys.argv[1:])
finally:
    loaded = {name.partition(".")[0] for name in sys.modules}
    print("LOADED", *sorted(loaded & {"acontext", "strawberry", "graphql", "tortoise", "uvicorn", "starlette"}))
"""


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder of one's own, with no setting of whoever runs the tests."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that cannot be run; return its one line."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    told = capsys.readouterr()
    assert (caught.value.code, told.out) == (2, "")
    assert told.err.startswith("gql-api: ")
    assert told.err.endswith("\n")
    assert told.err.count("\n") == 1
    return told.err.removeprefix("gql-api: ").removesuffix("\n")


def test_help_names_the_commands_and_loads_nothing_heavy(tmp_path: Path) -> None:
    for arguments in (["--help"], ["serve", "--help"], ["embedded", "--help"], ["--version"]):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", MODULES, *arguments],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(Path(cli.__file__).parents[1])),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        told, _, loaded = done.stdout.partition("LOADED")
        assert (done.returncode, done.stderr, loaded.strip()) == (0, "", "")
        if arguments == ["--help"]:
            assert all(f"  {name} " in told for name in ("serve", "schema", "migrate", "embedded"))
        if arguments == ["--version"]:
            assert told == f"gql-api {__version__}\n"


def test_a_server_says_where_it_is_serves_and_ends_when_it_is_told_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = 'mutation { createSession(input: {title: "kept"}) { session { title } errors { code } } }'
    with running("serve", "--port", "0", "--data-dir", "here", cwd=tmp_path) as process:
        url = address_told(process)
        made = httpx.post(url, json={"query": document}, timeout=30)
        assert made.json()["data"] == {"createSession": {"session": {"title": "kept"}, "errors": []}}
        page = httpx.get(url, headers={"accept": "text/html"}, timeout=30)
        assert page.headers["content-type"].startswith("text/html")

        line = refused(capsys, "serve", "--port", "0", "--data-dir", "here")
        assert line.startswith("GQL_API_DATA_DIR: another process is at work on the folder here.")

        process.terminate()
        # The signal that ended it is told to who started it, as uvicorn does; a supervisor takes that for a good end.
        assert process.wait(timeout=30) in (0, TERMINATED)


@pytest.mark.parametrize("production", [True, False])
def test_no_explorer_is_named_where_there_is_none(tmp_path: Path, production: bool) -> None:
    settings = {"GQL_API_PRODUCTION": str(production)}
    with running("serve", "--port", "0", "--data-dir", "here", cwd=tmp_path, **settings) as process:
        assert process.stdout
        told = ""
        while "curl" not in told:
            told += process.stdout.readline()
        page = httpx.get(told.split("curl ")[1].split()[0], headers={"accept": "text/html"}, timeout=30)
        assert page.headers["content-type"].startswith("text/html") is not production
        assert ("and explorer" in told) is not production


async def test_the_embedded_acontext_serves_the_real_sdk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ["--port", "0", "--data-dir", "here", "--api-key", "sk-ac-mine"]
    with running("embedded", *flags, cwd=tmp_path) as process:
        url = address_told(process)
        async with AcontextAsyncClient(api_key="sk-ac-mine", base_url=url) as sdk:
            session = await sdk.sessions.create(user="anna")
            disk = await sdk.disks.create(user="anna")
            await sdk.disks.artifacts.upsert(disk.id, file=("a.txt", b"hello"), file_path="/")
            found = await sdk.disks.artifacts.get(disk.id, file_path="/", filename="a.txt")
            assert [item.id for item in (await sdk.sessions.list(user="anna")).items] == [session.id]
        assert found.public_url is not None
        assert found.public_url.startswith(f"{url}/material/")
        async with httpx.AsyncClient() as anybody:
            assert (await anybody.get(found.public_url)).text == "hello"

        assert refused(capsys, "embedded", *flags).startswith(
            "--data-dir: another process is at work on the folder here."
        )
        process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("number", "host", "shown"),
    [(signal.SIGTERM, "0.0.0.0", "http://127.0.0.1:"), (signal.SIGINT, "localhost", "http://127.0.0.1:")],  # noqa: S104
)
def test_the_embedded_acontext_ends_in_order_from_when_it_is_ready(
    number: signal.Signals, host: str, shown: str, tmp_path: Path
) -> None:
    with running("embedded", "--port", "0", "--host", host, cwd=tmp_path) as process:
        assert address_told(process).startswith(shown)
        process.send_signal(number)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--port", "70000"], "--port: must be less than or equal to 65535."),
        (["--host", ""], "--host: must be an address or a name, without blanks and letters beyond ASCII."),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:0: "),
        (["--public-url", "example"], "--public-url: must be a URL that begins with http:// or https://."),
        (["--api-key", ""], "--api-key: must be a key without blanks, control characters and letters beyond ASCII."),
        (["--api-key", "two words"], "--api-key: must be a key without blanks"),
        (["--api-key-file", "file"], "--api-key-file: must be a key without blanks"),
        (["--api-key-file", "missing"], "--api-key-file: missing cannot be read: No such file or directory."),
        (["--api-key-file", "latin"], "--api-key-file: latin must be written in UTF-8."),
        (["--data-dir", "file"], "--data-dir: the folder file cannot be used: "),
        (["--data-dir", "file/below"], "--data-dir: the folder file/below cannot be used: "),
        (["--data-dir", "other"], "the data folder other/acontext cannot be used: "),
        (["--data-dir", "broken"], "the data folder broken/acontext cannot be used: file is not a database"),
    ],
)
def test_what_keeps_the_embedded_acontext_from_starting_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], flags: list[str], line: str
) -> None:
    Path("file").touch()
    Path("latin").write_bytes(b"\xe9")
    for name in ("other", "broken/acontext"):
        Path(name).mkdir(parents=True)
    Path("other/acontext").touch()
    Path("broken/acontext/acontext.sqlite3").write_bytes(b"not a database" * 100)

    assert refused(capsys, "embedded", "--port", "0", *flags).startswith(line)


def test_the_key_comes_from_a_flag_a_file_or_where_the_sdk_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("key").write_text("of-a-file\n", encoding="utf-8")
    Path(".env").write_text("ACONTEXT_API_KEY=of-another-program", encoding="utf-8")

    def key(given: str | None = None, file: Path | None = None) -> str:
        return embedded_key(given=given, file=file, default="the-default")

    assert key() == "the-default"
    monkeypatch.setenv("ACONTEXT_API_KEY", "")
    assert key() == "the-default"
    monkeypatch.setenv("ACONTEXT_API_KEY", "of-the-environment")
    assert (key(), key(file=Path("key")), key("of-a-flag")) == ("of-the-environment", "of-a-file", "of-a-flag")


def test_the_key_of_a_file_is_the_one_demanded(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of-a-file\n", encoding="utf-8")
    with running("embedded", "--port", "0", "--api-key-file", "key", cwd=tmp_path, ACONTEXT_API_KEY="other") as process:
        url = address_told(process)
        answers = [
            httpx.get(f"{url}/ping", headers={"authorization": f"Bearer {key}"}, timeout=30).status_code
            for key in ("of-a-file", "other")
        ]
    assert answers == [200, 401]


def test_what_is_wrong_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert refused(capsys, "serve", "--port", "70000").startswith("GQL_API_PORT: ")
    assert refused(capsys, "serve", "--workers", "2").startswith("GQL_API_WORKERS: SQLite")
    Path("file").touch()
    assert refused(capsys, "serve", "--port", "0", "--data-dir", "file").startswith("GQL_API_DATA_DIR: ")
    with claim(tmp_path / "taken"):
        line = refused(capsys, "serve", "--port", "0", "--data-dir", "taken")
        assert line.startswith("GQL_API_DATA_DIR: another process is at work on the folder taken.")
    with claim_database(tmp_path / "shared.sqlite3"), monkeypatch.context() as environment:
        environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shared.sqlite3")
        line = refused(capsys, "serve", "--port", "0", "--data-dir", "of-my-own")
        assert line.startswith(f"DATABASE_URL: another process is at work on the database {tmp_path}/shared.sqlite3.")
    with socket.create_server(("127.0.0.1", 0)) as other:
        flags = ("--port", str(other.getsockname()[1]), "--data-dir", "mine")
        assert refused(capsys, "embedded", *flags).startswith("cannot listen on 127.0.0.1:")
        line = refused(capsys, "serve", "--port", str(other.getsockname()[1]))
        assert line.startswith("GQL_API_HOST, GQL_API_PORT: cannot listen on 127.0.0.1:")
    with monkeypatch.context() as environment:
        environment.setenv("GQL_API_DOCUMENTS", "missing.json")
        line = refused(capsys, "serve", "--port", "0", "--data-dir", "mine")
        assert line == "GQL_API_DOCUMENTS: missing.json: cannot be read: No such file or directory."
    assert refused(capsys, "serve", "--host", "no.such.host.invalid").startswith("GQL_API_HOST: with GQL_API_AUTH=none")
    monkeypatch.setenv("GQL_API_ALLOW_ANONYMOUS", "true")
    for host in ("no.such.host.invalid", "x" * 64):
        assert refused(capsys, "serve", "--port", "0", "--host", host).startswith("GQL_API_HOST, GQL_API_PORT: ")
    monkeypatch.setenv("ACONTEXT_BASE_URL", "https://acontext.example")
    assert refused(capsys, "serve").startswith("ACONTEXT_API_KEY: ")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    secret = "s3cret-w0rd"  # noqa: S105 - what must not be shown
    for url in (
        f"mysql://user:{secret}@db/name",
        f"postgres://user:{secret}@/",
        f"postgres://u:{secret}@127.0.0.1:1/n",
    ):
        monkeypatch.setenv("DATABASE_URL", url)
        line = refused(capsys, *([command, "--port", "0"] if command == "serve" else [command]))
        assert line.startswith("DATABASE_URL: ")
        assert secret not in line


def test_a_database_is_migrated_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, databases: Databases
) -> None:
    url = asyncio.run(databases.empty())
    monkeypatch.setenv("DATABASE_URL", url)
    outputs = []
    for _ in range(2):
        cli.main(["migrate"])
        outputs.append(capsys.readouterr().out.splitlines())
    asyncio.run(databases.drop(url))
    *applied, last = outputs[0]
    assert applied
    assert all(line.startswith("applied ") for line in applied)
    assert [last] == outputs[1] == ["The tables are up to date."]


def test_a_database_without_any_setting_is_migrated_in_a_folder_that_is_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.main(["migrate"])
    assert capsys.readouterr().out.endswith("The tables are up to date.\n")
    assert (tmp_path / "data" / "gql_api.sqlite3").is_file()


def test_a_server_does_not_begin_on_a_postgresql_without_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, postgres_databases: Databases
) -> None:
    url = asyncio.run(postgres_databases.empty())
    monkeypatch.setenv("DATABASE_URL", url)
    assert refused(capsys, "serve", "--port", "0").startswith("DATABASE_URL: ")
    asyncio.run(postgres_databases.drop(url))


def test_the_schema_is_printed_written_and_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cli.main(["schema"])
    assert capsys.readouterr().out == print_schema()
    file = tmp_path / "schema.graphql"
    line = f"{file} is not the schema of this version; run: gql-api schema -o {file}"
    assert refused(capsys, "schema", "--check", str(file)) == line
    cli.main(["schema", "-o", str(file)])
    assert file.read_text(encoding="utf-8") == print_schema()
    cli.main(["schema", "--check", str(file)])
    file.write_text(print_schema() + "\n", encoding="utf-8")
    assert refused(capsys, "schema", "--check", str(file)) == line


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["unknown"], ["serve", "--port", "x"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 2
        assert "usage: gql-api" in capsys.readouterr().err
