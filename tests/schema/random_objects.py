"""Random objects of a schema's types, of which some do not keep what their type promises."""

import asyncio
import builtins
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    is_abstract_type,
)

from gql_api.errors import NotFound

SOME = 2
"""How many objects there are of each type; they refer to each other, round in circles too."""


class Later:
    """Comes when it is waited for, some turns of the loop later, and may be waited for again."""

    def __init__(self, value: Any, turns: int) -> None:
        self.value = value
        self.turns = turns

    def __await__(self) -> Iterator[Any]:
        for _ in range(self.turns):
            yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Text(str):
    """Text that is more than text."""

    __slots__ = ()


class Shown:
    """Something with a text of its own."""

    def __str__(self) -> str:
        return "shown"


class Hidden:
    """Raises when it is turned into anything."""

    def __str__(self) -> str:
        raise ValueError("hidden")


ODD: list[Any] = [
    None,
    None,
    None,
    Undefined,
    "text",
    Text("more"),
    "\ud800",
    "user",
    1,
    2**31,
    -(2**31) - 1,
    2**70,
    True,
    1.5,
    float("nan"),
    Decimal("7"),
    b"bytes",
    [],
    (),
    ["text", None],
    {},
    {"id": "x", "__typename": "Message"},
    set(),
    Shown(),
    Hidden(),
    ValueError("a value"),
    NotFound("There is none."),
    GraphQLError("An error.", extensions={"code": "ODD"}),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1),
    UUID(int=1),
    object(),
]
TEXTS = ["", "text", "Grüße 🌍", 'a "quote"\n']
LEAVES: dict[str, list[Any]] = {
    "Int": [0, -1, 2**31 - 1],
    "Boolean": [True, False],
    "Float": [0.5, 1, float("inf")],
    "Even": [0, 2, 2, 2, 3],
    "Fickle": [1, [1], "text", ""],
    "DateTime": [datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)],
    "UUID": [UUID(int=2**100 + 7), UUID("11111111-2222-4333-8444-555555555555")],
    "JSON": [{"a": [1, None, "text"]}, [], "text", 1, 0.5, False, 2**64],
}


class Objects:
    """The objects of one example; `odd` is the part of all values that are not as promised."""

    def __init__(self, schema: GraphQLSchema, random: Random, odd: float) -> None:
        self._schema = schema
        self._random = random
        self._odd = odd
        kinds = [
            kind
            for kind in schema.type_map.values()
            if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        ]
        self._made = {kind.name: [made(kind) for _ in range(SOME)] for kind in kinds}
        for kind in kinds:
            for one in self._made[kind.name]:
                self._fill(one, kind)

    def root(self, name: str) -> Any:
        """Give an object to start at."""
        return self._made[name][0]

    def _fill(self, one: Any, kind: GraphQLObjectType) -> None:
        for name, field in kind.fields.items():
            definition = field.extensions.get("strawberry-definition")
            if not self._chance(self._odd / 8):
                one.__dict__[definition.python_name if definition else name] = self.value(field.type)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def resolved(self, one: Any, name: str) -> Any:
        """Give what a resolver of its own gives: now, later, or an error."""
        value = one.__dict__.get(name) if hasattr(one, "__dict__") else None
        if isinstance(value, Later):
            return value
        turns = hash_of(name) % 4
        return Later(value, turns - 1) if turns else value

    def value(self, type: GraphQLOutputType) -> Any:
        if self._chance(self._odd):
            return self._odd_value(type)
        if isinstance(type, GraphQLNonNull):
            return self._present(type.of_type)
        return None if self._chance(0.2) else self._present(type)

    def _odd_value(self, type: GraphQLOutputType) -> Any:
        if self._chance(0.25):
            return Later(self._random.choice([*ODD, self._promised(type)]), self._random.randrange(3))
        if self._chance(0.5):
            return self._random.choice(ODD)
        other = self._random.choice(self._random.choice(list(self._made.values())))
        one = self._promised(type) if self._chance(0.5) else other
        if not hasattr(one, "__strawberry_definition__") or self._chance(0.3):
            return one
        return strawberry.cast(builtins.type(other), derived(one)) if self._chance(0.5) else derived(one)

    def _promised(self, type: GraphQLOutputType) -> Any:
        return self._present(type.of_type if isinstance(type, GraphQLNonNull) else type)

    def _present(self, type: GraphQLOutputType) -> Any:
        if isinstance(type, GraphQLList):
            items = [self.value(type.of_type) for _ in range(self._random.randrange(4))]
            return tuple(items) if self._chance(self._odd / 4) else items
        if isinstance(type, GraphQLEnumType):
            return self._random.choice(list(type.wrapped_cls))  # type: ignore[attr-defined]
        if is_abstract_type(type):
            return self._present(self._random.choice(self._schema.get_possible_types(type)))
        if isinstance(type, GraphQLObjectType):
            return self._random.choice(self._made[type.name])
        return self._leaf(type.name)  # type: ignore[union-attr]

    def _leaf(self, name: str) -> Any:
        return self._random.choice(LEAVES.get(name, TEXTS))


def made(kind: GraphQLObjectType) -> Any:
    """Make an empty object of a type."""
    origin = kind.extensions["strawberry-definition"].origin
    return object.__new__(origin)


def derived(one: Any) -> Any:
    """Give the same as another object, of its class or of one that derives from it."""
    kind = type(one)
    copy = object.__new__(type("Derived", (kind,), {}) if len(one.__dict__) % 2 else kind)
    copy.__dict__.update(one.__dict__)
    return copy


def hash_of(name: str) -> int:
    return sum(map(ord, name))
