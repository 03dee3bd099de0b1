"""Every error has a code, says what the client may know, and is logged once."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from strawberry.types import ExecutionResult

from small_api import FAILURES, SECRET, create_app, small_schema

pytestmark = pytest.mark.usefixtures("ids_on_records")
LOGGER = "gql_api.schema.errors"
INTERNAL = {"message": "An internal error occurred.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
UNREADABLE = "This value cannot be read as the type that is wanted here."
CODES = {
    "Invalid": ("BAD_USER_INPUT", "INVALID_INPUT"),
    "NotFound": ("NOT_FOUND", "NOT_FOUND"),
    "Conflict": ("BAD_USER_INPUT", "CONFLICT"),
    "Busy": ("BAD_USER_INPUT", "BUSY"),
    "TooLarge": ("BAD_USER_INPUT", "TOO_LARGE"),
    "PartlyStored": ("BAD_USER_INPUT", "UPSTREAM_FAILED"),
    "BadUserInput": ("BAD_USER_INPUT", "BAD_USER_INPUT"),
    "Unauthenticated": ("UNAUTHENTICATED", "UNAUTHENTICATED"),
    "Forbidden": ("FORBIDDEN", "FORBIDDEN"),
    "UpstreamUnavailable": ("UPSTREAM_UNAVAILABLE", "UPSTREAM_UNAVAILABLE"),
    "UpstreamTimeout": ("UPSTREAM_TIMEOUT", "UPSTREAM_TIMEOUT"),
    "UpstreamRejected": ("UPSTREAM_REJECTED", "UPSTREAM_REJECTED"),
    "DatabaseUnavailable": ("DATABASE_UNAVAILABLE", "DATABASE_UNAVAILABLE"),
    "DatabaseTimeout": ("DATABASE_TIMEOUT", "DATABASE_TIMEOUT"),
}
FAILING = "($kind: String!, $path: [String!]) { fails(kind: $kind, path: $path) }"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url="http://test") as made:
        yield made


async def ask(client: httpx.AsyncClient, query: str, **fields: Any) -> Any:
    response = await client.post("/graphql", json={"query": query, **fields}, headers={"x-request-id": "r-1"})
    return response.json()


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    records = [record for record in caplog.records if record.name == LOGGER]
    assert {record.request_id for record in records} <= {"r-1"}  # type: ignore[attr-defined]
    return [(record.levelno, record.getMessage()) for record in records]


def test_the_table_of_codes_has_every_failure() -> None:
    assert CODES.keys() == FAILURES.keys()


@pytest.mark.parametrize("kind", CODES)
async def test_a_failure_keeps_its_message_and_code(client: httpx.AsyncClient, kind: str) -> None:
    for operation, code in zip(("query", "mutation"), CODES[kind], strict=True):
        answer = await ask(client, operation + FAILING, variables={"kind": kind})

        error = {
            "message": f"This is {kind}.",
            "locations": [{"line": 1, "column": len(operation) + 38}],
            "path": ["fails"],
            "extensions": {"code": code},
        }
        assert answer == {"errors": [error], "data": {"fails": None}}


async def test_a_failure_names_the_argument_that_is_to_blame(client: httpx.AsyncClient) -> None:
    variables = {"kind": "Invalid", "path": ["input", "title"]}

    answer = await ask(client, "query" + FAILING, variables=variables)

    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argumentPath": ["input", "title"]}


@pytest.mark.parametrize(
    ("query", "variables", "message", "code"),
    [
        ("query($n: Even!) { even(number: $n) }", {"n": 3}, "Even is an even number.", "BAD_USER_INPUT"),
        ("query($n: Even!) { even(number: $n) }", {"n": "crash"}, UNREADABLE, "BAD_USER_INPUT"),
        ("query($n: Even!) { even(number: $n) }", {}, "Variable '$n' has invalid value", "BAD_USER_INPUT"),
        ("query($n: Int = 1) { doubled(number: $n) }", {"n": None}, "Argument 'number'", "BAD_USER_INPUT"),
        ("query($n: Int!) { doubled(number: $n) }", {"n": 2**40}, "non 32-bit", "BAD_USER_INPUT"),
        ('{ even(number: "crash") }', {}, UNREADABLE, "GRAPHQL_VALIDATION_FAILED"),
        (f"{{ doubled(number: {'9' * 5000}) }}", {}, UNREADABLE, "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", {}, "Cannot query field", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello hello(name: 1) }", {}, "conflict", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello ", {}, "Syntax Error", "GRAPHQL_PARSE_FAILED"),
        ("{a" * 5000, {}, "nested too deeply", "COST_LIMIT_EXCEEDED"),
        ("#", {}, "Syntax Error", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_mistakes_in_documents_and_variables_have_their_codes(
    client: httpx.AsyncClient, query: str, variables: Any, message: str, code: str
) -> None:
    for _ in range(2):  # the second time from what was remembered
        answer = await ask(client, query, variables=variables)

        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
        assert any(message in error["message"] for error in answer["errors"])
        assert all(error["locations"] for error in answer["errors"])
        assert answer.get("data") is None
        assert SECRET not in str(answer)


async def test_a_scalar_speaks_for_itself(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ even(number: 3) }")

    extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert answer == {"errors": [{"message": "Even is an even number.", "extensions": extensions}]}


@pytest.mark.parametrize(
    ("query", "path", "data"),
    [
        ("{ hello crashes }", ["crashes"], {"hello": "Hello world", "crashes": None}),
        ("{ crashesInDisguise }", ["crashesInDisguise"], {"crashesInDisguise": None}),
        ("{ neverNull }", ["neverNull"], None),
        ("{ wronglyEven }", ["wronglyEven"], {"wronglyEven": None}),
    ],
)
async def test_what_nobody_expected_is_an_internal_error_of_its_field(
    client: httpx.AsyncClient, query: str, path: list[str], data: Any
) -> None:
    answer = await ask(client, query)

    assert answer == {
        "errors": [{**INTERNAL, "locations": [{"line": 1, "column": query.index(path[0]) + 1}], "path": path}],
        "data": data,
    }


async def test_an_error_with_a_code_of_its_own_is_left_as_it_is(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ coded }")

    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]) == ("Too much is asked.", {"code": "TOO_COMPLEX", "cost": 7})


async def test_what_an_extension_raises_is_coded_too(client: httpx.AsyncClient) -> None:
    crashed = await client.post("/graphql", json={"query": "{ hello }", "extensions": {"gate": "crash"}})
    refused = await ask(client, "{ hello }", extensions={"gate": "refuse"})
    mumbled = await ask(client, "{ hello }", extensions={"gate": "mumble"})

    assert (crashed.status_code, crashed.json()) == (500, {"errors": [INTERNAL]})
    assert refused == {"errors": [{"message": "The gate is shut.", "extensions": {"code": "SHUT"}}]}
    assert mumbled == {"errors": [{"message": "The gate is stuck.", "extensions": {"code": "BAD_USER_INPUT"}}]}


async def test_an_internal_error_is_logged_with_its_cause_and_the_request(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(client, "{ hello crashes }")

    assert logged(caplog) == [(logging.ERROR, "Internal error at crashes")]
    (record,) = [record for record in caplog.records if record.name == LOGGER]
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == SECRET
    assert record.exc_info[2] is not None


async def test_a_cause_that_strikes_many_fields_is_logged_once(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await ask(client, "{ a: crashesAlike b: crashesAlike c: crashes }")

    assert len(answer["errors"]) == 3
    assert [level for level, _ in logged(caplog)] == [logging.ERROR, logging.ERROR]


async def test_mistakes_of_clients_are_one_quiet_line_without_their_texts(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)

    await ask(client, '{ a: fails(kind: "NotFound") b: fails(kind: "Invalid") c: fails(kind: "NotFound") }')

    assert logged(caplog) == [(logging.INFO, "Client errors: NOT_FOUND x2, BAD_USER_INPUT x1")]


async def test_failures_of_acontext_are_warnings(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    await ask(client, '{ fails(kind: "UpstreamTimeout") }')

    assert logged(caplog) == [(logging.WARNING, "Upstream failures: UPSTREAM_TIMEOUT x1")]


async def test_failures_of_the_database_are_one_warning_with_their_kind(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(client, '{ a: fails(kind: "DatabaseTimeout") b: fails(kind: "DatabaseTimeout") }')

    assert logged(caplog) == [(logging.WARNING, "Database failures: DATABASE_TIMEOUT (RuntimeError) x2")]


async def test_strawberry_logs_nothing_beside_us(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    for query in ("{", "{ nothing }", "{ crashes }"):
        await ask(client, query)

    assert [record.name for record in caplog.records if record.levelno > logging.INFO] == [LOGGER]


async def test_the_errors_of_streams_are_coded() -> None:
    schema = small_schema()

    async def results(query: str, **variables: Any) -> list[Any]:
        stream = await schema.subscribe(query, variables)
        return [(one.data, told(one)) async for one in stream if isinstance(one, ExecutionResult)]

    counting = "subscription($to: Int!) { counts(to: $to) }"
    assert await results(counting, to=1) == [
        ({"counts": 0}, []),
        (None, [("An internal error occurred.", "INTERNAL_SERVER_ERROR")]),
    ]
    assert [codes(errors) for _, errors in await results(counting, to="many")] == [["BAD_USER_INPUT"]]
    assert [codes(errors) for _, errors in await results("{")] == [["GRAPHQL_PARSE_FAILED"]]
    assert [codes(errors) for _, errors in await results("subscription { no }")] == [["GRAPHQL_VALIDATION_FAILED"]]
    assert [codes(errors) for _, errors in await results("{ hello }")] == [["BAD_REQUEST"]]
    assert [codes(errors) for _, errors in await results("fragment F on Query { hello }")] == [
        ["OPERATION_RESOLUTION_FAILURE"]
    ]


def test_the_errors_of_operations_run_at_once_are_coded() -> None:
    result = small_schema().execute_sync('{ fails(kind: "Forbidden") }')

    assert told(result) == [("This is Forbidden.", "FORBIDDEN")]


def told(result: ExecutionResult) -> list[tuple[str, str]]:
    return [(error.message, str((error.extensions or {})["code"])) for error in result.errors or []]


def codes(errors: list[tuple[str, str]]) -> list[str]:
    return [code for _, code in errors]
