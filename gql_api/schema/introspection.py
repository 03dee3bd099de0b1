"""How much of the schema an operation asks to be told: lists of types and fields in each other grow with each level."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
    is_wrapping_type,
)

from gql_api.errors import CostLimitExceeded

MOST_TOLD = 20_000
"""Values that one operation is told of the schema: three times what tools ask for, and a fifth of a second."""

_Fields = list[FieldNode]


def told_too_much(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Tell which operations of a valid document ask for too much; no more is counted than may be told."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    counting = _Counting(schema, fragments)
    return [_error(one) for one in operations if counting.of_operation(one) > MOST_TOLD]


def _error(operation: OperationDefinitionNode) -> GraphQLError:
    message = f"The operation asks for more than {MOST_TOLD} values of the schema: ask for fewer lists within lists."
    return GraphQLError(message, operation, extensions={"code": CostLimitExceeded.code})


class _Counting:
    """Counts what is selected of each thing of the schema once, however often it is told."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._selected: dict[int, _Fields] = {}
        self._counted: dict[tuple[int, int], int] = {}

    def of_operation(self, operation: OperationDefinitionNode) -> int:
        """Count all that an operation is told; beyond the limit it is some number beyond it."""
        total = 0
        for asked in self._fields(operation.selection_set):
            if asked.selection_set and asked.name.value in ("__schema", "__type"):
                total += max((self._of(asked.selection_set, one) for one in self._named(asked)), default=1)
        return total

    def _named(self, asked: FieldNode) -> Iterable[Any]:
        """Give the schema, or the types of which one is asked for: the name may wait for a variable."""
        return (self._schema,) if asked.name.value == "__schema" else self._schema.type_map.values()

    def _of(self, selected: SelectionSetNode, thing: Any) -> int:
        key = (id(selected), id(thing))
        if key not in self._counted:
            self._counted[key] = 1
            self._counted[key] = self._summed(selected, thing)
        return self._counted[key]

    def _summed(self, selected: SelectionSetNode, thing: Any) -> int:
        total = 1
        for asked in self._fields(selected):
            total += self._within(asked, asked.selection_set, thing) if asked.selection_set else 1
            if total > MOST_TOLD or len(self._counted) > MOST_TOLD:
                return MOST_TOLD + 1
        return total

    def _within(self, asked: FieldNode, selected: SelectionSetNode, thing: Any) -> int:
        return sum(self._of(selected, inner) for inner in _THINGS[asked.name.value](self._schema, thing))

    def _fields(self, selection_set: SelectionSetNode) -> _Fields:
        """Give the fields that are selected, those of fragments too, each fragment once."""
        key = id(selection_set)
        if key not in self._selected:
            self._selected[key] = list(self._unfolded(selection_set))
        return self._selected[key]

    def _unfolded(self, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
        left, spread = [selection_set], set()
        while left:
            for one in left.pop().selections:
                if isinstance(one, FieldNode):
                    yield one
                elif not isinstance(one, FragmentSpreadNode):
                    left.append(one.selection_set)  # type: ignore[attr-defined]
                elif one.name.value not in spread:
                    spread.add(one.name.value)
                    left.append(self._fragments[one.name.value].selection_set)


def _listed(thing: Any, name: str) -> Iterable[Any]:
    found = getattr(thing, name, ())
    return found.values() if isinstance(found, dict) else found


def _fields_of(thing: Any, *, is_input: bool) -> Iterable[Any]:
    return _listed(thing, "fields") if isinstance(thing, GraphQLInputObjectType) is is_input else ()


def _there(thing: Any) -> Iterable[Any]:
    return () if thing is None else (thing,)


_THINGS: dict[str, Callable[[GraphQLSchema, Any], Iterable[Any]]] = {
    "types": lambda schema, _: schema.type_map.values(),
    "directives": lambda schema, _: schema.directives,
    "queryType": lambda schema, _: _there(schema.query_type),
    "mutationType": lambda schema, _: _there(schema.mutation_type),
    "subscriptionType": lambda schema, _: _there(schema.subscription_type),
    "fields": lambda _, thing: _fields_of(thing, is_input=False),
    "inputFields": lambda _, thing: _fields_of(thing, is_input=True),
    "args": lambda _, thing: _listed(thing, "args"),
    "enumValues": lambda _, thing: _listed(thing, "values"),
    "interfaces": lambda _, thing: _listed(thing, "interfaces"),
    "possibleTypes": lambda schema, thing: schema.get_possible_types(thing) if is_abstract_type(thing) else (),
    "type": lambda _, thing: _there(thing.type),
    "ofType": lambda _, thing: _there(thing.of_type if is_wrapping_type(thing) else None),
}
"""What a field of introspection leads to, what is deprecated too."""
