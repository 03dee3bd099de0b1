"""Documents that are parsed and validated once."""

import gc
import json
import logging
from typing import Any

import pytest
from graphql import ASTValidationRule, GraphQLSyntaxError, NoSchemaIntrospectionCustomRule
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.extensions import AddValidationRules, MaxTokensLimiter
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gql_api.schema.caches import Documents
from gql_api.schema.errors import Schema
from gql_api.telemetry import Operation, observed
from small_api import Signals, small_schema


def test_a_document_is_parsed_once() -> None:
    documents = Documents()

    assert documents.parse("{ a }", {}) is documents.parse("{ a }", {})
    assert documents.parse("{ a }", {}) is not documents.parse("{ b }", {})


def test_the_document_used_longest_ago_is_forgotten_first() -> None:
    documents = Documents(most=2)
    kept, lost = documents.parse("{ kept }", {}), documents.parse("{ lost }", {})

    documents.parse("{ kept }", {})
    documents.parse("{ new }", {})

    assert documents.parse("{ kept }", {}) is kept
    assert documents.parse("{ lost }", {}) is not lost


def test_a_long_document_is_not_kept() -> None:
    documents = Documents(longest=10)

    assert documents.parse("{ a }#####", {}) is documents.parse("{ a }#####", {})
    assert documents.parse("{ a }######", {}) is not documents.parse("{ a }######", {})


def test_a_document_that_was_parsed_without_limits_does_not_pass_them() -> None:
    documents = Documents()
    documents.parse("{ a b c }", {})

    with pytest.raises(GraphQLSyntaxError, match="more than 2 tokens"):
        documents.parse("{ a b c }", {"max_tokens": 2})


@pytest.mark.parametrize(
    ("query", "name", "found"),
    [
        ("{ a }", None, "query"),
        ("mutation M { a }", None, "mutation"),
        ("mutation M { a } query Q { a }", "Q", "query"),
        ("mutation M { a } query Q { a }", None, None),
        ("mutation M { a }", "Q", None),
        ("fragment F on Query { a }", None, None),
        ("{", None, None),
    ],
)
def test_the_operation_that_is_meant_is_found(query: str, name: str | None, found: str | None) -> None:
    operation = Documents().operation(query, name)

    assert (operation and operation.operation.value) == found


async def test_the_errors_of_a_remembered_document_belong_to_one_answer() -> None:
    schema = small_schema()

    first = await schema.execute("{ no }")
    second = await schema.execute("{ no }")

    assert first.errors
    assert second.errors
    assert first.errors[0] is not second.errors[0]
    assert messages(first) == messages(second) == ["Cannot query field 'no' on type 'Query'."]


async def test_a_document_is_validated_again_when_the_rules_are_others() -> None:
    rules: list[type[ASTValidationRule]] = []
    free = small_schema()
    schema = Schema(free.query, extensions=[lambda: AddValidationRules(rules)], config=free.config)
    query = "{ __schema { __typename } }"

    assert (await schema.execute(query)).errors is None
    rules.append(NoSchemaIntrospectionCustomRule)
    assert len(messages(await schema.execute(query))) == 1


async def test_a_document_of_very_many_tokens_is_not_parsed_to_its_end() -> None:
    long = await small_schema().execute("{" + " ".join(f"no{number}" for number in range(9_998)) + "}")
    too_long = await small_schema().execute("{" + "nothing " * 9_999 + "}")

    assert {(error.extensions or {})["code"] for error in long.errors or []} == {"GRAPHQL_VALIDATION_FAILED"}
    assert messages(too_long) == ["Syntax Error: Document contains more than 10000 tokens. Parsing aborted."]


async def test_a_limit_to_tokens_holds_for_remembered_documents_too() -> None:
    query = "{ hello doubled }"
    free = small_schema()
    strict = Schema(free.query, extensions=[lambda: MaxTokensLimiter(max_token_count=3)], config=free.config)

    assert (await free.execute(query)).errors is None
    for _ in range(2):
        assert messages(await strict.execute(query)) == [
            "Syntax Error: Document contains more than 3 tokens. Parsing aborted."
        ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["{ hello }", "{ no }", "{", "query($n: Int!) { doubled(number: $n) }"]), max_size=6))
async def test_what_came_before_changes_no_answer(queries: list[str]) -> None:
    one, other = small_schema(), small_schema()

    for query in queries:
        other.documents = Documents(most=0)
        again, fresh = await one.execute(query), await other.execute(query)
        assert (again.data, messages(again)) == (fresh.data, messages(fresh))


PLAIN = [
    "{ hello }",
    'query A { hello } query B($n: Int!) { doubled(number: $n) } mutation C { fails(kind: "NotFound") }',
    "query($n: Int!) { doubled(number: $n) }",
    "query($n: Int = 4, $on: Boolean!) { ...F @include(if: $on) hello } fragment F on Query { doubled(number: $n) }",
    'mutation($kind: String!) { fails(kind: $kind, path: ["a"]) }',
    'query($kind: String!) { one: fails(kind: $kind, path: ["a"]) two: crashes neverNull }',
    "{ even(number: 3) }",
    "query($even: Even!) { even(number: $even) }",
    "subscription { counts(to: 1) }",
    "{ hello ",
    "{ no }",
    "{ crashesInDisguise coded wronglyEven }",
    "fragment F on Query { hello }",
    "{ __typename }",
    "query A { b: __typename a: __typename b: __typename } mutation B { __typename } query C { hello }",
    "query($on: Boolean!) { __typename @include(if: $on) ...F } fragment F on Query { name: __typename }",
    "{ __typename hello }",
    "{ ... @skip(if: true) { __typename } }",
]
VARIABLES: list[dict[str, Any] | None] = [
    None,
    {"n": 2, "on": True, "kind": "Invalid", "even": 2},
    {"n": "two", "on": False, "kind": "UpstreamTimeout", "even": "crash"},
    {"n": 2**40, "on": None, "kind": None, "even": 3},
]


def plain_schema() -> Schema:
    """Give a schema without extensions."""
    small = small_schema()
    return Schema(small.query, mutation=small.mutation, subscription=small.subscription, config=small.config)


PLAIN_SCHEMAS = plain_schema(), plain_schema()


async def told(schema: Schema, caplog: pytest.LogCaptureFixture, *asked: Any) -> Any:
    """Run an operation, and give all that anybody learns of it."""
    query, variables, name, allowed = asked
    caplog.clear()
    with observed("r-1", ()) as noted:
        noted.operation = Operation()
        try:
            result = await schema.execute(
                query,
                variable_values=variables,
                context_value=Signals(),
                operation_name=name,
                allowed_operation_types=allowed,
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError) as error:
            return type(error), error.args
    errors = [error.formatted for error in result.errors or []]
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    return result.data, result.extensions, errors, noted.operation.name, noted.operation.type, lines


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(
        st.sampled_from(PLAIN),
        st.sampled_from(VARIABLES),
        st.sampled_from([None, "A", "B", "C", "D"]),
        st.sampled_from([None, [OperationType.QUERY], [OperationType.QUERY, OperationType.MUTATION]]),
    )
)
async def test_an_operation_that_ran_before_is_answered_as_the_first_time(
    caplog: pytest.LogCaptureFixture, asked: tuple[Any, ...]
) -> None:
    one, other = PLAIN_SCHEMAS
    one.documents, other.documents = Documents(), Documents(most=0)
    caplog.set_level(logging.DEBUG)

    first = await told(one, caplog, *asked)
    again = await told(one, caplog, *asked)

    # As text too: of two objects, the order of their fields would not be compared.
    assert json.dumps(first[:1], default=str) == json.dumps(again[:1], default=str)
    assert first == again == await told(other, caplog, *asked)


async def test_what_executed_an_operation_needs_no_collector() -> None:
    schema = plain_schema()
    await schema.execute("{ hello }")
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            await schema.execute("{ hello }")
        left = [one for one in gc.get_objects() if isinstance(one, Executor) and one.schema is schema._schema]
    finally:
        gc.enable()

    assert left == []


def messages(result: ExecutionResult) -> list[str]:
    return [error.message for error in result.errors or []]
