"""The rules of the house that a machine can keep: who imports whom, how large things are, what they are called."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "gql_api").rglob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*/*/*.py"))  # what is generated lies deeper
EVERYTHING = [*PACKAGE, *EXAMPLES] + [
    file
    for folder in ("tests", "benchmarks")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in file.parts
]

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
DEEPEST_NESTING = 3
MOST_ARGUMENTS = 6
ATTICS = {"utils", "helpers", "common", "base", "misc", "manager", "core"}
SLOW_TO_IMPORT = ("acontext", "openai", "anthropic")

A_FIELD = "the arguments are those of the GraphQL field"
EXCEPTIONS = {
    "gql_api/schema/query.py: sessions has 8 arguments": A_FIELD,
    "gql_api/schema/session.py: messages has 7 arguments": A_FIELD,
    "gql_api/schema/user.py: sessions has 7 arguments": A_FIELD,
}
BACK_EDGES = {
    "gql_api/schema/session.py: _user": "a session has its user, and a user their sessions",
}
"""What may break a rule, each with its reason."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


@dataclass(frozen=True)
class Module:
    """A source file, by its path from the root of the repository."""

    name: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def modules(files: list[Path]) -> list[Module]:
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}
    return [Module(name, text, ast.parse(text)) for name, text in texts.items()]


def argument_count(function: Function) -> int:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def nesting(node: ast.AST) -> int:
    """Return how deep blocks stand in one another; a function inside is measured for itself, an elif is no step."""
    return max((_step(node, child) + nesting(child) for child in _inner(node)), default=0)


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    return (child for child in ast.iter_child_nodes(node) if not isinstance(child, Function | ast.ClassDef))


def _step(node: ast.AST, child: ast.AST) -> int:
    is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
    return int(isinstance(child, BLOCKS) and not is_elif)


def oversized() -> Iterator[str]:
    for module in modules(EVERYTHING):
        lines = module.text.count("\n")
        if lines > LONGEST_FILE:
            yield f"{module.name} has {lines} lines"
        for function in module.functions():
            yield from (f"{module.name}: {function.name} {excess}" for excess in excesses(function))


def excesses(function: Function) -> Iterator[str]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > LONGEST_FUNCTION:
        yield f"has {lines} lines"
    if argument_count(function) > MOST_ARGUMENTS:
        yield f"has {argument_count(function)} arguments"
    if nesting(function) > DEEPEST_NESTING:
        yield f"is nested {nesting(function)} deep"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_imports_go_only_where_the_contracts_allow() -> None:
    checked = run("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])")

    assert checked.returncode == 0, checked.stdout


def test_files_and_functions_are_small_unless_a_reason_is_given() -> None:
    """An exception that is not needed any more is as wrong as an excess without a reason."""
    assert sorted(set(oversized()) ^ set(EXCEPTIONS)) == []


def test_nothing_is_named_like_an_attic() -> None:
    names = {file: {*file.relative_to(ROOT).parts[:-1], file.stem} for file in EVERYTHING}

    assert [str(file) for file, parts in names.items() if parts & ATTICS] == []


def test_every_module_says_its_job_first() -> None:
    assert [module.name for module in modules([*PACKAGE, *EXAMPLES]) if not ast.get_docstring(module.tree)] == []


def test_nothing_is_imported_inside_a_function_but_where_types_refer_to_each_other() -> None:
    inside = [
        f"{module.name}: {function.name}"
        for module in modules(PACKAGE)
        for function in module.functions()
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]

    assert sorted(inside) == sorted(BACK_EDGES)


@pytest.mark.parametrize(
    "first",
    [
        "import gql_api.cli",
        "import gql_api.app",
        "from gql_api.cli import main; main(['schema', '--check', 'schema.graphql'])",
        "import gql_api.cli, contextlib\nwith contextlib.suppress(SystemExit): gql_api.cli.main(['--help'])",
    ],
)
def test_what_calls_no_acontext_does_without_the_slow_sdk(first: str) -> None:
    """It costs seconds, which `--help`, `schema` and `migrate` need not wait for."""
    listing = f"{first}\nimport sys; print([name for name in {SLOW_TO_IMPORT} if name in sys.modules])"

    assert run("-c", listing).stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("source", "depth"),
    [
        ("def f(): pass", 0),
        ("def f():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  pass", 1),
        ("def f():\n if a:\n  pass\n else:\n  if b:\n   pass\n  x", 2),
        ("def f():\n for a in b:\n  with c:\n   try:\n    pass\n   except D:\n    if e:\n     pass", 4),
        ("def f():\n if a:\n  def g():\n   if b:\n    if c:\n     pass", 1),
    ],
)
def test_nesting_is_measured_in_blocks(source: str, depth: int) -> None:
    assert nesting(ast.parse(source).body[0]) == depth
