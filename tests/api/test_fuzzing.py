"""Whatever the schema lets a client ask, or does not: no answer is an internal error, and none shows the inside."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    is_required_input_field,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.graphql import nodes

from api.client import Client
from gql_api.errors import CODES

SDL = (Path(__file__).parents[2] / "schema.graphql").read_text()
SCHEMA = schemathesis.graphql.from_file(SDL)
OPERATIONS = {one.label: one for one in (found.ok() for found in SCHEMA.get_all_operations())}
MUTATIONS = build_schema(SDL).mutation_type.fields  # type: ignore[union-attr]
INPUTS = {name: field.args["input"].type for name, field in MUTATIONS.items()}
load_all_checks()
CHECKED = CHECKS.get_by_names(["not_a_server_error", "negative_data_rejection", "response_schema_conformance"])
KNOWN = {name: f"the-{name}-that-there-is" for name in ("session", "bare", "disk", "message", "file")}
"""What strategies give for ids that there are: the ids themselves are random, and would make each run another."""

TEXTS = (
    st.sampled_from(["", "/", "/a.md", "a/../b", "**", "[", "\\", "\x00", "\u202e", "x" * 1_100, "'; --"]) | st.text()
)
IDS = st.sampled_from([*KNOWN.values()] * 3 + ["", "U2Vzc2lvbjo=", "00000000-0000-0000-0000-000000000000"]) | TEXTS
TIMES = st.sampled_from(
    ["2026-01-31T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30"]
)
UUIDS = st.uuids().map(str) | st.sampled_from(["", "urn:uuid:", "{}", KNOWN["bare"]])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | IDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
LEAVES = {"ID": IDS, "String": TEXTS, "DateTime": TIMES, "UUID": UUIDS}
for scalar, texts in LEAVES.items():
    schemathesis.graphql.scalar(scalar, texts.map(nodes.String))
schemathesis.graphql.scalar("Upload", TEXTS.map(nodes.String))  # what stands there where no form is sent
schemathesis.graphql.scalar("JSON", (IDS | TIMES).map(nodes.String) | st.integers().map(nodes.Int))


def inputs(kind: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Give what a variable of a type may be, and at times something else in its place or within."""
    if isinstance(kind, GraphQLNonNull):
        return inputs(kind.of_type)
    if isinstance(kind, GraphQLList):
        return st.lists(inputs(kind.of_type), max_size=3) | JSON
    if not isinstance(kind, GraphQLInputObjectType):
        return LEAVES.get(kind.name, JSON) | JSON
    fields = {name: st.deferred(lambda of=field.type: inputs(of)) for name, field in kind.fields.items()}
    if kind.is_one_of:
        return st.one_of(*(st.fixed_dictionaries({name: value}) for name, value in fields.items()), JSON)
    required = {name: value for name, value in fields.items() if is_required_input_field(kind.fields[name])}
    optional = {name: value for name, value in fields.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional) | JSON


EXPECTED = {code for code in CODES if not code.startswith(("INTERNAL", "UPSTREAM", "DATABASE"))}
"""Codes of what a client did; everything behind the server is well."""

INSIDE = re.compile(
    r'Traceback|File \\"|sqlite|postgres|asyncpg|tortoise|strawberry|SELECT |INSERT |embedded\.invalid|\.db', re.I
)
"""What no text of ours has, and no strategy gives."""

some = settings(
    derandomize=True,
    database=None,
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
async def there_is(client: Client) -> dict[str, str]:
    """Make one of each thing; give their ids by what strategies have for them."""
    session = await client.create(title="A title")
    [message] = await client.store(session["id"], "Hello")
    file = await client.upload(session["id"], "/a.md")
    ids = [session["id"], session["acontextId"], session["disk"]["id"], message, file["id"]]
    return dict(zip(KNOWN.values(), ids, strict=True))


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation", OPERATIONS)
@some
@given(data=st.data())
async def test_no_operation_finds_the_inside(
    client: Client,
    there_is: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    operation: str,
    mode: GenerationMode,
    data: st.DataObject,
) -> None:
    case = data.draw(OPERATIONS[operation].as_strategy(generation_mode=mode))
    response = await ask(client, there_is, query=case.body)
    case.validate_response(response, checks=CHECKED)
    check(response, caplog)


@pytest.mark.parametrize("mutation", INPUTS)
@some
@given(data=st.data())
async def test_no_variable_finds_the_inside(
    client: Client,
    there_is: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    mutation: str,
    data: st.DataObject,
) -> None:
    query = f"mutation ($input: {INPUTS[mutation]}) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}"
    given = data.draw(inputs(INPUTS[mutation]))
    check(await ask(client, there_is, query=query, variables={"input": given}), caplog)


async def ask(client: Client, there_is: dict[str, str], **fields: Any) -> httpx.Response:
    body = json.dumps(fields)
    for name, id in there_is.items():
        body = body.replace(name, id)
    return await client.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})


def words_inside(text: bytes) -> set[str]:
    return {word.lower() for word in INSIDE.findall(text.decode())}


def check(response: httpx.Response, caplog: pytest.LogCaptureFixture) -> None:
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= EXPECTED, answer
    # It may repeat what was sent.
    assert words_inside(response.content) <= words_inside(response.request.content), answer
    assert not [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
