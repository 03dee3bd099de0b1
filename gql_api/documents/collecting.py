"""Documents put together: a file by hand may use fragments of other files, as tools of clients have it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    Source,
    Visitor,
    get_location,
    parse,
    visit,
)

from gql_api.documents.files import Written


class Fault(NamedTuple):
    """What is wrong, and where: the file, with the id where it is a manifest, and the place in the document."""

    place: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be run: with all fragments that it needs, and no others where it was written by hand."""

    written: Written
    node: DocumentNode
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """What files have, put together. `loose` are fragments that no document needs, each with those that it needs."""

    documents: list[Document]
    loose: list[DocumentNode]
    faults: list[Fault]


def collect(written: Iterable[Written]) -> Collection:
    """Parse documents, and complete those that were written by hand."""
    parsed: list[tuple[Written, DocumentNode]] = []
    faults: list[Fault] = []
    for one in written:
        try:
            parsed.append((one, parse(Source(one.text, one.place))))
        except GraphQLSyntaxError as error:
            faults.append(fault_of(error))
    fragments, twice = _named(node for one, node in parsed if one.is_by_hand)
    documents: list[Document] = []
    used: set[str] = set()
    for one, node in parsed:
        if not one.is_by_hand:
            documents.append(Document(one, node, one.text))
            continue
        completed = _completed(node, fragments)
        used |= {fragment.name.value for fragment in _fragments(completed.definitions)}
        if len(completed.definitions) > len(_fragments(completed.definitions)):
            documents.append(Document(one, completed, _text_of(one, node, completed)))
    loose = [_with_needed((fragment,), fragments) for name, fragment in fragments.items() if name not in used]
    return Collection(documents, loose, [*faults, *twice])


def fault_of(error: GraphQLError) -> Fault:
    """Say where an error of a document is."""
    source = error.nodes[0].loc.source if error.nodes and error.nodes[0].loc else error.source
    if source is None:
        return Fault("", 1, 1, error.message)
    place = get_location(source, next(iter(error.positions or ()), 0))
    return Fault(source.name, place.line, place.column, error.message)


def _named(nodes: Iterable[DocumentNode]) -> tuple[dict[str, FragmentDefinitionNode], list[Fault]]:
    """Find the fragments of all files by name, and those names that were given twice."""
    fragments: dict[str, FragmentDefinitionNode] = {}
    twice = []
    for node in nodes:
        for fragment in _fragments(node.definitions):
            name = fragment.name.value
            if fragments.setdefault(name, fragment) is not fragment:
                twice.append(fault_of(GraphQLError(f"There can be only one fragment named '{name}'.", fragment.name)))
    return fragments, twice


def _completed(node: DocumentNode, fragments: dict[str, FragmentDefinitionNode]) -> DocumentNode:
    """Give what is no fragment of a document, and the fragments that it needs."""
    return _with_needed([one for one in node.definitions if not isinstance(one, FragmentDefinitionNode)], fragments)


def _with_needed(definitions: Sequence[DefinitionNode], fragments: dict[str, FragmentDefinitionNode]) -> DocumentNode:
    found = {one.name.value: one for one in _fragments(definitions)}
    waiting = list(definitions)
    while waiting:
        for name in _spread_in(waiting.pop()):
            if name in fragments and name not in found:
                found[name] = fragments[name]
                waiting.append(fragments[name])
    others = [one for one in definitions if not isinstance(one, FragmentDefinitionNode)]
    return DocumentNode(definitions=(*others, *found.values()))


def _fragments(definitions: Iterable[DefinitionNode]) -> list[FragmentDefinitionNode]:
    return [one for one in definitions if isinstance(one, FragmentDefinitionNode)]


def _spread_in(node: DefinitionNode) -> list[str]:
    seen = _Spreads()
    visit(node, seen)
    return seen.names


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.append(node.name.value)


def _text_of(written: Written, node: DocumentNode, completed: DocumentNode) -> str:
    """Give the text of a completed document: that of its file, where nothing was added or left out."""
    if {id(one) for one in node.definitions} == {id(one) for one in completed.definitions}:
        return written.text
    return "\n\n".join(_slices(completed)) + "\n"


def _slices(node: DocumentNode) -> Iterator[str]:
    for one in node.definitions:
        if one.loc:
            yield one.loc.source.body[one.loc.start : one.loc.end]
