"""How much a document asks for, told from its text alone; how much it then shows is counted in `limits`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from gql_api.errors import CostLimitExceeded

_UNCOUNTED = 1_000_000
"""No count goes beyond: fragments that spread others twice double it at each step."""

Definition = OperationDefinitionNode | FragmentDefinitionNode


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The most that a document may have, and that one operation of it may come to with its fragments unfolded."""

    characters: int = 100_000
    tokens: int = 2_000
    depth: int = 15
    aliases: int = 30
    fields: int = 1_000
    root_fields: int = 20
    mutations: int = 10
    directives: int = 50
    cost: int = 50_000
    variables_depth: int = 60
    variables: int = 200_000


@dataclass(slots=True)
class Shape:
    """What a definition comes to."""

    depth: int = 0
    root_fields: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, spread: "Shape", around: int) -> None:
        """Add a fragment that is spread within so many fields."""
        self.depth = max(self.depth, around + spread.depth)
        self.root_fields = _counted(self.root_fields + (0 if around else spread.root_fields))
        self.fields = _counted(self.fields + spread.fields)
        self.aliases = _counted(self.aliases + spread.aliases)
        self.directives = _counted(self.directives + spread.directives)


@dataclass(slots=True)
class _Written:
    """What a definition has itself, and the fragments that it spreads, each within so many fields."""

    own: Shape = field(default_factory=Shape)
    spreads: list[tuple[str, int]] = field(default_factory=list)


def excesses(document: DocumentNode, limits: DocumentLimits) -> list[GraphQLError]:
    """Tell what a document has too much of: each limit once for each operation.

    Every node is looked at once, and every fragment summed up once, so a twisted document takes no longer than a plain
    one of its length. Cycles of fragments count as if they were cut; validation refuses them.
    """
    written = [(one, _written(one)) for one in document.definitions if isinstance(one, Definition)]
    directives = sum(found.own.directives for _, found in written)
    if directives > limits.directives:  # those of fragments that nothing spreads too: validation looks at each
        return [_error(None, "The document has", directives, "directives", limits.directives)]
    return [error for operation, shape in _shapes(written) for error in _beyond(operation, shape, limits)]


def shapes(document: DocumentNode) -> Iterator[tuple[OperationDefinitionNode, Shape]]:
    """Give the operations of a document, each with what it comes to."""
    return _shapes([(one, _written(one)) for one in document.definitions if isinstance(one, Definition)])


def _shapes(written: list[tuple[Definition, _Written]]) -> Iterator[tuple[OperationDefinitionNode, Shape]]:
    fragments = {one.name.value: found for one, found in written if isinstance(one, FragmentDefinitionNode)}
    known: dict[str, Shape] = {}
    for name in _innermost_first(fragments):
        known[name] = _whole(fragments[name], known)
    for one, found in written:
        if isinstance(one, OperationDefinitionNode):
            yield one, _whole(found, known)


def _written(definition: Definition) -> _Written:
    found = _Written()
    own = found.own
    own.directives = len(definition.directives or ())
    own.directives += sum(len(one.directives or ()) for one in definition.variable_definitions or ())
    left: list[tuple[SelectionSetNode, int]] = [(definition.selection_set, 0)]
    while left:
        selected, depth = left.pop()
        for one in selected.selections:
            own.directives += len(one.directives or ())
            if isinstance(one, FragmentSpreadNode):
                found.spreads.append((one.name.value, depth))
            elif isinstance(one, InlineFragmentNode):
                left.append((one.selection_set, depth))
            elif isinstance(one, FieldNode):
                _count(own, one, depth)
                left += [(one.selection_set, depth + 1)] if one.selection_set else []
    return found


def _count(own: Shape, field: FieldNode, around: int) -> None:
    own.depth = max(own.depth, around + 1)
    own.root_fields += not around
    own.fields += 1
    own.aliases += field.alias is not None


def _whole(written: _Written, known: Mapping[str, Shape]) -> Shape:
    for name, around in written.spreads:
        if name in known:
            written.own.add(known[name], around)
    return written.own


def _innermost_first(fragments: Mapping[str, _Written]) -> Iterator[str]:
    """Give each fragment after those that it spreads, but for the last of a cycle."""
    begun: set[str] = set()
    left = [(name, False) for name in fragments]
    while left:
        name, is_ready = left.pop()
        if is_ready:
            yield name
        elif name in fragments and name not in begun:
            begun.add(name)
            left.append((name, True))
            left += [(spread, False) for spread, _ in fragments[name].spreads]


def _beyond(operation: OperationDefinitionNode, shape: Shape, limits: DocumentLimits) -> Iterator[GraphQLError]:
    is_mutation = operation.operation is OperationType.MUTATION
    counts = [
        (shape.depth, "levels of fields", limits.depth),
        (shape.aliases, "aliases", limits.aliases),
        (shape.fields, "fields", limits.fields),
        (shape.directives, "directives", limits.directives),
    ]
    counts.append(
        (shape.root_fields, "mutations", limits.mutations)
        if is_mutation
        else (shape.root_fields, "fields at its root", limits.root_fields)
    )
    for count, what, most in counts:
        if count > most:
            yield _error(operation, "The operation comes to", count, what, most)


def _error(node: OperationDefinitionNode | None, begins: str, count: int, what: str, most: int) -> GraphQLError:
    number = str(count) if count < _UNCOUNTED else "a million or more"
    message = f"{begins} {number} {what}; at most {most} are taken."
    return GraphQLError(message, node, extensions={"code": CostLimitExceeded.code})


def _counted(count: int) -> int:
    return min(count, _UNCOUNTED)
