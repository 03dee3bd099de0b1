"""What is executed by generated functions, what is not, and how long they are kept."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from gql_api.schema.caches import Documents
from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.errors import Schema
from schema.random_objects import Later
from schema.varied_schema import Cat, Colour, Dog, Person, Query, varied_schema

CATS = "fragment C on Cat { name even colours weight: name loud }"


class Counting(CompilingExecutor):
    """Counts the fields that graphql-core executes."""

    fields = 0

    def execute_field(self, *args: Any) -> Any:
        Counting.fields += 1
        return super().execute_field(*args)


def cat(name: str = "Tom", **changed: Any) -> Cat:
    given: dict[str, Any] = {"name": name, "even": 2, "colours": [[Colour.RED, None]], "weight": 1.5}
    return Cat(**(given | {"age": 3, "friends": None} | changed))


def query(*pets: Any) -> Query:
    dog = Dog(name="Rex", even=None, owner=None, toys=["ball", None], best=cat(), fickle="x")  # type: ignore[arg-type]
    return Query(pets=list(pets), named=cat(), dog=dog, cat=None)


async def counted(
    text: str, root: Query, variables: dict[str, Any] | None = None, **options: Any
) -> tuple[ExecutionResult, int]:
    schema = varied_schema(execution_context_class=Counting, **options)
    Counting.fields = 0
    result = await schema.execute(text, variable_values=variables, root_value=root)
    return result, Counting.fields


async def test_what_is_plain_is_not_executed_field_by_field() -> None:
    pets = [cat(), cat("Kim"), Person(pets=[cat()], id="1", happy=None)]  # type: ignore[arg-type]

    result, executed = await counted("{ pets { __typename ... on Cat { name even colours loud } } }", query(*pets[:2]))

    tom = {"__typename": "Cat", "name": "Tom", "even": 2, "colours": [["RED", None]], "loud": "TOM"}
    assert (result.data, result.errors) == ({"pets": [tom, {**tom, "name": "Kim", "loud": "KIM"}]}, None)
    assert executed == 1


async def test_only_what_is_not_as_promised_is_executed_field_by_field() -> None:
    pets = [cat(str(number)) for number in range(50)]
    pets[17].even = 3  # type: ignore[assignment]

    result, executed = await counted("{ pets { ... on Cat { name even loud } } }", query(*pets))

    assert [error.path for error in result.errors or []] == [["pets", 17, "even"]]
    assert result.data is not None
    assert result.data["pets"][17:19] == [
        {"name": "17", "even": None, "loud": "17"},
        {"name": "18", "even": 2, "loud": "18"},
    ]
    assert executed == 4


@pytest.mark.parametrize(
    ("value", "written", "errors"),
    [(7, "7", []), (Later("text", 2), "text", []), (Later(None, 1), None, []), (ValueError("bad"), None, ["bad"])],
)
async def test_a_scalar_that_writes_anything_is_given_neither_errors_nor_what_comes_later(
    value: Any, written: Any, errors: list[str]
) -> None:
    root = query()
    root.dog.spelled = value

    data, told = await whole(varied_schema(), "{ dog { spelled } }", root)

    assert data == {"dog": {"spelled": written}}
    assert [error["message"] for error in told] == errors


@pytest.mark.parametrize("odd", [2**31, -(2**31) - 1, True, 1.0, 1.5, "7", "text", b"b", [1], {}, float("nan"), object])
async def test_a_leaf_that_is_not_exactly_of_its_type_is_written_as_graphql_core_writes_it(odd: Any) -> None:
    root = query(cat(age=odd), cat(name=odd), Person(pets=[], id=odd, happy=None), Person(pets=[], id="1", happy=odd))  # type: ignore[arg-type]
    text = "{ pets { ... on Cat { age name colours } ... on Person { id happy } } }"

    assert await whole(varied_schema(), text, root) == await whole(
        varied_schema(execution_context_class=None), text, root
    )


class Puppy(Dog):
    """A class that derives from a type's own."""


class Promise(Person):
    """Has all that is selected, and is waited for nevertheless."""

    def __await__(self) -> Iterator[Any]:
        return Later(Person(pets=[], id="2", happy=None), 1).__await__()  # type: ignore[arg-type]


@pytest.mark.parametrize("made", [SimpleNamespace, Puppy, lambda **given: strawberry.cast(Cat, Dog(**given)), Person])
@pytest.mark.parametrize("place", ["dog", "best", "mate"])
async def test_what_is_no_plain_object_of_its_type_is_taken_as_graphql_core_takes_it(
    made: Callable[..., Any], place: str
) -> None:
    root = query()
    given: dict[str, Any] = {**vars(root.dog)}
    odd = Person(pets=[], id="1", happy=None) if made is Person else made(**given)  # type: ignore[arg-type]
    root.dog = odd if place == "dog" else dataclasses.replace(root.dog, **{place: odd})
    text = "{ dog { ...D best { ...D ... on Cat { name } } mate { ...D } } } fragment D on Dog { __typename }"

    assert await whole(varied_schema(), text, root) == await whole(
        varied_schema(execution_context_class=None), text, root
    )


async def test_an_object_that_is_waited_for_is_not_read_before() -> None:
    root = query()
    root.dog.owner = Promise(pets=[], id="1", happy=None)  # type: ignore[arg-type]

    assert (await whole(varied_schema(), "{ dog { owner { id } } }", root))[0] == {"dog": {"owner": {"id": "2"}}}


async def whole(schema: Schema, text: str, root: Query) -> tuple[Any, list[Any]]:
    schema.process_errors = lambda errors, execution_context=None: None  # type: ignore[method-assign]
    result = await schema.execute(text, root_value=root)
    return result.data, [error.formatted for error in result.errors or []]


async def test_an_object_with_a_resolver_has_its_plain_fields_at_once() -> None:
    result, executed = await counted("{ dog { name best { ... on Cat { name later { name } loud } } } }", query())

    assert result.data == {"dog": {"name": "Rex", "best": {"name": "Tom", "later": None, "loud": "TOM"}}}
    assert executed == 3


async def test_fields_come_in_the_order_of_the_document() -> None:
    result, _ = await counted("{ named { ... on Cat { a: later { name } name b: later { name } even } } }", query())

    assert result.data is not None
    assert [*result.data["named"]] == ["a", "name", "b", "even"]


@pytest.mark.parametrize("value", [True, False])
async def test_a_remembered_document_skips_and_includes_anew(value: bool) -> None:
    schema = varied_schema()
    text = "query($v: Boolean!) { dog { a: name @skip(if: $v) b: name @include(if: $v) ...@include(if: $v) { toys } } }"

    for is_on in (value, not value, value):
        result = await schema.execute(text, variable_values={"v": is_on}, root_value=query())
        wanted = {"b": "Rex", "toys": ["ball", None]} if is_on else {"a": "Rex"}
        assert result.data == {"dog": wanted}


async def test_more_choices_than_are_kept_are_answered_all_the_same() -> None:
    schema = varied_schema()
    names = "abcde"
    selected = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    text = f"query({', '.join(f'${name}: Boolean!' for name in names)}) {{ dog {{ __typename {selected} }} }}"

    for values in itertools.product([True, False], repeat=len(names)):
        choice = dict(zip(names, values, strict=True))
        result = await schema.execute(text, variable_values=choice, root_value=query())
        chosen = {name: "Rex" for name, is_on in choice.items() if is_on}
        assert result.data == {"dog": {"__typename": "Dog", **chosen}}


class Watching(SchemaExtension):
    """Stands around every resolver."""

    seen: list[str]

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def resolve(self, _next: Callable[..., Any], root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        self.seen.append(info.field_name)
        return _next(root, info, *args, **kwargs)


async def test_who_stands_around_every_resolver_is_not_passed_by() -> None:
    seen: list[str] = []

    result, _ = await counted("{ dog { name toys } }", query(), extensions=[lambda: Watching(seen)])

    assert result.data == {"dog": {"name": "Rex", "toys": ["ball", None]}}
    assert seen == ["dog", "name", "toys"]


async def test_what_is_generated_is_forgotten_with_its_document() -> None:
    documents = Documents(most=1, longest=20)
    kept, long = (operation(documents.parse(text, {})) for text in ("{ dog { name } }", "{ dog { name toys } }###"))

    assert documents.plans(kept) is documents.plans(kept) is not None
    assert documents.plans(long) is None
    documents.parse("{ named { name } }", {})
    assert documents.plans(kept) is None


def test_a_document_that_is_parsed_under_other_limits_has_plans_of_its_own() -> None:
    documents = Documents()
    first, second = (operation(documents.parse("{ dog { name } }", options)) for options in ({}, {"max_tokens": 99}))

    assert documents.plans(first) is None
    assert documents.plans(second) is not None


async def test_a_document_with_very_many_sets_of_fields_is_left_to_graphql_core() -> None:
    """Which fragments meet depends on the way there, as in an automaton that knows the ninth letter from the end."""
    result, executed = await counted(automaton(9), query())
    _, fewer = await counted(automaton(3), query())

    assert (result.data, result.errors) == ({"dog": {"best": {}}}, None)
    assert (executed, fewer) == (2, 1)


def automaton(states: int) -> str:
    """Write a document of which each way of `a` and `b` comes to a set of fragments of its own."""

    def state(number: int, step: int) -> str:
        on = f"...S{number + 1}x{step + 1}" if number < states and step < states else "__typename"
        stay = f"...S0x{step + 1}" if number == 0 and step < states else ""
        fields = f"a: best {{ {on} {stay} }} b: best {{ {stay or on} }}"
        return f"fragment S{number}x{step} on Dog {{ {fields} }}"

    fragments = [state(number, step) for step in range(states + 1) for number in range(step + 1)]
    return f"{{ dog {{ best {{ ...S0x0 }} }} }} {' '.join(fragments)}"


def operation(document: Any) -> OperationDefinitionNode:
    found = document.definitions[0]
    assert isinstance(found, OperationDefinitionNode)
    return found
