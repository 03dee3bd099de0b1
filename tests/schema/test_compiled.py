"""Answers are the same with generated functions and without, whatever is asked and whatever is found."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLField, GraphQLObjectType
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api.schema import build_schema
from gql_api.schema.computed import Computed
from gql_api.schema.errors import Schema
from schema.random_objects import Objects
from schema.random_operations import Operation, Writer
from schema.varied_schema import varied_schema

KINDS = ("real", "varied")


def resolving(schema: Schema) -> Schema:
    """Let the fields that have resolvers give what the objects of the context hold."""
    for field in fields(schema):
        definition = field.extensions["strawberry-definition"]
        if not definition.is_basic_field:
            field.resolve = partial(_resolved, name=definition.python_name)
            field.subscribe = _events if field.subscribe else None
    # The texts of errors are compared too, not only what a client may know of them.
    schema.process_errors = lambda errors, execution_context=None: None  # type: ignore[method-assign]
    return schema


@pytest.fixture(autouse=True, scope="module")
def computed_fields_may_hold_anything() -> Iterator[None]:
    """Let what is computed be what the objects were given, as with all other fields."""
    with pytest.MonkeyPatch.context() as patch:
        for schema, _ in SCHEMAS.values():
            for name, found in computed_of(schema):
                patch.setattr(found, "read", partial(_held, name=name, read=found.read))
        yield


def computed_of(schema: Schema) -> Iterator[tuple[str, Computed]]:
    for kind in schema._schema.type_map.values():
        definition = kind.extensions.get("strawberry-definition")
        origin = getattr(definition, "origin", None)
        for name, found in vars(origin).items() if isinstance(origin, type) else ():
            if isinstance(found, Computed):
                yield name, found


def _held(one: Any, *, name: str, read: Callable[[Any], Any]) -> Any:
    held = vars(one)
    return held[name] if name in held else read(one)


def fields(schema: Schema) -> Iterator[GraphQLField]:
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield from kind.fields.values()


def _resolved(source: Any, info: Any, *, name: str, **arguments: Any) -> Any:
    return info.context.resolved(source, name)


async def _events(source: Any, info: Any, **arguments: Any) -> Any:
    for _ in range(2):
        yield source


SCHEMAS = {
    "real": (resolving(build_schema()), resolving(build_schema(None))),
    "varied": (resolving(varied_schema()), resolving(varied_schema(execution_context_class=None))),
}


LEFT_UNBEGUN = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
LEFT_UNBEGUN_IN_A_TUPLE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Where the collector comes while a named tuple is made, whose code has no builtins, Python fails to warn of it."""


@pytest.fixture
def whatever_is_left_unbegun() -> Iterator[None]:
    """Let go, before other tests, of what graphql-core left unbegun where a field beside it failed."""
    yield
    gc.collect()


@LEFT_UNBEGUN
@LEFT_UNBEGUN_IN_A_TUPLE
@pytest.mark.usefixtures("whatever_is_left_unbegun")
@pytest.mark.parametrize("schemas", KINDS)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), odd=st.sampled_from([0.0, 0.02, 0.15]))
async def test_answers_to_random_operations_are_the_same(schemas: str, seed: int, odd: float) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    generated, plain = SCHEMAS[schemas]
    objects = Objects(plain._schema, random, odd)
    words = ["query"] * 4 + ["subscription"] + ["mutation"] * (plain.mutation is not None)
    operation = Writer(plain._schema, random).operation(random.choice(words))
    # The first time plans are made, the second time they are there.
    for variables in (*operation.variables, operation.variables[0]):
        first, second = [await answers(schema, operation, variables, objects) for schema in (generated, plain)]
        assert first == second, (operation.text, variables)


async def answers(schema: Schema, operation: Operation, variables: dict[str, Any], objects: Objects) -> list[str]:
    stream = await schema.stream(
        operation.text, variable_values=variables, context_value=objects, root_value=objects.root(operation.kind)
    )
    found = [written((result.data, [said(error) for error in result.errors or []])) async for result in stream]
    # What an error left behind comes to its end before the loop does.
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
    return found


def said(error: GraphQLError) -> tuple[Any, ...]:
    return error.formatted, type(error.original_error).__name__, str(error.original_error)


def written(value: Any) -> str:
    """Write what any object may stand in: a scalar that lets everything pass gives what it was given."""
    return json.dumps(value, default=lambda one: f"{type(one)} at {id(one)}")
