"""Operations of valid documents, with all that is the same each time they run."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLID,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    SelectionNode,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
    get_variable_values,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities import coerce_input_value
from strawberry.execution import optimized_is_awaitable
from strawberry.types.graphql import OperationType

from gql_api.schema.cost import Estimate, estimate_of
from gql_api.schema.validating import MOST_ERRORS

RESOLVING: dict[str, Any] = {
    "field_resolver": default_field_resolver,
    "type_resolver": default_type_resolver,
    "subscribe_field_resolver": default_field_resolver,
    "is_awaitable": optimized_is_awaitable,
}
"""What `graphql.execute` gives to each executor, where Strawberry calls it."""
_PLAIN = frozenset({str, int, float, bool})
_NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, slots=True)
class Ready:
    """One operation, found and known to be valid."""

    node: DocumentNode
    operation: OperationDefinitionNode
    kind: OperationType
    told: tuple[str, str | None]
    """Its type and its name, for logs and measures."""
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    constant: dict[str, str] | None
    """What it comes to each time, where it asks for no more than the name of its type, as checks of health do."""
    variables: tuple["_Leaf", ...] | None
    """What its variables are, where all are leaves without a default."""
    estimate: Estimate

    def values(self, schema: GraphQLSchema, variables: dict[str, Any] | None) -> VariableValues | None:
        """Read the variables as `graphql.execute` would; None where they do not fit."""
        read = self._coerced(schema, variables)
        return None if isinstance(read, list) else read

    def faults(self, schema: GraphQLSchema, variables: dict[str, Any] | None) -> list[GraphQLError]:
        """Tell how the variables do not fit."""
        read = self._coerced(schema, variables)
        return read if isinstance(read, list) else []

    def _coerced(self, schema: GraphQLSchema, variables: dict[str, Any] | None) -> VariableValues | list[GraphQLError]:
        wanted, given = self.operation.variable_definitions, variables or {}
        if not wanted:
            return _NO_VARIABLES
        if self.variables and (read := _read(self.variables, given)):
            return read
        return get_variable_values(schema, wanted, given, max_errors=MOST_ERRORS)


def ready(schema: GraphQLSchema, node: DocumentNode, name: str | None) -> Ready | None:
    """Find the operation that is meant in a valid document; None where it is not clear which."""
    found = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    meant = [one for one in found if name is None or (one.name and one.name.value == name)]
    fragments = [one for one in node.definitions if isinstance(one, FragmentDefinitionNode)]
    # Variables of fragments are nothing that the parser takes unless it is told to.
    if len(meant) != 1 or any(one.variable_definitions for one in fragments):
        return None
    named = {one.name.value: one for one in fragments}
    details = {name: FragmentDetails(one) for name, one in named.items()}
    operation = meant[0]
    type, name = operation.operation.value, operation.name.value if operation.name else None
    constant = _constant(schema, operation)
    variables = _leaves(schema, operation)
    estimate = estimate_of(schema, operation, named)
    return Ready(node, operation, OperationType(type), (type, name), named, details, constant, variables, estimate)


class _Leaf(NamedTuple):
    """A variable that is a leaf without a default; `is_text`: what is a string then, is it as it came."""

    signature: GraphQLVariableSignature
    is_required: bool
    is_text: bool


def _leaves(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[_Leaf, ...] | None:
    found = []
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError) or signature.default:
            return None
        kind = get_nullable_type(signature.type)
        if not is_leaf_type(kind):
            return None
        found.append(_Leaf(signature, is_non_null_type(signature.type), kind is GraphQLString or kind is GraphQLID))
    return tuple(found)


def _read(variables: tuple[_Leaf, ...], given: dict[str, Any]) -> VariableValues | None:
    """Read variables that are leaves; None for what may not fit, or is more than a plain value."""
    sources, coerced = {}, {}
    for signature, is_required, is_text in variables:
        name = signature.name
        value = given.get(name, Undefined)
        if value is Undefined and not is_required:
            sources[name] = VariableValueSource(signature)
        elif value.__class__ in _PLAIN:
            sources[name] = VariableValueSource(signature, value)
            is_done = is_text and value.__class__ is str
            coerced[name] = value if is_done else coerce_input_value(value, signature.type)
        else:
            return None
    return None if Undefined in coerced.values() else VariableValues(sources, coerced)


def _constant(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, str] | None:
    """Answer an operation that nothing can change: no field but `__typename`, no fragment, no directive."""
    kind = schema.get_root_type(operation.operation)
    selected = operation.selection_set.selections
    if kind is None or operation.directives or not all(map(_is_typename, selected)):
        return None
    return {_response_key(one): kind.name for one in selected if isinstance(one, FieldNode)}


def _is_typename(selected: SelectionNode) -> bool:
    return isinstance(selected, FieldNode) and selected.name.value == "__typename" and not selected.directives


def _response_key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value
