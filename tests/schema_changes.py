"""What has changed in schema.graphql since the last release, as `make schema-check` tells it.

Exits with 1 where a change would break clients and is not in `schema-changes.toml` with its reason.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    build_schema,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

ROOT = Path(__file__).parents[1]
SCHEMA, ACCEPTED = "schema.graphql", "schema-changes.toml"
FIRST = ROOT / "tests" / "data" / "released.graphql"
"""The schema that changes are counted from where no release is tagged."""
_Given = GraphQLArgument | GraphQLInputField


def report(old: GraphQLSchema, new: GraphQLSchema, accepted: Mapping[str, str]) -> tuple[str, int]:
    """List the changes; give the exit code too. `accepted` has the reasons of breaking ones."""
    breaking = [f"{one.type.name}: {one.description}" for one in find_breaking_changes(old, new)]
    breaking += _unlisted(old, new)
    dangerous = [f"{one.type.name}: {one.description}" for one in find_dangerous_changes(old, new)]
    lines = [
        *(f"breaking   {one}" for one in breaking if one not in accepted),
        *(f"accepted   {one} {accepted[one]}" for one in breaking if one in accepted),
        *(f"dangerous  {one}" for one in dangerous),
        *(f"unheard of {one} ({ACCEPTED} has it)" for one in accepted if one not in breaking),
    ]
    is_good = set(breaking) == set(accepted)
    return "".join(f"{line}\n" for line in lines or ["nothing that clients could notice"]), int(not is_good)


def _unlisted(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[str]:
    """Tell what breaks clients, and graphql-core counts as dangerous at most."""
    for operation in OperationType:
        if old.get_root_type(operation) and not new.get_root_type(operation):
            yield f"ROOT_REMOVED: There are no {operation.value}s any more."
    for kind in sorted(_with_one_field(new) - _with_one_field(old)):
        if kind in old.type_map:
            yield f"ONE_OF_ADDED: Input {kind} takes one of its fields only."
    before, after = _given(old), _given(new)
    for place in sorted(before.keys() & after.keys()):
        # That a type is another one is listed by itself.
        if is_non_null_type(before[place].type) and not _is_required(before[place]) and _is_required(after[place]):
            yield f"DEFAULT_REMOVED: {place} is required now."


def _with_one_field(schema: GraphQLSchema) -> set[str]:
    inputs = (kind for kind in schema.type_map.values() if isinstance(kind, GraphQLInputObjectType))
    return {kind.name for kind in inputs if kind.is_one_of}


def _given(schema: GraphQLSchema) -> dict[str, _Given]:
    """Find all that clients may give, by its place."""
    found: dict[str, _Given] = {}
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            found |= {f"Input field {name}.{field}": one for field, one in kind.fields.items()}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, of in kind.fields.items():
                found |= {f"Argument {name}.{field}({argument}:)": one for argument, one in of.args.items()}
    return found


def _is_required(one: _Given) -> bool:
    return is_required_argument(one) if isinstance(one, GraphQLArgument) else is_required_input_field(one)


def released(root: Path) -> tuple[str, str]:
    """Give the name of the last release, and its schema."""
    tag = _git(root, "describe", "--tags", "--abbrev=0")
    text = _git(root, "show", f"{tag.strip()}:{SCHEMA}") if tag else None
    return (tag.strip(), text) if tag and text else (FIRST.name, FIRST.read_text(encoding="utf-8"))


def reasons(text: str) -> dict[str, str]:
    """Read the changes that are accepted, each with its reason, which must be there."""
    listed = {str(one["change"]): str(one["reason"]).strip() for one in tomllib.loads(text).get("accepted", [])}
    assert all(listed.values()), "a reason is empty"
    return listed


def _git(root: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout if done.returncode == 0 else None


def main() -> int:
    """Compare the schema of the working tree with that of the last release."""
    name, old = released(ROOT)
    new = (ROOT / SCHEMA).read_text(encoding="utf-8")
    accepted = reasons((ROOT / ACCEPTED).read_text(encoding="utf-8"))
    text, code = report(build_schema(old), build_schema(new), accepted)
    sys.stdout.write(f"Since {name}:\n{text}")
    return code


if __name__ == "__main__":
    sys.exit(main())
