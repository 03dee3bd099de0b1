"""What operations and their variables are said to be for: in descriptions, in comments, or else in the schema."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLSchema,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    StringValueNode,
    Token,
    TokenKind,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)


def operation_said(operation: OperationDefinitionNode, schema: GraphQLSchema) -> str:
    """Give what stands above an operation, else what the schema says of its fields."""
    root = schema.get_root_type(operation.operation)
    names = [getattr(getattr(one, "name", None), "value", "") for one in operation.selection_set.selections]
    fields = [root.fields[name] for name in names if root and name in root.fields]
    return _above(operation) or " ".join(field.description for field in fields if field.description)


def variables_said(operation: OperationDefinitionNode, alone: DocumentNode, schema: GraphQLSchema) -> dict[str, str]:
    """Give what stands above each variable, else what the schema says of the first place where it is used.

    `alone` is the operation with the fragments that it needs: a variable of another one has no say.
    """
    uses = _Uses(TypeInfo(schema))
    visit(alone, TypeInfoVisitor(uses.info, uses))
    above = {one.variable.name.value: _above(one) for one in operation.variable_definitions or ()}
    return {name: said or uses.said.get(name, "") for name, said in above.items()}


class _Uses(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.said: dict[str, str] = {}

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, *_: Any) -> None:
        place: Any = None
        if isinstance(parent, ArgumentNode):
            place = self.info.get_argument()
        elif isinstance(parent, ObjectFieldNode):
            place = get_named_type(self.info.get_parent_input_type()).fields[parent.name.value]  # type: ignore[union-attr]
        if place and place.description:
            self.said.setdefault(node.name.value, place.description)


def _above(node: OperationDefinitionNode | VariableDefinitionNode) -> str:
    """Give a description, else the comments that end in the line above."""
    description: StringValueNode | None = node.description
    if description:
        return description.value.strip()
    return " ".join(reversed([text for text in map(_text, _comments(node)) if text]))


def _comments(node: Node) -> Iterator[Token]:
    """Give the comments in the lines directly above, the nearest first; one behind something else is about that."""
    token = node.loc.start_token if node.loc else None
    while token and token.prev and token.prev.kind is TokenKind.COMMENT and token.prev.line == token.line - 1:
        token = token.prev
        before = token.prev
        if before and before.kind is not TokenKind.SOF and before.line == token.line:
            return
        yield token


def _text(comment: Token) -> str:
    return (comment.value or "").strip()
