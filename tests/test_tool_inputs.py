"""What a tool takes by its JSON Schema, GraphQL takes; and the other way round, for all that callers shall send."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from api.test_trusted_documents import write
from gql_api.documents import tools
from gql_api.schema import build_schema, print_schema

SDL = print_schema()
SCHEMA = build_schema()._schema
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "Int": st.integers(-(2**31), 2**31 - 1),
    "String": TEXT,
    "Boolean": st.booleans(),
    "ID": TEXT,
    "DateTime": st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    "UUID": st.uuids().map(str),
    "URL": st.sampled_from(["https://example.com/a%20b", "http://127.0.0.1:1/?x=1"]),
    "JSON": JSON.filter(lambda value: value is not None),
}
TAKES_MORE: dict[str, Any] = {"ID": (int, float), "URL": object}
"""Where GraphQL takes what no caller shall send: numbers for ids, and anything at all for an address."""


def asking_all() -> dict[str, str]:
    """Give a document for each field at a root, with all arguments as variables, but for one that needs a file."""
    documents = {}
    for kind, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        for name, field in root.fields.items() if root else ():
            variables = ", ".join(f"${one}: {argument.type}" for one, argument in field.args.items())
            given = ", ".join(f"{one}: ${one}" for one in field.args)
            documents[name] = (
                f"{kind} {name}{variables and f'({variables})'} {{ {name}{given and f'({given})'} {SUB} }}"
            )
    del documents["importSession"]
    return documents


SUB = "{ __typename }"
DOCUMENTS = asking_all()


def made_of(folder: Path, documents: dict[str, str], **options: Any) -> list[dict[str, Any]]:
    write(folder, {f"{name}.graphql": text for name, text in documents.items()})
    made, left_out = tools([folder], SDL, **{"form": "mcp"} | options)
    assert left_out == []
    return made


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A tool for each field at a root."""
    return {tool["name"]: tool for tool in made_of(tmp_path_factory.mktemp("all"), DOCUMENTS)}


def proper(type_: Any) -> st.SearchStrategy[Any]:
    """Give what a caller may send for a type."""
    if isinstance(type_, GraphQLNonNull):
        return _present(type_.of_type)
    return st.none() | _present(type_)


def _present(type_: Any) -> st.SearchStrategy[Any]:
    if isinstance(type_, GraphQLList):
        return st.lists(proper(type_.of_type), max_size=2)
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(sorted(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        return _input(type_)
    return LEAVES[type_.name]


def _input(type_: GraphQLInputObjectType) -> st.SearchStrategy[Any]:
    definition = type_.extensions["strawberry-definition"]
    fields = {name: field for name, field in type_.fields.items() if getattr(field.type, "name", "") != "Upload"}
    if definition.is_one_of:
        return st.one_of(*(st.fixed_dictionaries({name: _present(field.type)}) for name, field in fields.items()))
    needed = {
        name
        for name, field in fields.items()
        if isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined
    }
    by_name = {name: proper(field.type) for name, field in fields.items()}
    required = {name: by_name[name] for name in needed}
    return st.fixed_dictionaries(required, optional={name: by_name[name] for name in by_name.keys() - needed})


@st.composite
def distorted(draw: st.DrawFn, value: Any) -> Any:
    """Put something else into a value, somewhere; or leave something out, or add something."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: draw(distorted(value[name]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(distorted(value[0])), *value[1:]]
    if isinstance(value, dict):
        less = {name: one for name, one in value.items() if draw(st.booleans())}
        return draw(st.sampled_from([less, value | {"other": 1}, value, less | {"text": "x"}]) | JSON)
    return draw(JSON)


def variables(name: str) -> st.SearchStrategy[Any]:
    root = SCHEMA.query_type if DOCUMENTS[name].startswith("query") else SCHEMA.mutation_type
    assert root
    return st.fixed_dictionaries({one: proper(argument.type) for one, argument in root.fields[name].args.items()})


def is_taken(document: str, given: dict[str, Any]) -> bool:
    """Tell whether GraphQL takes these variables."""
    [operation] = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return not isinstance(get_variable_values(SCHEMA, operation.variable_definitions or (), given), list)


def judge(tool: dict[str, Any]) -> Any:
    """Give what tells whether a tool takes variables."""
    return jsonschema_rs.validator_for(tool["inputSchema"], validate_formats=True).is_valid


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_what_a_tool_takes_graphql_takes(every: dict[str, dict[str, Any]], name: str) -> None:
    jsonschema_rs.meta.validate(every[name]["inputSchema"])
    is_valid, good_ones = judge(every[name]), variables(name)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        good = data.draw(good_ones)
        assert is_taken(DOCUMENTS[name], good)
        assert is_valid(good)
        other = data.draw(distorted(good))
        if is_valid(other):
            assert is_taken(DOCUMENTS[name], other)

    holds()


EDGES = [2**31, -(2**31) - 1, 1.0, 1.5, True, "", "1", "true", [], {}]
LEAF_TYPES = [*LEAVES, "SessionOrder", "MessageRole"]


@pytest.mark.parametrize("type_", [f"{leaf}{sign}" for leaf in LEAF_TYPES for sign in ("", "!")])
def test_what_graphql_takes_for_a_leaf_a_tool_takes(type_: str, tmp_path: Path) -> None:
    # A variable that is used nowhere is refused, and no argument is of these types alone.
    is_valid = judge(_tool_of_a_leaf(type_, tmp_path))
    leaf = type_.removesuffix("!")
    values = st.sampled_from(EDGES) | _present(SCHEMA.type_map[leaf]) | JSON

    @settings(max_examples=100, deadline=None)
    @given(values)
    def holds(value: Any) -> None:
        if isinstance(value, TAKES_MORE.get(leaf, ())) and value is not None:
            return
        assert is_valid({"x": value}) == is_taken(f"query Q($x: {type_}) {{ x }}", {"x": value})

    holds()


def _tool_of_a_leaf(type_: str, folder: Path) -> dict[str, Any]:
    sdl = SDL.replace("type Query {", f"type Query {{\n  leaf(x: {type_}): Int\n", 1)
    write(folder, {"Q.graphql": f"query Q($x: {type_}) {{ leaf(x: $x) }}"})
    [[tool], _] = tools([folder], sdl, form="mcp")
    return tool
