"""Arguments that are read at once are what graphql-core and Strawberry make of them."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLScalarType,
    Undefined,
    coerce_input_value,
    is_non_null_type,
    parse_value,
)
from graphql.execution.values import VariableValues
from graphql.utilities import coerce_input_literal
from hypothesis import given
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.arguments import convert_argument

from gql_api.content import HeldContent, UploadedFile
from gql_api.schema import build_schema
from gql_api.schema.compiled.inputs import UnusualError, reader
from gql_api.schema.compiled.writer import DEFINITION, NotPlainError

SCHEMA = build_schema()
ARGUMENTS = {
    f"{kind.name}.{name}.{argument}": definition
    for kind in (SCHEMA._schema.query_type, SCHEMA._schema.mutation_type)
    if kind
    for name, field in kind.fields.items()
    for argument, definition in field.args.items()
} | {"Session.messages.editStrategy": SCHEMA._schema.type_map["Session"].fields["messages"].args["editStrategy"]}  # type: ignore[attr-defined]
LEAVES: dict[str, Any] = {
    "String": st.sampled_from(["", "a", "déjà"]),
    "ID": st.sampled_from(["a", "7"]),
    "Int": st.integers(-3, 300),
    "Boolean": st.booleans(),
    "UUID": st.uuids(version=4).map(str),
    "DateTime": st.just("2026-01-31T12:00:00Z"),
    "JSON": st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab"), st.lists),
    "URL": st.just("https://example.org/"),
    "Upload": st.sampled_from([UploadedFile("a", "", HeldContent(b"a")), "a"]),
}


class Variables:
    """The variables that a text asks for, as they are met."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.coerced: dict[str, Any] = {}

    def literal(self, wanted: Any) -> str:
        """Write a value of a type: a variable, which may lack, null, or a text of its own."""
        chosen = self.draw(st.integers(0, 9))
        if chosen < 4:
            return self._variable(wanted, is_absent=chosen == 0)
        if is_non_null_type(wanted):
            return self._text(wanted.of_type)
        return "null" if chosen == 4 else self._text(wanted)

    def _variable(self, wanted: Any, *, is_absent: bool) -> str:
        name = f"v{len(self.coerced)}"
        self.coerced[name] = Undefined
        if not is_absent:
            with suppress(StrawberryInputCoercionError):  # what does not fit is not run
                self.coerced[name] = coerce_input_value(self.value(wanted), wanted)
        return f"${name}"

    def _text(self, wanted: Any) -> str:
        if isinstance(wanted, GraphQLList):
            items = [self.literal(wanted.of_type) for _ in range(self.draw(st.integers(0, 3)))]
            alone = [item for item in items[:1] if not item.startswith("$")]
            return self.draw(st.sampled_from([f"[{' '.join(items)}]", *alone]))  # type: ignore[no-any-return]
        if isinstance(wanted, GraphQLInputObjectType):
            return (
                "{" + " ".join(f"{name}: {self.literal(wanted.fields[name].type)}" for name in self._some(wanted)) + "}"
            )
        if isinstance(wanted, GraphQLEnumType):
            return self.draw(st.sampled_from(sorted(wanted.values)))  # type: ignore[no-any-return]
        drawn = self.draw(LEAVES[wanted.name])
        return _written("a" if isinstance(drawn, UploadedFile) else drawn)  # files are variables alone

    def value(self, wanted: Any) -> Any:
        """Draw a value as a client writes it in JSON."""
        if is_non_null_type(wanted):
            return self._value(wanted.of_type)
        return None if self.draw(st.integers(0, 4)) == 0 else self._value(wanted)

    def _value(self, wanted: Any) -> Any:
        if isinstance(wanted, GraphQLList):
            return [self.value(wanted.of_type) for _ in range(self.draw(st.integers(0, 3)))]
        if isinstance(wanted, GraphQLInputObjectType):
            return {name: self.value(wanted.fields[name].type) for name in self._some(wanted)}
        if isinstance(wanted, GraphQLEnumType):
            return self.draw(st.sampled_from(sorted(wanted.values)))
        assert isinstance(wanted, GraphQLScalarType)
        return self.draw(LEAVES[wanted.name])

    def _some(self, wanted: GraphQLInputObjectType) -> list[str]:
        if wanted.extensions[DEFINITION].is_one_of and self.draw(st.integers(0, 9)):
            return [self.draw(st.sampled_from(sorted(wanted.fields)))]
        return [
            name
            for name, field in wanted.fields.items()
            if self.draw(st.integers(0, 9)) > (0 if is_non_null_type(field.type) else 4)
        ]


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(map(_written, value))}]"
    if isinstance(value, str):
        return '"' + value + '"'
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


def slowly(argument: Any, node: Any, variables: dict[str, Any]) -> Any:
    """Do what graphql-core and Strawberry do."""
    coerced = coerce_input_literal(node, argument.type, VariableValues({}, variables))
    if coerced is Undefined:
        raise ValueError("it does not fit")
    kind, converter = argument.extensions[DEFINITION].type, SCHEMA.schema_converter
    return convert_argument(coerced, kind, converter.scalar_registry, SCHEMA.config)


def read_by_both(argument: Any, text: str, variables: dict[str, Any]) -> tuple[Any, Any] | None:
    """Read in both ways; None where it was left to graphql-core."""
    present = {name: value for name, value in variables.items() if value is not Undefined}
    node = parse_value(text)
    try:
        found = reader(argument.type, argument.extensions[DEFINITION].type, node)(present)
    except (NotPlainError, UnusualError):
        return None
    return found, slowly(argument, node, present)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
@given(data=st.data())
def test_an_argument_is_read_as_it_always_was(name: str, data: Any) -> None:
    argument, variables = ARGUMENTS[name], Variables(data.draw)
    both = read_by_both(argument, variables.literal(argument.type), variables.coerced)
    if both:
        found, expected = both
        assert found == expected
        assert type(found) is type(expected)


USUAL = [
    ("storeMessage", "{sessionId: $id, message: {chat: {role: USER, content: $text}}}", {"id": "a", "text": "b"}),
    ("storeMessage", "{sessionId: $id, message: {chat: {role: USER, content: $text}}}", {"id": "a"}),
    ("storeMessage", '{sessionId: "a", message: {openai: $blob}, metadata: null}', {"blob": {"role": "user"}}),
    ("storeMessages", "{sessionId: $id, messages: [{message: {chat: {role: TOOL, isError: true}}}]}", {"id": "a"}),
    ("updateSession", "{id: $id, title: null, configs: $configs}", {"id": "a", "configs": None}),
    ("createSession", '{title: "made"}', {}),
    ("createSession", "$input", {"input": {"title": None, "user": "ada"}}),
]


@pytest.mark.parametrize(("field", "text", "variables"), USUAL)
def test_what_is_usual_is_read_at_once(field: str, text: str, variables: dict[str, Any]) -> None:
    both = read_by_both(ARGUMENTS[f"Mutation.{field}.input"], text, variables)
    assert both is not None
    assert both[0] == both[1]


ODD = [
    ("{sessionId: $id, message: {openai: 1}}", {"id": None}),
    ("{sessionId: $id, message: {openai: 1}}", {}),
    ('{sessionId: "a", message: {openai: $blob}}', {"blob": None}),
    ('{sessionId: "a", message: {openai: $blob}}', {}),
    ('{sessionId: "a", message: {openai: 1, gemini: 1}}', {}),
    ('{sessionId: "a", message: {}}', {}),
    ('{sessionId: "a", message: {openai: null}}', {}),
    ("{message: {openai: 1}}", {}),
    ("$input", {}),
    ("$input", {"input": None}),
]


@pytest.mark.parametrize(("text", "variables"), ODD)
def test_what_does_not_fit_is_left_to_graphql_core(text: str, variables: dict[str, Any]) -> None:
    assert read_by_both(ARGUMENTS["Mutation.storeMessage.input"], text, variables) is None


def test_no_two_calls_share_a_list() -> None:
    argument = ARGUMENTS["Mutation.storeMessages.input"]
    read = reader(argument.type, argument.extensions[DEFINITION].type, parse_value('{sessionId: "a", messages: []}'))
    assert read({}).messages is not read({}).messages
