"""Asynchronous resolvers called at once, where Strawberry and graphql-core only pass on what is known before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from inspect import iscoroutinefunction
from typing import Any, Protocol
from uuid import UUID

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    VariableNode,
    get_argument_values,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.relay import GlobalID
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gql_api.schema.compiled.writer import DEFINITION, NotPlainError

_FIXED = frozenset({str, int, float, bool, type(None), datetime, UUID})
"""Values that no resolver can change, so that all its calls may be given the same."""


class Calling(Protocol):
    """What is used of graphql-core's executor: the schema, and the variables of one operation."""

    schema: GraphQLSchema
    variable_values: VariableValues


@dataclass(frozen=True, slots=True)
class FromVariable:
    """An argument, by its name in Python, whose value is that of a variable."""

    argument: str
    variable: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class Call:
    """How the resolver of one field of a document is called."""

    field: GraphQLField
    definition: StrawberryField
    function: Callable[..., Any]
    wants_info: bool
    fixed: dict[str, Any]
    varying: tuple[FromVariable, ...]

    def arguments(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """Give the arguments under these variables, to be kept; None where graphql-core is to tell what they are."""
        found = self.fixed.copy()
        for one in self.varying:
            value = found[one.argument] = given.get(one.variable)
            if value is None and not (one.nullable and one.variable in given):
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
    given = node.arguments or ()
    varying = {one.name.value: one.value.name.value for one in given if isinstance(one.value, VariableNode)}
    values = get_argument_values(field, node, executor.variable_values)
    return Call(
        field,
        definition,
        resolver.wrapped_func,
        resolver.info_parameter is not None,
        {_name(field.args[name]): _fixed(value) for name, value in values.items() if name not in varying},
        tuple(_from_variable(field.args[name], variable) for name, variable in varying.items()),
    )


def _resolver(schema: GraphQLSchema, field: GraphQLField, definition: StrawberryField) -> StrawberryResolver[Any]:
    """Give the resolver, if calling it is all that is done for the field."""
    resolver = definition.base_resolver
    is_strawberrys = getattr(field.resolve, "__module__", None) == GraphQLCoreConverter.__module__
    is_alone = type(definition) is StrawberryField and not definition.extensions and not definition.is_subscription
    if resolver is None or not is_strawberrys or not is_alone or schema._strawberry_schema.exception_handlers:
        raise NotPlainError
    others = resolver.parent_parameter or resolver.root_parameter or not resolver.self_parameter
    if others or not iscoroutinefunction(resolver.wrapped_func):
        raise NotPlainError
    return resolver


def _from_variable(argument: GraphQLArgument, variable: str) -> FromVariable:
    return FromVariable(_name(argument), variable, not is_non_null_type(argument.type))


def _name(argument: GraphQLArgument) -> str:
    """Give the name in Python of an argument that is passed on as graphql-core gives it."""
    definition = argument.extensions[DEFINITION]
    wanted = definition.type
    if isinstance(wanted, StrawberryOptional) and not isinstance(wanted, StrawberryMaybe):
        wanted = wanted.of_type
    if wanted is GlobalID or isinstance(wanted, StrawberryMaybe) or not is_leaf_type(get_nullable_type(argument.type)):
        raise NotPlainError
    name: str = definition.python_name
    return name


def _fixed(value: Any) -> Any:
    if value.__class__ in _FIXED or isinstance(value, Enum):
        return value
    raise NotPlainError
