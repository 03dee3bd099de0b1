"""Variables of operations as JSON Schema (2020-12): what may be sent; what an operation does is left to others."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    ValueNode,
    type_from_ast,
    value_from_ast_untyped,
)

JsonSchema = dict[str, Any]
_IMPOSSIBLE: JsonSchema = {"not": {}}
_VALUES = ["object", "array", "string", "number", "boolean"]
_BUILT_IN: dict[str, JsonSchema] = {
    "Int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "ID": {"type": "string"},
}
_BY_SPECIFICATION: dict[str, JsonSchema] = {
    "https://datatracker.ietf.org/doc/html/rfc3339": {"type": "string", "format": "date-time"},
    "https://datatracker.ietf.org/doc/html/rfc9562": {"type": "string", "format": "uuid"},
    "https://url.spec.whatwg.org/": {"type": "string", "format": "uri"},
    "https://datatracker.ietf.org/doc/html/rfc8259": {"type": _VALUES},
    "https://github.com/jaydenseric/graphql-multipart-request-spec": _IMPOSSIBLE,  # a file is no JSON
}


def variables_of(
    operation: OperationDefinitionNode, schema: GraphQLSchema, described: Mapping[str, str]
) -> JsonSchema | None:
    """Give the schema of an operation's variables, each with its description; None where JSON cannot have them."""
    types = _Types()
    properties: dict[str, JsonSchema] = {}
    required = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_ = type_from_ast(schema, definition.type)
        found = types.of(type_)  # type: ignore[arg-type] # the document is valid
        needed = isinstance(type_, GraphQLNonNull) and definition.default_value is None
        if found is _IMPOSSIBLE and needed:
            return None
        if found is _IMPOSSIBLE:
            continue
        if definition.default_value is not None:
            found = found | {"default": value_from_ast_untyped(definition.default_value)}
        properties[name] = _said(found, described.get(name))
        if needed:
            required.append(name)
    return _object(properties, required) | ({"$defs": types.definitions} if types.definitions else {})


class _Types:
    """Input types as JSON Schema; those with a name of the schema stand once, in `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, JsonSchema] = {}
        self._impossible: set[str] = set()

    def of(self, type_: GraphQLInputType) -> JsonSchema:
        """Give what a value of a type is: null too, where the type says nothing else."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type)
        found = self._present(type_)
        if found is _IMPOSSIBLE:
            return found
        if "type" in found:
            kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
            return found | {"type": [*kinds, "null"]}
        return {"anyOf": [found, {"type": "null"}]}

    def _present(self, type_: Any) -> JsonSchema:
        if isinstance(type_, GraphQLList):
            items = self.of(type_.of_type)
            return items if items is _IMPOSSIBLE else {"type": "array", "items": items}
        if isinstance(type_, GraphQLScalarType):
            return _scalar(type_)
        if type_.name not in self.definitions and type_.name not in self._impossible:
            self.definitions[type_.name] = {}  # known before it is made: it may contain itself
            made = _enum(type_) if isinstance(type_, GraphQLEnumType) else self._input(type_)
            if made is _IMPOSSIBLE:
                self._impossible.add(type_.name)
                del self.definitions[type_.name]
            else:
                self.definitions[type_.name] = made
        return _IMPOSSIBLE if type_.name in self._impossible else {"$ref": f"#/$defs/{type_.name}"}

    def _input(self, type_: GraphQLInputObjectType) -> JsonSchema:
        if type_.is_one_of:
            return self._one_of(type_)
        properties: dict[str, JsonSchema] = {}
        required = []
        for name, field in type_.fields.items():
            found = self.of(field.type)
            needed = isinstance(field.type, GraphQLNonNull) and _default(field) is None
            if found is _IMPOSSIBLE and needed:
                return _IMPOSSIBLE
            if found is not _IMPOSSIBLE:
                properties[name] = _field(found, field)
                required += [name] * needed
        return _said(_object(properties, required), type_.description)

    def _one_of(self, type_: GraphQLInputObjectType) -> JsonSchema:
        """Give the choice of one field. `anyOf` says it as well as `oneOf`, and more models are taught it."""
        found = {name: (self._present(field.type), field) for name, field in type_.fields.items()}
        choices = [
            _object({name: _field(value, field)}, [name])
            for name, (value, field) in found.items()
            if value is not _IMPOSSIBLE
        ]
        return _said({"anyOf": choices}, type_.description) if choices else _IMPOSSIBLE


def _object(properties: dict[str, JsonSchema], required: list[str]) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _field(found: JsonSchema, field: GraphQLInputField) -> JsonSchema:
    default = _default(field)
    return _said(found | ({"default": value_from_ast_untyped(default)} if default else {}), field.description)


def _default(field: GraphQLInputField) -> ValueNode | None:
    """Give the default of a field as it is written: the schema was read from a text."""
    return field.ast_node.default_value if field.ast_node else None


def _scalar(type_: GraphQLScalarType) -> JsonSchema:
    if type_.name in _BUILT_IN:
        return _BUILT_IN[type_.name]
    found = _BY_SPECIFICATION.get(type_.specified_by_url or "", {"type": _VALUES})
    return found if found is _IMPOSSIBLE else _said(found, type_.description)


def _enum(type_: GraphQLEnumType) -> JsonSchema:
    told = [f"{name}: {value.description}" for name, value in type_.values.items() if value.description]
    return _said({"type": "string", "enum": list(type_.values)}, "\n".join([type_.description or "", *told]).strip())


def _said(found: JsonSchema, description: str | None) -> JsonSchema:
    return found | {"description": description} if description else found
