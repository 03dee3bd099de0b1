"""The plans of one document, kept with it: for each choice of its @skip and @include, and each place in it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLList,
    GraphQLObjectType,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    print_ast,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, collect_fields

from gql_api.schema.compiled.calls import Call, Calling, call_of
from gql_api.schema.compiled.writer import Collecting, Plan, Writer

MOST_CHOICES = 16
MOST_PLACES = 500
_KNOWN_DIRECTIVES = {"skip", "include"}


class Root(NamedTuple):
    """The type of an operation's root, and its fields; `copies` are those that ask for the same as an earlier one."""

    kind: GraphQLObjectType
    fields: dict[str, FieldDetailsList]
    copies: dict[str, str]
    distinct: dict[str, FieldDetailsList]
    """The fields without the copies."""
    copied: int
    """How many copies there are of the field that has most."""


class Places:
    """The plans of one operation, for one choice of what it skips and includes."""

    def __init__(self) -> None:
        self._plans: dict[tuple[object, ...], Any] = {}

    def root(self, executor: "Executor[Any]") -> Root | None:
        """Give the fields of the root; None where they are graphql-core's to find."""
        try:
            found: Root | None = self._plans[()]
        except KeyError:
            found = self._kept((), lambda: _root(executor), None)
        return found

    def plans(self, executor: Collecting, kind: GraphQLObjectType, details: FieldDetailsList) -> tuple[Plan, ...]:
        """Give the plans of an object, to be tried in turn; none when it is graphql-core's."""
        key = (kind.name, *[id(one.node) for one in details])
        try:
            found: tuple[Plan, ...] = self._plans[key]
        except KeyError:
            found = self._kept(key, lambda: _plans(executor, kind, details), ())
        return found

    def list_plan(
        self, executor: Collecting, wanted: GraphQLList[Any], details: FieldDetailsList
    ) -> Callable[[Any], list[Any]] | None:
        """Give what completes a list; None when it is graphql-core's."""
        key = (id(wanted), *[id(one.node) for one in details])
        try:
            found: Callable[[Any], list[Any]] | None = self._plans[key]
        except KeyError:
            found = self._kept(key, lambda: Writer(executor).list_plan(wanted, details), None)
        return found

    def call(self, executor: Calling, kind: GraphQLObjectType, details: FieldDetailsList) -> Call | None:
        """Tell how the resolver of a field is called; None when that is graphql-core's."""
        key = (id(details[0].node), kind.name)
        try:
            found: Call | None = self._plans[key]
        except KeyError:
            found = self._kept(key, lambda: call_of(executor, kind, details[0]), None)
        return found

    def _kept(self, key: tuple[object, ...], make: Callable[[], Any], without: Any) -> Any:
        if len(self._plans) >= MOST_PLACES:
            return without
        self._plans[key] = without
        # What goes wrong here goes wrong in graphql-core too, which tells of it.
        with suppress(Exception):
            self._plans[key] = make()
        return self._plans[key]


def _root(executor: "Executor[Any]") -> Root | None:
    operation = executor.operation
    kind = executor.schema.get_root_type(operation.operation)
    if kind is None or operation.operation is OperationType.SUBSCRIPTION:
        return None
    found = collect_fields(executor.schema, executor.fragments, executor.variable_values, kind, operation)
    if found.new_defer_usages:
        return None
    fields = dict(found.grouped_field_set)
    copies = _copies(fields) if operation.operation is OperationType.QUERY else {}
    distinct = {name: details for name, details in fields.items() if name not in copies}
    return Root(kind, fields, copies, distinct, max(Counter(copies.values()).values(), default=0))


def _copies(fields: dict[str, FieldDetailsList]) -> dict[str, str]:
    """Find fields that differ in nothing but their alias from an earlier one."""
    copies: dict[str, str] = {}
    originals: dict[str, str] = {}
    for name, details in fields.items():
        node = details[0].node
        text = print_ast(node).removeprefix(f"{node.alias.value}: " if node.alias else "")
        if len(details) == 1 and originals.setdefault(text, name) != name:
            copies[name] = originals[text]
    return copies


def _plans(executor: Collecting, kind: GraphQLObjectType, details: FieldDetailsList) -> tuple[Plan, ...]:
    writer = Writer(executor)
    plan = writer.plan(kind, details)
    return (plan, Writer(executor, hopeful=False).plan(kind, details)) if writer.has_hoped else (plan,)


class Plans:
    """The plans of one document. They know its nodes by their identity, and must not outlive it."""

    def __init__(self, node: DocumentNode) -> None:
        self._switches = _switches(node)
        self._choices: dict[tuple[object, ...], Places] = {}

    def places(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Places | None:
        """Give the plans of an operation under these variables; None when it is graphql-core's."""
        if self._switches is None:
            return None
        values = [variables.get(name) for name in self._switches]
        if any(value is not None and not isinstance(value, bool) for value in values):
            return None
        key = (id(operation), *values)
        found = self._choices.get(key)
        if found is None and len(self._choices) < MOST_CHOICES:
            found = self._choices[key] = Places()
        return found


def _switches(document: DocumentNode) -> tuple[str, ...] | None:
    """Tell which variables decide what is selected; None when a directive of another kind may do so too."""
    names: dict[str, None] = {}
    for directive in _directives(document):
        if directive.name.value not in _KNOWN_DIRECTIVES:
            return None
        names |= {
            one.value.name.value: None for one in directive.arguments or () if isinstance(one.value, VariableNode)
        }
    return tuple(names)


def _directives(document: DocumentNode) -> Iterator[DirectiveNode]:
    """Find the directives of operations, of fragments and of all that they select."""
    left: list[Node] = list(document.definitions)
    while left:
        node = left.pop()
        yield from getattr(node, "directives", None) or ()
        selected = getattr(node, "selection_set", None)
        left.extend(selected.selections if selected else ())
