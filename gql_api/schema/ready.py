"""Operations of valid documents, with all that is the same each time they run."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    get_variable_values,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable
from strawberry.types.graphql import OperationType

MOST_ERRORS = 50
"""Errors of variables that are told, as graphql-core has it."""

_is_awaitable: Any = optimized_is_awaitable
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

    def executor(
        self, made_by: type[Executor[Any]], schema: GraphQLSchema, variables: dict[str, Any] | None, **given: Any
    ) -> Executor[Any] | None:
        """Make what executes it once, as `graphql.execute` would; None where the variables do not fit."""
        values: VariableValues | list[Any] = _NO_VARIABLES
        if self.operation.variable_definitions:
            wanted = self.operation.variable_definitions
            values = get_variable_values(schema, wanted, variables or {}, max_errors=MOST_ERRORS)
        if isinstance(values, list):
            return None
        return made_by(
            schema,
            self.fragments,
            self.details,
            operation=self.operation,
            variable_values=values,
            field_resolver=default_field_resolver,
            type_resolver=default_type_resolver,
            subscribe_field_resolver=default_field_resolver,
            is_awaitable=_is_awaitable,
            **given,
        )


def ready(node: DocumentNode, name: str | None) -> Ready | None:
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
    return Ready(node, operation, OperationType(type), (type, name), named, details)
