"""Reads arguments straight into the classes that resolvers take, where graphql-core and Strawberry make dicts between.

What is known of an argument's text is found once. What is for graphql-core to tell, such as null where there must be a
value, is left to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_leaf_type,
    is_non_null_type,
)
from graphql.utilities import coerce_input_literal
from strawberry import Some
from strawberry.relay import GlobalID
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryObjectDefinition, StrawberryOptional

from gql_api.schema.compiled.writer import DEFINITION, NotPlainError

Read = Callable[[Mapping[str, Any]], Any]
"""Gives an argument under the variables of an operation, as they were coerced; raises `UnusualError`."""
Convert = Callable[[Any], Any]
"""Makes what a resolver takes of what graphql-core has coerced."""
FIXED = frozenset({str, int, float, bool, type(None), datetime, UUID})
"""Values that no resolver can change, so that all its calls may be given the same."""
_ABSENT: Any = object()


class UnusualError(Exception):
    """Something is missing, or null, where graphql-core knows what to do."""


def reader(wanted: GraphQLInputType, kind: Any, node: ValueNode) -> Read:
    """Tell how to read an argument, by its two types; raise `NotPlainError` where that is for graphql-core."""
    read = _reader(wanted, kind, node)
    return _present(read) if isinstance(node, VariableNode) else read


def is_fixed(value: Any) -> bool:
    """Tell whether all calls may be given the same value."""
    return value.__class__ in FIXED or isinstance(value, Enum)


def _reader(wanted: GraphQLInputType, kind: Any, node: ValueNode) -> Read:
    if isinstance(node, VariableNode):
        return _variable(node.name.value, _converter(wanted, kind), is_nullable=not is_non_null_type(wanted))
    wanted, is_nullable = (wanted.of_type, False) if is_non_null_type(wanted) else (wanted, True)
    if isinstance(kind, StrawberryMaybe):
        if isinstance(node, NullValueNode) and not isinstance(kind.of_type, StrawberryOptional):
            raise NotPlainError
        inner = _reader(wanted, kind.of_type, node)
        return lambda variables: Some(inner(variables))
    if isinstance(node, NullValueNode):
        if is_nullable:
            return lambda variables: None
        raise NotPlainError
    if isinstance(kind, StrawberryOptional):
        return _reader(wanted, kind.of_type, node)
    if isinstance(wanted, GraphQLList):
        return _list(wanted, kind, node)
    return _object(wanted, node) if isinstance(wanted, GraphQLInputObjectType) else _leaf(wanted, kind, node)


def _present(read: Read) -> Read:
    def present(variables: Mapping[str, Any]) -> Any:
        value = read(variables)
        if value is _ABSENT:
            raise UnusualError
        return value

    return present


def _variable(name: str, convert: Convert | None, *, is_nullable: bool) -> Read:
    def read(variables: Mapping[str, Any]) -> Any:
        value = variables.get(name, _ABSENT)
        if value is _ABSENT:
            return value
        if value is None and not is_nullable:
            raise UnusualError
        return convert(value) if convert else value

    return read


def _list(wanted: GraphQLList[Any], kind: Any, node: ValueNode) -> Read:
    if not isinstance(node, ListValueNode) or not isinstance(kind, StrawberryList):
        raise NotPlainError
    items = [reader(wanted.of_type, kind.of_type, item) for item in node.values]
    return lambda variables: [item(variables) for item in items]


def _leaf(wanted: Any, kind: Any, node: ValueNode) -> Read:
    if not is_leaf_type(wanted) or kind is GlobalID or isinstance(node, ListValueNode | ObjectValueNode):
        raise NotPlainError
    value = coerce_input_literal(node, wanted)
    if not is_fixed(value):  # Undefined is not
        raise NotPlainError
    return lambda variables: value


def _object(wanted: GraphQLInputObjectType, node: ValueNode) -> Read:
    definition = _definition(wanted)
    if not isinstance(node, ObjectValueNode) or (definition.is_one_of and len(node.fields) != 1):
        raise NotPlainError
    values = {one.name.value: one.value for one in node.fields}
    if len(values) != len(node.fields) or not values.keys() <= wanted.fields.keys():
        raise NotPlainError
    absent, readers = _without(definition), []
    for name, field in wanted.fields.items():
        read = name in values and _reader(
            GraphQLNonNull(field.type) if definition.is_one_of else field.type, _kind(field, definition), values[name]
        )
        if read:
            readers.append((_name(field), read, _is_required(field) or definition.is_one_of))
        elif _is_required(field) and not definition.is_one_of:
            raise NotPlainError
        if field.default_value is not Undefined:
            absent[_name(field)] = _default(field, definition)
    return _made(definition.origin, absent, readers)


def _made(origin: type, absent: dict[str, Any], readers: list[tuple[str, Read, bool]]) -> Read:
    def read(variables: Mapping[str, Any]) -> Any:
        given = absent.copy()
        for name, one, is_required in readers:
            value = one(variables)
            if value is not _ABSENT:
                given[name] = value
            elif is_required:
                raise UnusualError
        return origin(**given)

    return read


def _converter(wanted: GraphQLInputType, kind: Any) -> Convert | None:
    """Tell what is made of a variable's value; None where it stays as it is."""
    wanted = wanted.of_type if is_non_null_type(wanted) else wanted
    if isinstance(kind, StrawberryMaybe):
        return _some(_converter(wanted, kind.of_type), is_nullable=isinstance(kind.of_type, StrawberryOptional))
    if isinstance(kind, StrawberryOptional):
        return _converter(wanted, kind.of_type)
    if isinstance(wanted, GraphQLList) and isinstance(kind, StrawberryList):
        item = _converter(wanted.of_type, kind.of_type)
        return _unless_null(lambda value: [item(one) for one in value] if item else list(value))
    if isinstance(wanted, GraphQLInputObjectType):
        return _unless_null(_object_converter(wanted))
    if not is_leaf_type(wanted) or kind is GlobalID:
        raise NotPlainError
    return None


def _some(convert: Convert | None, *, is_nullable: bool) -> Convert:
    def some(value: Any) -> Some[Any]:
        if value is None and not is_nullable:
            raise UnusualError
        return Some(convert(value) if convert else value)

    return some


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _object_converter(wanted: GraphQLInputObjectType) -> Convert:
    definition = _definition(wanted)
    absent, origin = _without(definition), definition.origin
    fields = [
        (name, _name(field), _converter(field.type, _kind(field, definition))) for name, field in wanted.fields.items()
    ]

    def convert(value: dict[str, Any]) -> Any:
        given = absent.copy()
        for name, python_name, inner in fields:
            if name in value:
                given[python_name] = inner(value[name]) if inner else value[name]
        return origin(**given)

    return convert


def _definition(wanted: GraphQLInputObjectType) -> StrawberryObjectDefinition:
    """Give Strawberry's own word on an input type, if objects of its class are made field by field."""
    definition = wanted.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.from_input is not None:
        raise NotPlainError
    if any(field.out_name for field in wanted.fields.values()):
        raise NotPlainError
    return definition


def _without(definition: StrawberryObjectDefinition) -> dict[str, Any]:
    """Give what Strawberry says for fields that are absent and have no default of their own."""
    fields = definition.fields
    return {one.python_name: None for one in fields if one.default_value is MISSING and one.default_factory is MISSING}


def _default(field: GraphQLInputField, definition: StrawberryObjectDefinition) -> Any:
    convert = _converter(field.type, _kind(field, definition))
    value = convert(field.default_value) if convert else field.default_value
    if not is_fixed(value):
        raise NotPlainError
    return value


def _is_required(field: GraphQLInputField) -> bool:
    return is_non_null_type(field.type) and field.default_value is Undefined


def _name(field: GraphQLInputField) -> str:
    name: str = field.extensions[DEFINITION].python_name
    return name


def _kind(field: GraphQLInputField, definition: StrawberryObjectDefinition) -> Any:
    return field.extensions[DEFINITION].resolve_type(type_definition=definition)
