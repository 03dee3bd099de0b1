"""`gql-api mappings`: a table kept elsewhere goes in and comes out again, on both databases; exit codes and words."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from api.odd_upstream import OddUpstream
from api.upstream import KEY
from commands import environment
from databases import Databases, PostgresDatabases
from gql_api import cli
from gql_api.app import create_app
from gql_api.embedded import open_acontext
from gql_api.folder import claim
from gql_api.settings import read_settings
from interrupting import Terminal, Trickle, in_a_thread

HEAD = "user,session,disk,title,created_at\n"
EXPORTED = "user,session,disk,title,created_at,pinned_at,archived_at,last_activity_at,tags,forked_from\n"
AT = "2024-02-29T23:59:59.999999+00:00"
Ask = Callable[..., Awaitable[Any]]
Run = Callable[..., tuple[int, str, str]]
CLEAR = "\r\x1b[K"
ON_POSTGRES = pytest.mark.parametrize("databases", ["postgres"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""One kind is enough where the database has no part in it."""


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder of one's own, with no setting of whoever runs the tests; the data are in `data`."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mappings` with its arguments; give exit code, output and errors."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def running(*arguments: str) -> tuple[int, str, str]:
        code: Any = 0
        try:
            cli.main(["mappings", *arguments])
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return running


def in_acontext(work: Callable[[Ask], Awaitable[Any]]) -> Any:
    """Do something in the embedded Acontext that the commands use."""

    async def working() -> Any:
        upstream = OddUpstream()
        async with open_acontext(Path("data/acontext"), api_key=KEY, public_url="http://api.test") as acontext:
            upstream.in_front_of(httpx.ASGITransport(acontext.app))
            return await work(upstream.ask)

    Path("data").mkdir(exist_ok=True)
    return asyncio.run(working())


def bound_upstream(*users: str) -> list[tuple[str, str]]:
    """Make sessions of these users and disks of nobody's, as programs without this server do."""

    async def make(ask: Ask) -> list[tuple[str, str]]:
        sessions = [(await ask("POST", "/session", json={"user": user}))["id"] for user in users]
        return [(session, (await ask("POST", "/disk", json={}))["id"]) for session in sessions]

    made: list[tuple[str, str]] = in_acontext(make)
    return made


async def asked(user: str, query: str) -> Any:
    """Ask the server on the same data."""
    settings = read_settings(GQL_API_ALLOWED_HOSTS="api.test")
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api.test") as http,
    ):
        return (await http.post("/graphql", json={"query": query}, headers={"x-user": user})).json()["data"]


def test_what_was_taken_over_is_served_and_deleted_with_its_disk(run: Run) -> None:
    [(session, disk), (others, other_disk)] = bound_upstream("ada", "bob")
    Path("table.csv").write_text(HEAD + f"ada,{session},{disk},Oslo,{AT}\nbob,{others},{other_disk},,{AT}\n")
    assert run("import", "table.csv") == (0, "2 lines: 2 in, 0 in already, 0 refused.\n", "")

    listed = "{ sessions { nodes { acontextId id title createdAt disk { acontextId } } } }"
    [found] = asyncio.run(asked("ada", listed))["sessions"]["nodes"]
    id = found.pop("id")
    assert found == {
        "acontextId": session,
        "title": "Oslo",
        "createdAt": "2024-02-29T23:59:59.999999Z",
        "disk": {"acontextId": disk},
    }
    delete = f'mutation {{ deleteSession(input: {{id: "{id}"}}) {{ deletedSessionId errors {{ code }} }} }}'
    assert asyncio.run(asked("ada", delete)) == {"deleteSession": {"deletedSessionId": id, "errors": []}}

    async def left(ask: Ask) -> list[list[str]]:
        return [[one["id"] for one in (await ask("GET", path))["items"]] for path in ("/session", "/disk")]

    assert in_acontext(left) == [[others], [other_disk]]


def test_what_was_written_out_goes_into_an_empty_database_and_comes_out_the_same(
    run: Run, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bound_upstream(*("ada", "bob") * 3)
    titles = [None, "", "日本\u2028", '"a", b', "=1+1", "'"]
    nothing = dict.fromkeys(("pinned_at", "archived_at", "last_activity_at", "tags", "forked_from"))
    organised: dict[str, Any] = {"pinned_at": AT, "archived_at": AT, "last_activity_at": AT, "tags": ["b", 'Ä, "q"']}
    organised["forked_from"] = made[1][0]
    rows = [
        {"user": ("ada", "bob")[number % 2], "session": session, "disk": disk, "title": title, "created_at": AT}
        | (organised if number == 3 else nothing)
        for number, ((session, disk), title) in enumerate(zip(made, titles, strict=True))
    ]
    Path("table.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("import", "table.ndjson")[0] == 0
    assert run("export", "one.csv") == (0, "", "Mappings: 6.\n")
    assert run("export", "one.jsonl") == (0, "", "Mappings: 6.\n")
    out = [json.loads(line) for line in Path("one.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert out == sorted(rows, key=lambda row: (row["user"], row["session"]))

    url = asyncio.run(databases.migrated())
    monkeypatch.setenv("DATABASE_URL", url)
    assert run("import", "one.csv", "--dry-run") == (
        0,
        "6 lines: 6 could go in, 0 in already, 0 refused. Nothing was written.\n",
        "",
    )
    assert run("import", "one.csv")[1] == "6 lines: 6 in, 0 in already, 0 refused.\n"
    assert run("export", "two.csv")[0] == 0
    assert Path("two.csv").read_bytes() == Path("one.csv").read_bytes()
    asyncio.run(databases.drop(url))


@ON_SQLITE
def test_refused_lines_are_told_up_to_a_number_and_the_others_are_in(run: Run) -> None:
    [(session, disk)] = bound_upstream("ada")
    wrong = "".join(f"ada,{number},{disk},,{AT}\n" for number in range(5))
    Path("table.csv").write_text(f"{HEAD}{wrong}ada,{session},{disk},,{AT}\n")
    told = [f"line {number}: session: This is no UUID.\n" for number in (2, 3)]
    more = "and 3 more refused lines; --problems says how many are told.\n"
    expected = (1, "6 lines: 1 in, 0 in already, 5 refused.\n", "".join(told) + more)
    assert run("import", "table.csv", "--problems", "2") == expected


@ON_SQLITE
def test_standard_input_and_output_do_as_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    [(session, disk)] = bound_upstream("ada")
    Path("table").write_text(HEAD + f"ada,{session},{disk},é,{AT}\n", encoding="utf-8")
    with Path("table").open(encoding="ascii") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("import", "-", "--format", "csv")[0] == 0
    code, out, err = run("export", "-", "--format", "csv")
    assert (code, out, err) == (0, EXPORTED + f'"ada","{session}","{disk}","é","{AT}",,,,,\n', "Mappings: 1.\n")


@ON_SQLITE
def test_progress_is_told_every_ten_thousand_lines_where_nobody_looks(run: Run) -> None:
    Path("table.csv").write_text(HEAD + f"ada,x,y,,{AT}\n" * 10_600)
    code, out, err = run("import", "table.csv", "--problems", "0")
    assert (code, out) == (1, "10600 lines: 0 in, 0 in already, 10600 refused.\n")
    assert err.splitlines() == [
        "10000 lines: 0 in, 0 in already, 10000 refused",
        "and 10600 more refused lines; --problems says how many are told.",
    ]


MANY = """
INSERT INTO session_mappings (id, user_identifier, state, disk_id, disk_created_at, adopted, nonce, created_at,
                              updated_at, lease_until)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20100)
SELECT printf('%08x-0000-4000-8000-000000000000', n), 'ada', 'ready', printf('%08x-0000-4000-8000-000000000001', n),
       made, 0, 'nonce', made, made, made
FROM numbers, (SELECT '2026-01-01 00:00:00+00:00' AS made)
"""


@ON_SQLITE
def test_the_progress_of_an_export_is_told_every_ten_thousand_lines_too(
    run: Run, databases: Databases, database_url: str
) -> None:
    asyncio.run(databases.execute(database_url, MANY))
    assert run("export", "all.ndjson") == (0, "", "10000 mappings\n20000 mappings\nMappings: 20100.\n")
    assert len(Path("all.ndjson").read_bytes().splitlines()) == 20_100


@ON_SQLITE
def test_what_cannot_be_run_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    [(session, disk)] = bound_upstream("ada")
    Path("table.csv").write_text("user,session\n")
    Path("right.csv").write_text(HEAD + f"ada,{session},{disk},,{AT}\n")
    Path("table.txt").touch()
    lines = {
        ("import", "nowhere.csv"): "nowhere.csv cannot be read: No such file or directory",
        ("import", "table.csv"): "table.csv: missing columns: disk, created_at.",
        ("import", "table.txt"): "table.txt: say --format csv or --format ndjson; the name does not tell.",
        ("export", "no/where.csv"): "no/where.csv cannot be written: No such file or directory",
    }
    for arguments, line in lines.items():
        assert run(*arguments) == (2, "", f"gql-api: {line}\n")
    with claim(Path("data")):
        code, _, err = run("import", "right.csv")
    assert (code, err.split(":")[1]) == (2, " GQL_API_DATA_DIR")

    monkeypatch.setenv("ACONTEXT_BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("ACONTEXT_API_KEY", KEY)
    code, out, err = run("import", "right.csv")
    assert (code, out) == (2, "")
    assert err.endswith(
        "Acontext could not be reached. What is in stays (0 lines: 0 in, 0 in already, 0 refused); "
        "the same command goes on from there.\n"
    )


AWAY = "The database could not be reached, or failed."


@ON_POSTGRES
def test_an_import_whose_database_is_lost_says_how_far_it_came_and_goes_on(
    run: Run, postgres_databases: PostgresDatabases, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bound_upstream("ada", "bob")
    first, last = [
        f"{user},{session},{disk},,{AT}\n" for user, (session, disk) in zip(("ada", "bob"), made, strict=True)
    ]
    lines = [HEAD, first, *[f"ada,x,y,,{AT}\n"] * 499, last]
    shutting = partial(in_a_thread, postgres_databases.shut, database_url)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Trickle(lines, before_last=shutting)))
    counts = "500 lines: 1 in, 0 in already, 499 refused"
    assert run("import", "-", "--format", "csv", "--problems", "0") == (
        2,
        "",
        f"gql-api: {AWAY} What is in stays ({counts}); the same command goes on from there.\n",
    )
    asyncio.run(postgres_databases.open(database_url))
    Path("table.csv").write_text("".join(lines))
    assert run("import", "table.csv", "--problems", "0")[1] == "501 lines: 1 in, 1 in already, 499 refused.\n"


@ON_POSTGRES
def test_an_export_whose_database_is_lost_leaves_the_old_file(
    run: Run, postgres_databases: PostgresDatabases, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(session, disk)] = bound_upstream("ada")
    Path("table.csv").write_text(HEAD + f"ada,{session},{disk},,{AT}\n")
    assert run("import", "table.csv")[0] == 0
    Path("all.csv").write_text("old")
    terminal = Terminal(at_progress=partial(in_a_thread, postgres_databases.shut, database_url))
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run("export", "all.csv") == (2, "", "")
    # What looks for the page after the last one finds nobody.
    assert terminal.getvalue() == f"{CLEAR}1 mappings{CLEAR}gql-api: DATABASE_URL: {AWAY}\n"
    assert Path("all.csv").read_text() == "old"
    asyncio.run(postgres_databases.open(database_url))


@ON_SQLITE
def test_an_export_that_fails_leaves_the_old_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("table.csv").write_text("old")
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    code, _, err = run("export", "table.csv")
    assert (code, err.startswith("gql-api: DATABASE_URL: The database cannot be opened")) == (2, True)
    assert [file.name for file in Path().iterdir() if file.name != "data"] == ["table.csv"]
    assert Path("table.csv").read_text() == "old"
