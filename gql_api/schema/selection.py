"""What a client selects of a field, where that decides what is read or reckoned before."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import DirectiveNode, FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode, VariableNode

from gql_api.schema.context import Info


def selects(info: Info, name: str) -> bool:
    """Tell whether the field at hand is asked for its sub-field `name`, under whatever alias."""
    if not _is_written(info, name):
        return False
    selected = _Selected(info)
    return any(node.name.value == name for node in selected.of(info._raw_info.field_nodes))


def selects_below(info: Info, name: str, *within: str) -> bool:
    """Tell whether `name` is asked for anywhere below these sub-fields of the field at hand; without any, below it."""
    if not _is_written(info, name):
        return False
    selected = _Selected(info)
    level: list[FieldNode] = list(info._raw_info.field_nodes)
    if within:
        level = [node for node in selected.of(level) if node.name.value in within]
    while level:
        level = list(selected.of(level))
        if any(node.name.value == name for node in level):
            return True
    return False


def _is_written(info: Info, name: str) -> bool:
    """Tell whether the document has this name anywhere: what nobody wrote need not be looked for in its tree."""
    written = info._raw_info.operation.loc
    return written is None or _word(name).search(written.source.body) is not None


@cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{name}\b")


class _Selected:
    """Finds the fields that are selected of others, in fragments too, but for what @skip and @include leave out."""

    def __init__(self, info: Info) -> None:
        self._fragments = info._raw_info.fragments
        self._variables: Any = info._raw_info.variable_values

    def of(self, nodes: list[FieldNode]) -> Iterator[FieldNode]:
        """Give the fields one level below. Validation has seen to it that fragments do not go round in circles."""
        for node in nodes:
            yield from self._in(node.selection_set)

    def _in(self, selected: SelectionSetNode | None) -> Iterator[FieldNode]:
        for node in selected.selections if selected else ():
            if any(map(self._leaves_out, node.directives or ())):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self._in(self._fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                yield from self._in(node.selection_set)

    def _leaves_out(self, directive: DirectiveNode) -> bool:
        if directive.name.value not in ("skip", "include") or not directive.arguments:
            return False
        given: Any = directive.arguments[0].value
        value = self._variables.get(given.name.value) if isinstance(given, VariableNode) else given.value
        return value is (directive.name.value == "skip")
