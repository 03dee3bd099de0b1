"""Reads an operation's estimate from its document, once: what remains for each request are its variables."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
    visit,
)

from gql_api.schema.cost.prices import ALL_NAMED, ENTRIES, EXPLICIT_LISTS, PRICES, UNCOUNTED_MESSAGES, Price, is_paged
from gql_api.schema.cost.terms import Condition, Cost, Given, Size, count, most, times, total, value, where
from gql_api.schema.limits import MOST_SHOWN, check_whole, too_many_shown

BASE = 1
"""What every operation costs."""
_MESSAGES = "Session.messages"
_SESSION = "Query.session"
_FORK = "Mutation.forkSession"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A field as a document asks for it, where a condition is met."""

    node: FieldNode
    condition: Condition


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a field: how many entries its connection has, which session, lists of how many sessions."""

    entries: Size | None = None
    session: ValueNode | None = None
    listed: tuple[Size, ...] = ()


_Selected = tuple[SelectionSetNode, Condition]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one operation costs, as soon as its variables are known."""

    cost: Cost
    defaults: Mapping[str, Any]

    def of(self, given: Given) -> int:
        """Give the points; raise `CostLimitExceeded` where whole conversations are asked for that are too many."""
        if isinstance(self.cost, int):
            return self.cost
        if self.defaults:
            given = replace(given, variables={**self.defaults, **given.variables})
        return value(self.cost, given)


def estimate_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Estimate:
    """Read the estimate of an operation of a valid document."""
    defaults = {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value
    }
    root = schema.get_root_type(operation.operation)
    selected: list[_Selected] = [(operation.selection_set, ())]
    cost = _Reading(schema, fragments).object(root, selected, _Around()) if root else 0
    return Estimate(total([BASE, cost]), defaults)


class _Reading:
    """Reads one operation; fields of one response key are one field, as when it is executed."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def object(self, kind: GraphQLObjectType, selected: list[_Selected], around: _Around) -> Cost:
        """Sum up the fields of an object."""
        asked: defaultdict[str, list[_Asked]] = defaultdict(list)
        for selection_set, condition in selected:
            self._collect(kind, selection_set, condition, asked)
        return total(where([one.condition for one in same], self._field(kind, same, around)) for same in asked.values())

    def _collect(
        self,
        kind: GraphQLObjectType,
        selection_set: SelectionSetNode,
        condition: Condition,
        asked: defaultdict[str, list[_Asked]],
    ) -> None:
        for node in selection_set.selections:
            own = _condition(node.directives)
            if own is None:
                continue
            met = condition + own
            if isinstance(node, FieldNode):
                asked[(node.alias or node.name).value].append(_Asked(node, met))
                continue
            fragment: Any = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if self._fits(kind, fragment):
                self._collect(kind, fragment.selection_set, met, asked)

    def _fits(self, kind: GraphQLObjectType, fragment: FragmentDefinitionNode | InlineFragmentNode) -> bool:
        if fragment.type_condition is None:
            return True
        named = self._schema.get_type(fragment.type_condition.name.value)
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return self._schema.is_sub_type(named, kind)
        return named is kind

    def _field(self, kind: GraphQLObjectType, same: list[_Asked], around: _Around) -> Cost:
        node = same[0].node
        field = kind.fields.get(node.name.value)
        if field is None:  # of the schema itself, or `__typename`
            return 0
        name = f"{kind.name}.{node.name.value}"
        price = PRICES.get(name, _FREE)
        size = self._size(name, price, node, around)
        inner = self._inner(field.type, same, self._within(name, node, around, size))
        if (node.name.value in ENTRIES or name in ALL_NAMED) and around.entries is not None:
            return times(around.entries, inner)
        if size is None:
            return total([price.points, inner])
        # A connection's own fields are there once.
        is_list = is_list_type(get_nullable_type(field.type))
        return total([price.points, times(size, price.each), times(size, inner) if is_list else inner])

    def _within(self, name: str, node: FieldNode, around: _Around, size: Size | None) -> _Around:
        """Say what stands around the fields of a field."""
        if name == _SESSION:
            return _Around(session=_argument(node, "id"))
        if name in EXPLICIT_LISTS:
            return _Around(size, None, (*around.listed, _sized(EXPLICIT_LISTS[name], *_arguments(node))))
        return _Around(size, around.session, around.listed)

    def _inner(self, type_: GraphQLOutputType, same: list[_Asked], around: _Around) -> Cost:
        """Sum up what is selected of a field's value: of the most costly kind that it may be."""
        kind: Any = get_named_type(type_)
        if not is_composite_type(kind):
            return 0
        selected = [(one.node.selection_set, one.condition) for one in same if one.node.selection_set]
        if isinstance(kind, GraphQLObjectType):
            return self.object(kind, selected, around)
        return most(self.object(one, selected, around) for one in self._schema.get_possible_types(kind))

    def _size(self, name: str, price: Price, node: FieldNode, around: _Around) -> Size | None:
        if price.is_of_all:
            return around.entries
        if price.size is None:
            return None
        constant, variable = _arguments(node)
        if name == _FORK:
            return partial(_source, partial(_read, constant, variable))
        if name != _MESSAGES or (not variable and price.size(constant) is not None):
            return _sized(price.size, constant, variable)
        return partial(_conversation, price.size, partial(_read, constant, variable), around)


_FREE = Price()
Values = dict[str, Any]
Nodes = dict[str, ValueNode]


def _condition(directives: tuple[DirectiveNode, ...] | None) -> Condition | None:
    """Read @skip and @include; None for what is never asked for."""
    found: list[tuple[str, bool]] = []
    for directive in directives or ():
        if directive.name.value not in ("skip", "include") or not directive.arguments:
            continue
        wanted, node = directive.name.value == "include", directive.arguments[0].value
        if isinstance(node, VariableNode):
            found.append((node.name.value, wanted))
        elif isinstance(node, BooleanValueNode) and node.value is not wanted:
            return None
    return tuple(found)


def _argument(node: FieldNode, name: str) -> ValueNode | None:
    return next((one.value for one in node.arguments or () if one.name.value == name), None)


def _arguments(node: FieldNode) -> tuple[Values, Nodes]:
    """Give the arguments that are written in the document, and those that wait for variables."""
    constant: Values = {}
    variable: Nodes = {}
    for one in node.arguments or ():
        if _has_variable(one.value):
            variable[one.name.value] = one.value
        else:
            constant[one.name.value] = value_from_ast_untyped(one.value)
    return constant, variable


class _Finding(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _has_variable(node: ValueNode) -> bool:
    finding = _Finding()
    visit(node, finding)
    return finding.found


def _read(constant: Values, variable: Nodes, given: Given) -> Values:
    return {**constant, **{name: value_from_ast_untyped(node, given.variables) for name, node in variable.items()}}


def _sized(size: Callable[[Values], int | None], constant: Values, variable: Nodes) -> Size:
    """Tell a size at once where no variable is needed."""
    if not variable:
        return size(constant) or 0
    return lambda given: size(_read(constant, variable, given)) or 0


def _conversation(
    size_of: Callable[[Values], int | None], read: Callable[[Given], Values], around: _Around, given: Given
) -> int:
    """Tell how many messages are read; raise `CostLimitExceeded` where whole conversations are, and are too much."""
    arguments = read(given)
    size = size_of(arguments)
    if size is not None:
        return size
    id = around.session and value_from_ast_untyped(around.session, given.variables)
    known = given.known(id) if isinstance(id, str) else None
    if not is_paged(arguments):
        for listed in around.listed:
            check_whole(count(listed, given))
        if known is not None and known > MOST_SHOWN:
            raise too_many_shown(MOST_SHOWN)
    return UNCOUNTED_MESSAGES if known is None else known


def _source(read: Callable[[Given], Values], given: Given) -> int:
    """Tell how many messages are copied at most: a cut is somewhere in the conversation."""
    asked = read(given).get("input")
    id = asked.get("sessionId") if isinstance(asked, Mapping) else None
    known = given.known(id) if isinstance(id, str) else None
    return UNCOUNTED_MESSAGES if known is None else known
