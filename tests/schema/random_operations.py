"""Random operations over any schema: fields, fragments, directives, aliases, merged fields, variables."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

SWITCHES = {"on": "Boolean!", "off": "Boolean! = false", "maybe": "Boolean = true"}
SCALARS: dict[str, list[Any]] = {
    "Int": [0, 1, 20],
    "Boolean": [True, False],
    "DateTime": ["2026-01-31T12:00:00Z"],
    "UUID": ["11111111-2222-4333-8444-555555555555"],
    "JSON": [{"a": [1, None]}, "text"],
}


@dataclass
class Operation:
    """A document and two choices of its variables."""

    kind: str
    text: str
    variables: tuple[dict[str, Any], dict[str, Any]]


@dataclass
class Writer:
    """Writes one operation; `known` are values for arguments by their names, such as ids that there are."""

    schema: GraphQLSchema
    random: Random
    known: dict[str, list[Any]] = field(default_factory=dict)
    deepest: int = 5
    switches: bool = True
    used: set[str] = field(default_factory=set)
    declared: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    budget: int = 60

    def operation(self, word: str) -> Operation:
        """Write a query, a mutation or a subscription, which has one field at its root."""
        kind = getattr(self.schema, f"{word}_type")
        selected = self.selection(kind, self.deepest)
        used = {name: SWITCHES[name] for name in sorted(self.used)} | self.declared
        declared = ", ".join(f"${name}: {type}" for name, type in used.items())
        head = f"{word} Random({declared}) " if declared else f"{word} Random "
        return Operation(kind.name, head + selected + "".join(self.fragments), (self.choice(), self.choice()))

    def choice(self) -> dict[str, Any]:
        values = dict(self.given)
        for name in sorted(self.used):
            if name == "on" or self.chance(0.5):
                values[name] = self.random.choice([True, False])
            elif name == "maybe" and self.chance(0.2):
                values[name] = None
        return values

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        if kind is self.schema.subscription_type:
            return "{ " + self.field(kind, depth, list(kind.fields)) + " }"
        entries = [self.entry(kind, depth) for _ in range(self.random.randint(1, 5))]
        return "{ " + " ".join([*entries, *self.random.sample(entries, k=int(self.chance(0.15)))]) + " }"

    def entry(self, kind: GraphQLNamedType, depth: int) -> str:
        if self.chance(0.2) and depth > 0:
            return self.fragment(kind, depth)
        fields = getattr(kind, "fields", {})
        names = [
            name
            for name, of in fields.items()
            if not is_composite_type(get_named_type(of.type)) or (depth > 0 and self.budget > 0)
        ]
        # What has fields of its own is chosen more often, or few operations would be more than flat.
        deep = [name for name in names if is_composite_type(get_named_type(fields[name].type))]
        if not names or self.chance(0.1):
            return self.prefixed("__typename", "") + self.directive()
        return self.field(kind, depth, deep if deep and self.chance(0.4) else names)

    def field(self, kind: GraphQLNamedType, depth: int, names: list[str]) -> str:
        self.budget -= 1
        fields = kind.fields  # type: ignore[attr-defined]
        name = self.random.choice(names)
        taken = self.arguments(fields[name].args)
        of = get_named_type(fields[name].type)
        below = " " + self.selection(of, depth - 1) if is_composite_type(of) else ""
        return self.prefixed(name, taken) + self.directive() + below

    def prefixed(self, name: str, taken: str) -> str:
        """Give fields with other arguments other names, so that they do not conflict."""
        alias = f"a{crc32((name + taken).encode()) % 1000}: " if taken or self.chance(0.15) else ""
        return alias + name + taken

    def fragment(self, kind: GraphQLNamedType, depth: int) -> str:
        kinds = [kind]
        if is_abstract_type(kind):
            kinds += [*self.schema.get_possible_types(kind)] * 2
        elif isinstance(kind, GraphQLObjectType):
            kinds += kind.interfaces
        on = self.random.choice(kinds)
        selected = self.selection(on, depth - (on is kind))
        if self.chance(0.4):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f" fragment {name} on {on.name} {selected}")
            return f"...{name}{self.directive()}"
        condition = "" if on is kind and self.chance(0.5) else f" on {on.name}"
        return f"...{condition}{self.directive()} {selected}"

    def directive(self) -> str:
        if not self.switches or not self.chance(0.15):
            return ""
        words = self.random.sample(["skip", "include"], k=self.random.choice([1, 1, 2]))
        return "".join(f" @{word}(if: {self.switch()})" for word in words)

    def switch(self) -> str:
        if self.chance(0.4):
            return self.random.choice(["true", "false"])
        name = self.random.choice(list(SWITCHES))
        self.used.add(name)
        return f"${name}"

    def arguments(self, taken: dict[str, GraphQLArgument]) -> str:
        given = [
            f"{name}: {self.argument(name, argument)}"
            for name, argument in taken.items()
            if is_required_argument(argument) or self.chance(0.25)
        ]
        return f"({', '.join(given)})" if given else ""

    def argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self.value(name, argument.type)
        if self.chance(0.5):
            return written(value, argument.type)
        variable = f"v{len(self.declared)}"
        with_default = argument.default_value is Undefined and self.chance(0.3)
        default = f" = {written(value, argument.type)}" if with_default else ""
        self.declared[variable] = f"{argument.type}{default}"
        if not with_default:
            self.given[variable] = value
        return f"${variable}"

    def value(self, name: str, type: Any) -> Any:
        if isinstance(type, GraphQLNonNull):
            return self.value(name, type.of_type)
        if name in self.known:
            return self.random.choice(self.known[name])
        if isinstance(type, GraphQLList):
            return [self.value(name, type.of_type)]
        if isinstance(type, GraphQLEnumType):
            return self.random.choice(list(type.values))
        if isinstance(type, GraphQLInputObjectType):
            return self.input(type)
        return self.random.choice(SCALARS.get(type.name, ["text"]))

    def input(self, type: GraphQLInputObjectType) -> dict[str, Any]:
        if type.is_one_of or type.extensions["strawberry-definition"].is_one_of:
            name = self.random.choice(list(type.fields))
            return {name: self.value(name, type.fields[name].type)}
        return {name: self.value(name, of.type) for name, of in type.fields.items() if is_required_input_field(of)}


def written(value: Any, type: Any) -> str:
    """Write a value as a literal."""
    if isinstance(type, GraphQLNonNull):
        return written(value, type.of_type)
    if isinstance(value, list):
        item = type.of_type if isinstance(type, GraphQLList) else None
        return "[" + ", ".join(written(one, item) for one in value) + "]"
    if isinstance(value, dict):
        fields = getattr(type, "fields", {})
        inner = {name: fields[name].type if name in fields else None for name in value}
        return "{" + ", ".join(f"{name}: {written(one, inner[name])}" for name, one in value.items()) + "}"
    if isinstance(type, GraphQLList):
        return written(value, type.of_type)
    return str(value) if isinstance(type, GraphQLEnumType) else json.dumps(value)
