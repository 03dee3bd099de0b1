"""Writes the Python of a plan: one function for each type and set of fields, which reads attributes and makes dicts."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from inspect import getattr_static
from itertools import count
from typing import Any, Protocol

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    is_abstract_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from gql_api.schema.compiled.leaves import KNOWN, WRITTEN, enum_names, surprise
from gql_api.schema.computed import Computed
from gql_api.schema.scalars import PASSING_TEXT

DEFINITION = "strawberry-definition"
MOST_FUNCTIONS = 250
"""A document of 10 000 characters can ask for far more different sets of fields than it has fields."""


class NotPlainError(Exception):
    """Something is more than plain attributes."""


class TooLargeError(Exception):
    """A plan would have more functions than any honest document needs."""


class Collecting(Protocol):
    """What is used of graphql-core's executor: it tells which fields a selection comes to."""

    schema: GraphQLSchema

    def collect_subfields(self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """`write` gives an object of which all plain fields are there, and null in the place of each of the `rest`."""

    write: Callable[[Any], dict[str, Any]]
    rest: dict[str, FieldDetailsList]


class Writer:
    """Writes the functions of one plan.

    One that is `hopeful` counts on meeting only those types that are plain, where others are possible too.
    """

    def __init__(self, executor: Collecting, *, hopeful: bool = True) -> None:
        self.has_hoped = False
        self._hopeful = hopeful
        self._executor = executor
        self._numbers = count()
        self._values: dict[str, Any] = {"surprise": surprise, "KNOWN": KNOWN, "WRITTEN": WRITTEN}
        self._lines: list[str] = []
        self._objects: dict[tuple[object, ...], str] = {}

    def plan(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Plan:
        """Plan the completion of an object; raise `NotPlainError` when all of it is for graphql-core."""
        fields, rest = [], {}
        for response, found in self._collected(kind, details).items():
            try:
                fields.append((response, self._field(kind, found)))
            except NotPlainError:
                fields.append((response, "None"))
                rest[response] = found
        return Plan(self._made(self._function(kind, fields)), rest)

    def list_plan(self, wanted: GraphQLList[Any], details: FieldDetailsList) -> Callable[[Any], list[Any]]:
        """Plan the completion of a list; raise `NotPlainError` when its items are not plain."""
        made: Callable[[Any], list[Any]] = self._made(self._defined(self._present(wanted, "v", details)))
        return made

    def _made(self, name: str) -> Any:
        # Only names of ours, and of the document the response keys as literals, are in these lines.
        exec("\n".join(self._lines), self._values)  # noqa: S102
        return self._values[name]

    def _collected(self, kind: GraphQLObjectType, details: FieldDetailsList) -> dict[str, FieldDetailsList]:
        collected: CollectedFields = self._executor.collect_subfields(kind, details)
        if collected.new_defer_usages:
            raise NotPlainError
        return dict(collected.grouped_field_set)

    def _field(self, kind: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Write the expression for one field of the object `o`."""
        node = details[0].node
        if any(one.defer_usage or one.fragment_variable_values for one in details) or node.arguments:
            raise NotPlainError
        if node.name.value == "__typename":
            return repr(kind.name)
        field = kind.fields.get(node.name.value)
        if field is None or field.args:
            raise NotPlainError
        return self._completed(field.type, self._read(kind, field), details)

    def _read(self, kind: GraphQLObjectType, field: GraphQLField) -> str:
        """Write how a field's value is found, if that is all that its resolver does."""
        definition = field.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryField):
            raise NotPlainError
        name = definition.python_name
        if not definition.is_basic_field or definition.default_resolver is not getattr or not name.isidentifier():
            raise NotPlainError
        found = getattr_static(class_of(kind), name, None)
        return f"{self._named(found.read)}(o)" if isinstance(found, Computed) else f"o.{name}"

    def _completed(self, wanted: GraphQLOutputType, read: str, details: FieldDetailsList) -> str:
        if is_non_null_type(wanted):
            return self._present(wanted.of_type, read, details)
        held = read if read == "v" else f"(v := {read})"
        return f"(None if {held} is None else {self._present(wanted, 'v', details)})"

    def _present(self, wanted: GraphQLOutputType, read: str, details: FieldDetailsList) -> str:
        """Write the expression that completes what is read, where null would be a surprise."""
        held = read if read == "v" else f"(v := {read})"
        if isinstance(wanted, GraphQLScalarType):
            return self._scalar(wanted, read, held)
        if isinstance(wanted, GraphQLEnumType):
            return f"{self._named(enum_names(wanted))}[id({read})]"
        if isinstance(wanted, GraphQLList):
            return f"({self._items(wanted.of_type, details)} if {held}.__class__ is list else surprise())"
        if isinstance(wanted, GraphQLObjectType):
            return f"{self._object(wanted, details)}({read})"
        if is_abstract_type(wanted):
            return f"{self._by_class(wanted, details)}[{held}.__class__](v)"
        raise NotPlainError

    def _scalar(self, wanted: GraphQLScalarType, read: str, held: str) -> str:
        if wanted is GraphQLString or wanted is GraphQLID:
            return f"(v if {held}.__class__ is str else surprise())"
        if wanted is GraphQLBoolean:
            return f"(v if {held}.__class__ is bool else surprise())"
        if wanted is GraphQLInt:
            return f"(v if {held}.__class__ is int and -2147483648 <= v <= 2147483647 else surprise())"
        write = f"(w := {self._named(wanted.coerce_output_value)}(v))"
        if wanted.coerce_output_value in PASSING_TEXT:
            written = f"(w if v.__class__ in KNOWN and {write}.__class__ in WRITTEN else surprise())"
            return f"(v if {held}.__class__ is str else {written})"
        return f"(w if {held}.__class__ in KNOWN and {write}.__class__ in WRITTEN else surprise())"

    def _items(self, wanted: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Write the expression that completes the items of the list `v`."""
        inner = wanted.of_type if is_non_null_type(wanted) else None
        if isinstance(inner, GraphQLObjectType):
            return f"[{self._object(inner, details)}(one) for one in v]"
        if is_abstract_type(inner):
            return f"[{self._by_class(inner, details)}[one.__class__](one) for one in v]"
        return f"[{self._defined(self._completed(wanted, 'v', details))}(one) for one in v]"

    def _by_class(self, wanted: GraphQLAbstractType, details: FieldDetailsList) -> str:
        """Write the table of the possible types' functions; a type that is more than plain has none: a surprise."""
        functions = {}
        for kind, origin in classes_of(wanted, self._executor.schema).items():
            with suppress(NotPlainError):
                functions[self._named(origin)] = self._object(kind, details, is_cast_seen=True)
        is_whole = len(functions) == len(self._executor.schema.get_possible_types(wanted))
        if not functions or not (is_whole or self._hopeful):
            raise NotPlainError
        self.has_hoped |= not is_whole
        name = self._name()
        self._lines.append(f"{name} = {{{', '.join(f'{kind}: {function}' for kind, function in functions.items())}}}")
        return name

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList, *, is_cast_seen: bool = False) -> str:
        """Write the function of a whole object, or find it written."""
        key = (kind.name, is_cast_seen, *(id(one.node) for one in details))
        name = self._objects.get(key)
        if name is None:
            if len(self._objects) >= MOST_FUNCTIONS:
                raise TooLargeError
            self._objects[key] = ""
            fields = self._collected(kind, details).items()
            entries = [(response, self._field(kind, found)) for response, found in fields]
            name = self._function(kind, entries, is_cast_seen=is_cast_seen)
            self._objects[key] = name
        if not name:
            raise NotPlainError
        return name

    def _function(self, kind: GraphQLObjectType, fields: list[tuple[str, str]], *, is_cast_seen: bool = False) -> str:
        expected = self._named(class_of(kind))
        # What `strawberry.cast` was given counts for another type than its class.
        odd = f" or hasattr(o, {TYPE_CAST_ATTRIBUTE!r})" if is_cast_seen or kind.is_type_of else ""
        members = ", ".join(f"{response!r}: {expression}" for response, expression in fields)
        name = self._name()
        self._lines += [
            f"def {name}(o):",
            f" if o.__class__ is not {expected}{odd}: surprise()",
            f" return {{{members}}}",
        ]
        return name

    def _defined(self, expression: str) -> str:
        name = self._name()
        self._lines.append(f"def {name}(v): return {expression}")
        return name

    def _named(self, value: Any) -> str:
        name = self._name()
        self._values[name] = value
        return name

    def _name(self) -> str:
        return f"n{next(self._numbers)}"


def class_of(kind: GraphQLObjectType) -> type:
    """Tell of which class all objects of a type are that are plain; raise `NotPlainError` when there is none."""
    definition = kind.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of or definition.concrete_of:
        raise NotPlainError
    found: type = definition.origin
    if hasattr(found, "__await__") or issubclass(found, Exception):
        raise NotPlainError
    return found


def classes_of(wanted: GraphQLAbstractType, schema: GraphQLSchema) -> dict[GraphQLObjectType, type]:
    """Tell the classes whose objects are of one of the possible types, and certainly of that one."""
    definition = wanted.extensions.get(DEFINITION)
    if getattr(definition, "resolve_type", None):
        raise NotPlainError
    found = {}
    for kind in schema.get_possible_types(wanted):
        with suppress(NotPlainError):
            found[kind] = class_of(kind)
    # Of a union, Strawberry takes the first type whose class fits.
    return {kind: origin for kind, origin in found.items() if _fits_alone(origin, found.values())}


def _fits_alone(origin: type, origins: Iterable[type]) -> bool:
    return [other for other in origins if issubclass(origin, other)] == [origin]
