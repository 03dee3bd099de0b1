"""The command `documents tools`: what each tool is said to be, and what can be none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.test_trusted_documents import write
from gql_api import cli
from gql_api.documents import tools
from test_tool_inputs import DOCUMENTS, judge, made_of

PAGE = Path(__file__).parents[1] / "docs" / "documents.md"
SEEN = 'deleteSession(input: {id: "x"}) { __typename }'
CREATE = "createSession(input: {%s}) { __typename }"


def test_a_write_is_told_by_what_it_does_to_what_is_there(tmp_path: Path) -> None:
    hints = {tool["name"]: tool["annotations"] for tool in made_of(tmp_path, DOCUMENTS)}
    adding = {"createSession", "getOrCreateSession", "forkSession", "storeMessage", "storeMessages"}
    setting = {"updateSession", "updateSessions", "deleteSession", "deleteSessions"}
    setting |= {"uploadFile", "updateFileMetadata", "deleteFile", "updateMessageMetadata", "deleteUser"}

    assert {name for name, one in hints.items() if not one["readOnlyHint"]} == adding | setting
    assert {name for name, one in hints.items() if one["destructiveHint"]} == setting
    # The key may be left out of a whole input.
    assert {name for name, one in hints.items() if not one["idempotentHint"]} == adding | {"deleteUser"}
    assert {one["openWorldHint"] for one in hints.values()} == {False}


@pytest.mark.parametrize(
    ("variables", "key", "is_idempotent"),
    [
        ("$key: String!", "idempotencyKey: $key", True),
        ("$key: String", "idempotencyKey: $key", False),
        ('$key: String = "x"', "idempotencyKey: $key", False),
        ("$title: String", 'title: $title, idempotencyKey: "x"', True),
        ("$title: String", "title: $title, idempotencyKey: null", False),
        ("$title: String", "title: $title", False),
    ],
)
def test_a_write_may_be_sent_again_where_a_key_is_always_given(
    tmp_path: Path, variables: str, key: str, is_idempotent: bool
) -> None:
    alone = f"mutation M({variables}) {{ {CREATE % key} }}"
    several = f"mutation M({variables}) {{ {CREATE % key} ...F }} fragment F on Mutation {{ {SEEN} }}"
    for text in (alone, several):
        [tool] = made_of(tmp_path, {"M": text})
        assert tool["annotations"]["idempotentHint"] is is_idempotent
        assert tool["annotations"]["destructiveHint"] is (text is several)


def test_operations_of_one_document_are_told_apart(tmp_path: Path) -> None:
    several = (
        f"mutation A($x: String!) {{ {CREATE % 'idempotencyKey: $x'} ...F }} fragment F on Mutation {{ __typename }}"
        "mutation B($x: ID!) { ...G } fragment G on Mutation { deleteSession(input: {id: $x}) { __typename } }"
    )
    made = made_of(tmp_path, {"both": several})

    assert [(tool["name"], tool["annotations"]["destructiveHint"]) for tool in made] == [("A", False), ("B", True)]
    assert [tool["_meta"] for tool in made] == [{"documentId": "both", "operationName": name} for name in "AB"]
    said = [tool["inputSchema"]["properties"]["x"]["description"] for tool in made]
    assert said[0].startswith("1 to 255 characters that stand for this write")
    assert said[1] == "The session's global id, or the bare UUID that Acontext knows."


def test_what_is_written_above_is_said_and_else_what_the_schema_says(tmp_path: Path) -> None:
    fields = "(id: $id) { messages(last: $last) { formatted(as: $as) { messages } } }"
    by_comments = (
        "# About the file.\n\n# First line,\n# and second.\n"
        "query C(\n  # Which.\n  $id: ID! # behind\n  $last: Int,\n  $as: MessageFormat! = OPENAI) "
        f"{{ session{fields} }}"
    )
    by_descriptions = (
        f'"""What it does."""\nquery D("Which." $id: ID!, $last: Int, $as: MessageFormat!) {{ session{fields} }}'
    )
    by_the_schema = f"query S($id: ID!, $last: Int, $as: MessageFormat!) {{ session{fields} }}"
    in_inputs = f"mutation I($t: String) {{ {CREATE % 'title: $t'} }}"

    made = made_of(tmp_path, {"c": by_comments, "d": by_descriptions, "s": by_the_schema, "i": in_inputs})

    assert [tool["description"] for tool in made] == [
        "First line, and second.",
        "What it does.",
        "Make a session: a conversation in Acontext, a disk of its own, and their binding.",
        "One of the viewer's sessions; null when the viewer has no such session.",
    ]
    said = [{name: one["description"] for name, one in tool["inputSchema"]["properties"].items()} for tool in made]
    last = "How many to give from the end of the range: 1 to 100. Not together with first."
    assert said == [
        {"id": "Which.", "last": last, "as": "Whose form."},
        {"id": "Which.", "last": last, "as": "Whose form."},
        {"t": "What the user calls it: at most 1000 characters, no control characters; null for none."},
        {"id": "The session's global id, or the bare UUID that Acontext knows.", "last": last, "as": "Whose form."},
    ]


SENDING = """
scalar Upload @specifiedBy(url: "https://github.com/jaydenseric/graphql-multipart-request-spec")
scalar Odd
type Query { f(t: Tree, o: [OnlyFile!], s: Share, u: Upload, odd: Odd!): Int }
input Tree { size: Float = 1.5, left: Tree, file: Upload, by: Sending }
input Sending { file: Upload! note: String }
input OnlyFile @oneOf { file: Upload }
enum Share { ALL NONE }
"""


def test_files_are_left_out_of_inputs_that_do_without_them(tmp_path: Path) -> None:
    # `left` leads back to its own type, `by` to one that cannot do without a file.
    variables = "$t: Tree, $o: [OnlyFile!], $s: Share, $u: Upload, $odd: Odd!"
    write(tmp_path, {"t.graphql": f"query T({variables}) {{ f(t: $t, o: $o, s: $s, u: $u, odd: $odd) }}"})

    [[tool], left_out] = tools([tmp_path], SENDING, form="mcp")

    assert left_out == []
    given = tool["inputSchema"]
    assert {name: sorted(one) for name, one in given["properties"].items()} == {
        "t": ["anyOf"],
        "s": ["anyOf"],
        "odd": ["type"],
    }
    assert sorted(given["$defs"]) == ["Share", "Tree"]
    assert given["$defs"]["Tree"]["properties"]["size"] == {"type": ["number", "null"], "default": 1.5}
    takes = judge(tool)
    for right in (
        {"odd": 1},
        {"odd": [], "t": {"left": {"size": 2, "left": None}}, "s": "ALL"},
        {"odd": "", "s": None},
    ):
        assert takes(right)
    for wrong in ({}, {"odd": None}, {"odd": 1, "t": {"left": {"file": None}}}, {"odd": 1, "t": {"by": {}}}):
        assert not takes(wrong)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, list[str]]:
    cli.main(["documents", "tools", *arguments])
    told = capsys.readouterr()
    return json.loads(told.out), told.err.splitlines()


FOLLOW = "subscription Follow { sessionListChanged { kind } }"
FILE = """mutation Send($file: Upload!) {
  uploadFile(input: {sessionId: "x", path: "/x", content: {upload: $file}}) { replaced }
}"""
RENAME = """# Name it.
mutation Rename($id: ID!, $title: String = "new") {
  updateSession(input: {id: $id, title: $title}) { session { id } }
}"""
TAKEN = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The session's global id, or the bare UUID that Acontext knows."},
        "title": {
            "type": ["string", "null"],
            "default": "new",
            "description": "What the user calls it: at most 1000 characters, no control characters; null for none.",
        },
    },
    "required": ["id"],
    "additionalProperties": False,
}


def test_the_tools_are_printed_and_what_can_be_none_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, {"x/f.graphql": FOLLOW, "x/s.graphql": FILE, "m.json": {"hash": RENAME}}))

    hints = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": False}
    tool = {"name": "Rename", "description": "Name it.", "inputSchema": TAKEN, "annotations": hints}
    assert printed(capsys, "m.json", "x") == (
        [tool | {"_meta": {"documentId": "hash", "operationName": "Rename"}}],
        [
            "x/f.graphql: Follow is left out: a subscription has no end.",
            "x/s.graphql: Send is left out: it needs a file that no JSON can hold.",
        ],
    )
    function = {"name": "Rename", "description": "Name it.", "parameters": TAKEN, "strict": False}
    assert printed(capsys, "--form", "openai", "m.json") == ([{"type": "function", "function": function}], [])


def test_the_page_on_documents_shows_a_tool_as_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    [shown] = re.findall(
        r"^```json\n(\{\n  \"name\".*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    found, _ = printed(capsys, str(PAGE.parents[1] / "operations"))
    assert json.loads(shown) in found


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"x/a.graphql": "{ viewer { id } }"}, "x/a.graphql: an operation without a name cannot be a tool."),
        (
            {"x/a.graphql": "query A { viewer { id } }", "x/b.graphql": "query A { viewer { id } }"},
            "x/b.graphql: another operation has the name A too.",
        ),
        (
            {"x/a.graphql": "query A { nosuch }"},
            "x/a.graphql:1:11: Cannot query field 'nosuch' on type 'Query'.",
        ),
        ({"x/a.graphql": "query {"}, "x/a.graphql:1:8: Syntax Error: Expected Name, found <EOF>."),
    ],
)
def test_what_cannot_be_a_tool_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    line: str,
) -> None:
    monkeypatch.chdir(write(tmp_path, files))

    with pytest.raises(SystemExit) as left:
        cli.main(["documents", "tools", "x"])
    assert (left.value.code, capsys.readouterr()) == (2, ("", f"gql-api: {line}\n"))
