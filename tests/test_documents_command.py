"""The command `documents check`: what clients ask is held against the schema, file by file."""

from pathlib import Path

import pytest
from graphql import build_schema as schema_of
from graphql import validate

from api.test_trusted_documents import APOLLO, WHO, write
from gql_api import cli
from gql_api.documents import check

AGING = schema_of('type Query { old: Int @deprecated(reason: "Since 2026-01-01: use new.") new: Int }')


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def checked(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[int, list[str]]:
    """Run the command; give its exit code and its lines."""
    with pytest.raises(SystemExit) as left:
        cli.main(["documents", "check", *files])
    told = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, (told.out + told.err).splitlines()


def test_what_is_good_is_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(
        tmp_path, {"x/a.graphql": "{ viewer { ...F } }", "x/f.gql": "fragment F on User { id }", "m.json": {"a": WHO}}
    )

    assert checked(capsys, "x", "m.json") == (0, ["2 documents: 0 faults, 0 warnings"])
    assert checked(capsys, "x", "x/a.graphql", "x/f.gql") == (0, ["1 document: 0 faults, 0 warnings"])


def test_the_ready_operations_are_good_and_use_nothing_deprecated(capsys: pytest.CaptureFixture[str]) -> None:
    operations = Path(__file__).parents[1] / "operations"

    assert checked(capsys, str(operations)) == (
        0,
        [f"{len([*operations.iterdir()])} documents: 0 faults, 0 warnings"],
    )


def test_each_fault_is_told_with_its_file_and_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x/a.graphql": "query A {\n  nosuch { id }\n  viewer { ...F }\n}",
            "x/b.graphql": "query B { viewer { ...F } }\nquery C($id: ID!) { __typename }",
            "x/f.graphql": "fragment F on User {\n  idd\n}\nfragment Loose on User { nothing ...F }",
            "x/g.graphql": "query {",
            "m.json": APOLLO | {"operations": [{"id": "one", "body": "fragment G on User { id } {\n  __typename }"}]},
        },
    )

    code, lines = checked(capsys, "x", "m.json")

    assert code == 1
    assert lines == [
        "m.json: one:1:1: Fragment 'G' is never used.",
        "x/a.graphql:2:3: Cannot query field 'nosuch' on type 'Query'.",
        "x/b.graphql:2:9: Variable '$id' is never used in operation 'C'.",
        "x/f.graphql:2:3: Cannot query field 'idd' on type 'User'. Did you mean 'id'?",
        "x/f.graphql:4:26: Cannot query field 'nothing' on type 'User'.",
        "x/g.graphql:1:8: Syntax Error: Expected Name, found <EOF>.",
        "3 documents: 6 faults, 0 warnings",
    ]


def test_what_is_deprecated_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, {"a.graphql": "{ new\n  old }", "f.graphql": "fragment F on Query { old }"})

    report, code = check([Path("a.graphql"), Path("f.graphql")], AGING, validate)

    reason = "The field Query.old is deprecated. Since 2026-01-01: use new. (warning)"
    assert (code, report.splitlines()) == (
        0,
        [f"a.graphql:2:3: {reason}", f"f.graphql:1:23: {reason}", "1 document: 0 faults, 2 warnings"],
    )


def test_what_cannot_be_read_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path, {"package.json": {"dependencies": {}}})

    assert checked(capsys, "missing") == (2, ["gql-api: missing: cannot be read: No such file or directory."])
    assert checked(capsys, "package.json") == (
        2,
        ["gql-api: package.json: must be a JSON object of documents by their ids, or a manifest of Apollo."],
    )
