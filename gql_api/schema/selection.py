"""What a client selects of a field, where that decides what is read; directives are taken as if they let all pass."""

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from gql_api.schema.context import Info


def selects(info: Info, name: str) -> bool:
    """Tell whether the field at hand is asked for its sub-field `name`, under whatever alias."""
    raw = info._raw_info
    return any(_has(node.selection_set, name, raw.fragments) for node in raw.field_nodes)


def _has(selected: SelectionSetNode | None, name: str, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    """Look through fragments; validation has seen to it that they do not go round in circles."""
    for node in selected.selections if selected else ():
        if isinstance(node, FieldNode):
            if node.name.value == name:
                return True
        elif isinstance(node, InlineFragmentNode):
            if _has(node.selection_set, name, fragments):
                return True
        elif isinstance(node, FragmentSpreadNode) and _has(fragments[node.name.value].selection_set, name, fragments):
            return True
    return False
