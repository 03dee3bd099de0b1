"""Operations as tools of models: each with its name, what it is for, and what it takes; who calls them is left open."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    NonNullTypeNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    build_schema,
    get_named_type,
    separate_operations,
    validate,
    visit,
)

from gql_api.documents.collecting import Document, collect, fault_of
from gql_api.documents.describing import operation_said, variables_said
from gql_api.documents.files import read_all
from gql_api.documents.json_schema import variables_of
from gql_api.refusal import Refusal

FORMS = ("mcp", "openai")
_KEY, _DELETE = "idempotencyKey", "delete"
_READS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}


def tools(paths: Sequence[Path], sdl: str, *, form: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Make a tool of each query and mutation, sorted by name; give them, and a line for each operation left out.

    `sdl` is the schema as text. `_meta` has what a request names a document by. Raise `Refusal` for the first fault.
    """
    schema = build_schema(sdl)
    found: dict[str, dict[str, Any]] = {}
    left_out = []
    for document, alone, operation in _operations(paths, schema):
        name = _name(document, operation)
        if name in found:
            raise Refusal(f"{document.written.place}: another operation has the name {name} too.")
        tool, reason = _tool(operation, alone, schema)
        if tool:
            found[name] = {"name": name} | tool | {"_meta": {"documentId": document.written.id, "operationName": name}}
        else:
            left_out.append(f"{document.written.place}: {name} is left out: {reason}.")
    made = [found[name] for name in sorted(found)]
    return ([_for_openai(tool) for tool in made] if form == "openai" else made), left_out


def _operations(
    paths: Sequence[Path], schema: GraphQLSchema
) -> Iterator[tuple[Document, DocumentNode, OperationDefinitionNode]]:
    """Give each operation with its document, and with what of that is its own: itself and the fragments it needs."""
    collection = collect(read_all(paths))
    for fault in collection.faults:
        raise Refusal(str(fault))
    for document in collection.documents:
        for error in validate(schema, document.node):
            raise Refusal(str(fault_of(error)))
        for alone in separate_operations(document.node).values():
            yield from ((document, alone, one) for one in alone.definitions if isinstance(one, OperationDefinitionNode))


def _name(document: Document, operation: OperationDefinitionNode) -> str:
    if operation.name is None:
        raise Refusal(f"{document.written.place}: an operation without a name cannot be a tool.")
    return operation.name.value


def _tool(
    operation: OperationDefinitionNode, alone: DocumentNode, schema: GraphQLSchema
) -> tuple[dict[str, Any] | None, str]:
    """Give a tool as MCP lists it; or None, and why not."""
    if operation.operation is OperationType.SUBSCRIPTION:
        return None, "a subscription has no end"
    variables = variables_of(operation, schema, variables_said(operation, alone, schema))
    if variables is None:
        return None, "it needs a file that no JSON can hold"
    return {
        "description": operation_said(operation, schema),
        "inputSchema": variables,
        "annotations": _hints(operation, alone, schema),
    }, ""


def _for_openai(tool: dict[str, Any]) -> dict[str, Any]:
    """Give a tool as OpenAI's chat completions take it. Not `strict`: no value of any JSON is possible there."""
    return {
        "type": "function",
        "function": {
            "name": tool["name"],
            "description": tool["description"],
            "parameters": tool["inputSchema"],
            "strict": False,
        },
    }


def _hints(operation: OperationDefinitionNode, alone: DocumentNode, schema: GraphQLSchema) -> dict[str, bool]:
    """Tell what a client may ask its user about first, and what it may send again.

    What takes a key does more when it is sent twice without one: mostly it adds something. Any other write sets what is
    there, and what was there before is gone, as by what deletes; a test has each, so that a new one is thought about.
    """
    if operation.operation is OperationType.QUERY:
        return _READS
    writes = _Writes(TypeInfo(schema), schema)
    visit(alone, TypeInfoVisitor(writes.info, writes))
    return {
        "readOnlyHint": False,
        "destructiveHint": not all(write.takes_key and not write.deletes for write in writes.found),
        "idempotentHint": all(not write.takes_key or _is_sure(write.key, operation) for write in writes.found),
        "openWorldHint": False,
    }


class _Write(NamedTuple):
    """A field of mutations: whether it deletes, and takes an idempotency key, and what it is given as one."""

    deletes: bool
    takes_key: bool
    key: ValueNode | None


class _Writes(Visitor):
    """The fields of mutations that an operation asks for."""

    def __init__(self, info: TypeInfo, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info = info
        self.found: list[_Write] = []
        self._root = schema.mutation_type

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        definition = self._root.fields.get(node.name.value) if self._root else None
        if definition is None or self.info.get_parent_type() is not self._root:
            return  # within an answer, or __typename
        keyed = {name for name, argument in definition.args.items() if _has_key(get_named_type(argument.type))}
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        key = next((_key_in(given[name]) for name in keyed & given.keys()), None)
        self.found.append(_Write(node.name.value.startswith(_DELETE), bool(keyed), key))


def _has_key(type_: Any) -> bool:
    return isinstance(type_, GraphQLInputObjectType) and _KEY in type_.fields


def _key_in(value: ValueNode) -> ValueNode | None:
    fields = value.fields if isinstance(value, ObjectValueNode) else ()
    return next((field.value for field in fields if field.name.value == _KEY), None)


def _is_sure(key: ValueNode | None, operation: OperationDefinitionNode) -> bool:
    """Tell whether a key is there with each call: a variable that may be null, or within a larger one, may be not."""
    if isinstance(key, VariableNode):
        types = {one.variable.name.value: one.type for one in operation.variable_definitions or ()}
        return isinstance(types.get(key.name.value), NonNullTypeNode)
    return key is not None and not isinstance(key, NullValueNode)
