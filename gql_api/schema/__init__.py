"""The GraphQL schema, put together."""

from functools import cache
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    Undefined,
)
from graphql.execution import Executor
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.disk import Disk, File
from gql_api.schema.erasure import Erasure
from gql_api.schema.errors import Schema
from gql_api.schema.message import Message
from gql_api.schema.mutation import Mutation
from gql_api.schema.part import PART_TYPES
from gql_api.schema.query import Query
from gql_api.schema.scalars import SCALARS
from gql_api.schema.session import Session
from gql_api.schema.subscription import Subscription
from gql_api.schema.user import User

__all__ = ["build_schema", "print_schema"]


class _Names(NameConverter):
    """Strawberry's names, each made once: those of its arguments are asked for whenever a resolver is called."""

    def __init__(self) -> None:
        super().__init__()
        self._named = cache(super().apply_naming_config)

    def apply_naming_config(self, name: str) -> str:
        return self._named(name)


def build_schema(executor: type[Executor[Any]] | None = CompilingExecutor) -> Schema:
    """Build the schema: all types, the scalars, and what every operation runs through.

    None for `executor` leaves all execution to graphql-core.
    """
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[User, Session, Disk, File, Message, Erasure, *PART_TYPES],
        config=StrawberryConfig(scalar_map=SCALARS, name_converter=_Names()),
        execution_context_class=executor,
    )
    for type_ in schema._schema.type_map.values():
        _forget_null_defaults(type_)
    return schema


def _forget_null_defaults(type_: GraphQLNamedType) -> None:
    """Take `= null` off: Python wants a default for what may be absent, GraphQL has absent already."""
    if isinstance(type_, GraphQLInputObjectType):
        values: list[GraphQLArgument | GraphQLInputField] = list(type_.fields.values())
    elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        values = [argument for field in type_.fields.values() for argument in field.args.values()]
    else:
        return
    for value in values:
        if value.default_value is None:
            value.default_value = Undefined


def print_schema() -> str:
    """Print the schema as the file in the repository has it: types sorted by name, every description."""
    return build_schema().as_str() + "\n"
