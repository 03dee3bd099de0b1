"""Changes of the schema: breaking ones are found, and what will go is told long before."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from schema_changes import ACCEPTED, FIRST, ROOT, SCHEMA, main, reasons, released, report

OLD = build_schema("type Query { a: Int b(x: Int): Int } enum E { ONE }")
GONE = "FIELD_REMOVED: Field Query.a was removed."
_NOTICE = re.compile(r"Since \d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]): use `[^`]+`.*\.")
"""What a deprecation says: from when on, and what to use."""


@pytest.mark.parametrize(
    ("new", "accepted", "lines", "code"),
    [
        ("type Query { a: Int b(x: Int): Int c: Int } enum E { ONE }", {}, ["nothing that clients could notice"], 0),
        ("type Query { b(x: Int): Int } enum E { ONE }", {}, [f"breaking   {GONE}"], 1),
        ("type Query { b(x: Int): Int } enum E { ONE }", {GONE: "Why."}, [f"accepted   {GONE} Why."], 0),
        (
            "type Query { a: Int b(x: Int): Int } enum E { ONE TWO }",
            {},
            ["dangerous  VALUE_ADDED_TO_ENUM: Enum value E.TWO was added."],
            0,
        ),
        (
            "type Query { a: Int b(x: Int): Int } enum E { ONE }",
            {GONE: "Why."},
            [f"unheard of {GONE} ({ACCEPTED} has it)"],
            1,
        ),
    ],
)
def test_changes_are_listed_and_those_that_break_clients_need_a_reason(
    new: str, accepted: dict[str, str], lines: list[str], code: int
) -> None:
    text, status = report(OLD, build_schema(new), accepted)

    assert (text.splitlines(), status) == (lines, code)


INPUTS = "type Query { a(i: I, n: Int! = 1): Int } input I { x: Int y: Int! = 1 } type Subscription { s: Int }"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("input I {", "input I @oneOf {", "ONE_OF_ADDED: Input I takes one of its fields only."),
        ("y: Int! = 1", "y: Int!", "DEFAULT_REMOVED: Input field I.y is required now."),
        ("n: Int! = 1", "n: Int!", "DEFAULT_REMOVED: Argument Query.a(n:) is required now."),
        ("type Query", "schema { query: Query } type Query", "ROOT_REMOVED: There are no subscriptions any more."),
    ],
)
def test_what_breaks_clients_without_removing_anything_is_found_too(old: str, new: str, line: str) -> None:
    directive = "directive @oneOf on INPUT_OBJECT "
    before, after = (build_schema(directive + text) for text in (INPUTS, INPUTS.replace(old, new)))

    text, code = report(before, after, {})

    assert (f"breaking   {line}" in text.splitlines(), code) == (True, 1)
    assert report(before, before, {}) == report(after, after, {}) == ("nothing that clients could notice\n", 0)


def test_the_schema_of_the_last_release_is_the_one_to_compare_with(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "tag.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603, S607

    assert released(tmp_path) == (FIRST.name, FIRST.read_text(encoding="utf-8"))
    git("init")
    for tag in ("1.0", "1.1", None):
        (tmp_path / SCHEMA).write_text(f"type Query {{ {'of' + tag.replace('.', '') if tag else 'after'}: Int }}\n")
        git("add", ".")
        git("commit", "-m", "x", "--no-gpg-sign")
        if tag:
            git("tag", tag)
    assert released(tmp_path) == ("1.1", "type Query { of11: Int }\n")


def test_the_reasons_are_read() -> None:
    listed = '[[accepted]]\nchange = "A"\nreason = "B"\n'
    assert (reasons("# Nothing."), reasons(listed)) == ({}, {"A": "B"})
    with pytest.raises(AssertionError):
        reasons(listed + '[[accepted]]\nchange = "C"\nreason = " "\n')


def test_nothing_breaks_clients_without_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out


def undated(schema: GraphQLSchema) -> Iterator[str]:
    """Name what is deprecated without a date and what to use in its place."""
    for name, reason in _deprecations(schema):
        if not _NOTICE.fullmatch(reason):
            yield name


def _deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        members = {}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            members = dict(kind.fields)
        if isinstance(kind, GraphQLEnumType):
            members = dict(kind.values)
        members |= {f"{field}.{name}": one for field, of in members.items() for name, one in _arguments(of).items()}
        for name, member in members.items():
            if member.deprecation_reason is not None:
                yield f"{kind.name}.{name}", member.deprecation_reason


def _arguments(member: object) -> dict[str, object]:
    return getattr(member, "args", {})


def test_what_is_deprecated_says_since_when_and_what_to_use() -> None:
    assert list(undated(build_schema((ROOT / SCHEMA).read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("reason", "is_good"),
    [
        ("Since 2026-11-26: use `b`.", True),
        ("Since 2026-11-26: use `b`, which counts from 1.", True),
        ("No longer supported", False),
        ("use `b`.", False),
        ("Since 2026-13-26: use `b`.", False),
        ("Since 2026-11-26.", False),
    ],
)
def test_each_place_of_a_deprecation_is_looked_at(reason: str, is_good: bool) -> None:
    old = f'@deprecated(reason: "{reason}")'
    schema = build_schema(
        f"type Query {{ a: Int {old} b(c: Int {old}): E }} enum E {{ ONE TWO {old} }} input I {{ a: Int {old} }}"
    )

    found = ["Query.a", "Query.b.c", "E.TWO", "I.a"]
    assert list(undated(schema)) == ([] if is_good else found)
    assert [name for name, _ in _deprecations(schema)] == found
