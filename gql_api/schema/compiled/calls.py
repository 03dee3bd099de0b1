"""Asynchronous resolvers called at once, where Strawberry and graphql-core only pass on what is known before."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Protocol

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_required_argument,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gql_api.schema.compiled.inputs import Read, UnusualError, is_fixed, reader
from gql_api.schema.compiled.writer import DEFINITION, NotPlainError

_VARYING = (VariableNode, ListValueNode, ObjectValueNode)
"""How an argument may be written that differs from call to call, or that a resolver could change."""


class Calling(Protocol):
    """What is used of graphql-core's executor: the schema, and the variables of one operation."""

    schema: GraphQLSchema
    variable_values: VariableValues


@dataclass(frozen=True, slots=True)
class Call:
    """How the resolver of one field of a document is called."""

    field: GraphQLField
    kind: GraphQLObjectType | None
    """The type of the object that it gives; None where it gives another thing."""
    definition: StrawberryField
    function: Callable[..., Any]
    info: str | None
    """What the function calls its Info; None where it wants none."""
    fixed: dict[str, Any]
    varying: tuple[tuple[str, Read], ...]

    def arguments(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """Give the arguments under these variables, to be kept; None where graphql-core is to tell what they are."""
        found = self.fixed.copy()
        try:
            for name, read in self.varying:
                found[name] = read(given)
        except UnusualError:
            return None
        return found


def call_of(executor: Calling, kind: GraphQLObjectType, details: FieldDetails) -> Call:
    """Tell how a field's resolver is called; raise `NotPlainError` where that is for graphql-core."""
    node = details.node
    field = executor.schema.get_field(kind, node.name.value)
    definition = field and field.extensions.get(DEFINITION)
    if field is None or not isinstance(definition, StrawberryField) or details.fragment_variable_values:
        raise NotPlainError
    resolver = _resolver(executor.schema, field, definition)
    function: Any = resolver.wrapped_func
    info = resolver.info_parameter
    if not iscoroutinefunction(function):
        raise NotPlainError
    given = {one.name.value: one.value for one in node.arguments or ()}
    if not given.keys() <= field.args.keys():
        raise NotPlainError
    varying = {name: value for name, value in given.items() if isinstance(value, _VARYING)}
    fixed = {name: _fixed(argument, given.get(name)) for name, argument in field.args.items() if name not in varying}
    kind_given = get_nullable_type(field.type)
    return Call(
        field,
        kind_given if isinstance(kind_given, GraphQLObjectType) else None,
        definition,
        function,
        info.name if info else None,
        {_name(field.args[name]): value for name, value in fixed.items() if value is not Undefined},
        tuple((_name(field.args[name]), _reader(field.args[name], value)) for name, value in varying.items()),
    )


def _resolver(schema: GraphQLSchema, field: GraphQLField, definition: StrawberryField) -> StrawberryResolver[Any]:
    """Give the resolver, if calling it is all that is done for the field."""
    resolver = definition.base_resolver
    is_strawberrys = getattr(field.resolve, "__module__", None) == GraphQLCoreConverter.__module__
    is_alone = type(definition) is StrawberryField and not definition.extensions and not definition.is_subscription
    if resolver is None or not is_strawberrys or not is_alone or schema.extensions[DEFINITION].exception_handlers:
        raise NotPlainError
    if resolver.parent_parameter or resolver.root_parameter or not resolver.self_parameter:
        raise NotPlainError
    return resolver


def _reader(argument: GraphQLArgument, value: ValueNode) -> Read:
    return reader(argument.type, argument.extensions[DEFINITION].type, value)


def _fixed(argument: GraphQLArgument, given: ValueNode | None) -> Any:
    """Give what all calls are given: what is written, or else the default; `Undefined` where there is neither."""
    if given is None and (argument.default or is_required_argument(argument)):
        raise NotPlainError
    value = argument.default_value if given is None else _reader(argument, given)({})
    if value is not Undefined and not is_fixed(value):
        raise NotPlainError
    return value


def _name(argument: GraphQLArgument) -> str:
    name: str = argument.extensions[DEFINITION].python_name
    return name
