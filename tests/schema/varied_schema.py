"""A schema with what the real one does not have: unions, lists of lists, other scalars, types that know their own."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated, Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from gql_api.schema.computed import computed
from gql_api.schema.errors import Schema

Even = NewType("Even", int)
Fickle = NewType("Fickle", object)
Spelled = NewType("Spelled", object)


def _even(value: Any) -> int:
    if value % 2:
        raise GraphQLError(f"{value} is odd")
    return int(value)


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"
    AS_WELL = strawberry.enum_value("as-well", name="RENAMED")


@strawberry.interface
class Named:
    name: str
    even: Even | None


@strawberry.type
class Cat(Named):
    colours: list[list[Colour | None]]
    friends: list["Pet"] | None
    weight: float
    age: int | None

    loud: str = computed("Computed when it is read.", lambda self: self.name.upper())
    first_colour: Colour = computed("Null, or nothing that is promised.", lambda self: self.colours[0][0])

    @strawberry.field
    def sync(self, times: int = 1) -> "Dog": ...

    @strawberry.field
    async def later(self) -> "Cat | None": ...


@strawberry.type
class Dog(Named):
    owner: "Person | None"
    toys: list[str | None]
    best: Annotated["Cat | Dog", strawberry.union("Best")] | None
    fickle: Fickle
    spelled: Spelled | None = None
    mate: "Dog | None" = None


@strawberry.type
class Person:
    pets: list[Named]
    id: strawberry.ID
    happy: bool | None

    @classmethod
    def is_type_of(cls, obj: Any, info: Any) -> bool:
        return getattr(obj, "happy", None) is not False


Pet = Annotated[Cat | Dog | Person, strawberry.union("Pet")]


@strawberry.type
class Query:
    pets: list[Pet]
    named: Named | None
    dog: Dog
    cat: Cat | None

    @strawberry.field
    async def people(self, first: int | None = None) -> list[Person]: ...


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def cats(self) -> AsyncIterator[Cat | None]: ...


SCALARS: dict[object, Any] = {
    Even: strawberry.scalar(name="Even", serialize=_even, parse_value=_even),
    Spelled: strawberry.scalar(name="Spelled", serialize=str, parse_value=str),
    Fickle: strawberry.scalar(name="Fickle", serialize=lambda value: value or None, parse_value=lambda value: value),
}


def varied_schema(**options: Any) -> Schema:
    return Schema(Query, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS), **options)
