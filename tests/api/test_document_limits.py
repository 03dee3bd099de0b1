"""Limits of documents by the front door: what a setting allows is answered; one more is refused, and nothing runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from graphql import get_introspection_query

from api.client import Client
from api.upstream import Upstream
from databases import Databases
from gql_api.schema.shape import DocumentLimits
from gql_api.settings import Settings, read_settings

GRAPHQL = "application/graphql-response+json"
WRITE = "createSession(input: {}) { errors { code } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


LIMITS: list[tuple[str, int, str, str, str]] = [
    (
        "max_document_characters",
        100,
        "{ viewer { identifier } } #" + "x" * 73,
        "{ viewer { identifier } } #" + "x" * 74,
        "Syntax Error: Source contains more than 100 code points. Parsing aborted.",
    ),
    (
        "max_document_tokens",
        10,
        "{ viewer { identifier id id id } __typename }",
        "{ viewer { identifier id id id id } __typename }",
        "Syntax Error: Document contains more than 10 tokens. Parsing aborted.",
    ),
    (
        "max_depth",
        2,
        "{ ...F } fragment F on Query { viewer { ... { identifier } } }",
        "{ ...F } fragment F on Query { viewer { sessions { totalCount } } }",
        "The operation comes to 3 levels of fields; at most 2 are taken.",
    ),
    (
        "max_aliases",
        1,
        "{ viewer { a: identifier } }",
        "{ viewer { a: identifier ...F } } fragment F on User { b: identifier }",
        "The operation comes to 2 aliases; at most 1 are taken.",
    ),
    (
        "max_fields",
        3,
        "{ viewer { identifier id } }",
        "{ viewer { ...F ...F ...F } } fragment F on User { identifier }",
        "The operation comes to 4 fields; at most 3 are taken.",
    ),
    (
        "max_root_fields",
        1,
        "{ viewer { identifier id } }",
        "{ viewer { id } ... { viewer { id } } }",
        "The operation comes to 2 fields at its root; at most 1 are taken.",
    ),
    (
        "max_mutations",
        1,
        f"mutation {{ {WRITE} }}",
        f"mutation {{ {WRITE} ...F }} fragment F on Mutation {{ b: {WRITE} }}",
        "The operation comes to 2 mutations; at most 1 are taken.",
    ),
    (
        "max_directives",
        1,
        "{ viewer { identifier @include(if: true) } }",
        "{ viewer { identifier @no @no } }",
        "The document has 2 directives; at most 1 are taken.",
    ),
]
SETTINGS = [setting for setting, *_ in LIMITS]


@pytest.mark.parametrize(("setting", "most", "enough", "beyond", "message"), LIMITS, ids=SETTINGS)
async def test_each_limit_is_a_setting(
    start: Callable[..., Any], setting: str, most: int, enough: str, beyond: str, message: str
) -> None:
    async with start(**{setting: most}) as client:
        for _ in range(2):  # a document that was seen before is answered alike
            await client.data(enough)
            refused = await client.http.post("/graphql", json={"query": beyond}, headers={"accept": GRAPHQL})
            [error] = refused.json()["errors"]
            assert (refused.status_code, [*refused.json()]) == (400, ["errors"])
            assert (error["message"], error["extensions"]) == (message, {"code": "COST_LIMIT_EXCEEDED"})
    async with start(**{setting: most + 100}) as client:
        answer = await client.answer(beyond)
        assert "COST_LIMIT_EXCEEDED" not in json.dumps(answer)


@pytest.mark.parametrize(("setting", "most", "beyond"), [(one[0], one[1], one[3]) for one in LIMITS], ids=SETTINGS)
async def test_a_limit_holds_by_get_and_as_an_event_too(
    start: Callable[..., Any], setting: str, most: int, beyond: str
) -> None:
    async with start(**{setting: most}) as client:
        asked = await client.http.get("/graphql", params={"query": beyond})
        events = await client.http.post("/graphql", json={"query": beyond}, headers={"accept": "text/event-stream"})

    expected = "COST_LIMIT_EXCEEDED"
    if setting == "max_mutations":  # a mutation is not asked by GET, whatever it comes to
        assert asked.status_code == 405
    else:
        assert asked.json()["errors"][0]["extensions"]["code"] == expected
    [data] = [line.removeprefix("data: ") for line in events.text.splitlines() if line.startswith("data: {")]
    assert json.loads(data)["errors"][0]["extensions"]["code"] == expected


async def test_nothing_of_a_refused_document_runs(client: Client, upstream: Upstream) -> None:
    upstream.clear()
    answer = await client.answer(f"mutation {{ {' '.join(f'm{one}: {WRITE}' for one in range(11))} }}")

    assert "data" not in answer
    assert upstream.calls == []
    assert (await client.data("{ sessions { totalCount } }"))["sessions"]["totalCount"] == 0


def test_the_defaults_are_those_of_the_limits() -> None:
    given, limits = read_settings(_env_file=None), DocumentLimits()

    assert {one: getattr(given, name_of(one)) for one in DocumentLimits.__slots__} == {
        one: getattr(limits, one) for one in DocumentLimits.__slots__
    }


def name_of(limit: str) -> str:
    name = f"max_{'document_' if limit in {'characters', 'tokens'} else ''}{limit}"
    assert name in Settings.model_fields
    return name


async def test_tools_read_the_schema_with_the_defaults(client: Client) -> None:
    assert (await client.data(get_introspection_query(one_of=True, input_value_deprecation=True)))["__schema"]


TWISTED = [
    "{ ...F0 } "
    + " ".join(f"fragment F{one} on Query {{ ...F{one + 1} ...F{one + 1} }}" for one in range(31))
    + " fragment F31 on Query { viewer { id } }",
    "{ ...F0 } "
    + " ".join(
        f"fragment F{one} on Query {{ viewer {{ a: id b: id c: id }} ...F{one + 1} ...F{one + 1} }}"
        for one in range(13)
    )
    + " fragment F13 on Query { viewer { id } }",
    "{ viewer " * 900 + "}" * 900,
    "{ viewer { id " + "@no " * 1_900 + "} }",
    "{ viewer { " + "id " * 1_900 + "} }",
    "{ " + " ".join(f'session(id: "{one}") {{ id }}' for one in range(200)) + " }",
    "{ viewer " * 40 + "{ id }" + "}" * 40,
    "{ viewer { " + "id " * 990 + "} }",
    "{ viewer { " + "sessions { nodes { id } } " * 199 + "} }",
]


@pytest.mark.parametrize("query", TWISTED, ids=range(len(TWISTED)))
async def test_twisted_documents_are_refused(client: Client, query: str) -> None:
    answer = await client.answer(query)

    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
    assert len(answer["errors"]) <= 3


async def test_many_fragments_may_have_much_in_common(client: Client) -> None:
    """As pages have that are made of parts, each with a fragment of its own."""
    shown = "id title createdAt tokenCounts { total } messages(last: 5) { nodes { id text role createdAt } }"
    names = [f"Part{number}" for number in range(30)]
    spread = " ".join(f"...{name}" for name in names)
    parts = " ".join(f"fragment {name} on Session {{ {shown} }}" for name in names)
    assert await client.data(f"{{ sessions {{ nodes {{ {spread} }} }} }} {parts}") == {"sessions": {"nodes": []}}


async def test_no_more_faults_are_told_than_anybody_reads(client: Client) -> None:
    for known in (10, 11, 500):
        answer = await client.answer("{ viewer { " + " ".join(f"missing{number}" for number in range(known)) + " } }")
        told = [error["message"] for error in answer["errors"]]
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
        assert told[:10] == [f"Cannot query field 'missing{number}' on type 'User'." for number in range(10)]
        assert told[10:] == ([] if known == 10 else ["There are more faults than these 10."])
    variables = {f"v{number}": None for number in range(30)}
    declared = ", ".join(f"${name}: Int!" for name in variables)
    for _ in range(2):
        answer = await client.answer(f"query ({declared}) {{ __typename }}", **variables)
        assert {error["extensions"]["code"] for error in answer["errors"]} <= {
            "BAD_USER_INPUT",
            "GRAPHQL_VALIDATION_FAILED",
        }
        assert len(answer["errors"]) == 11


def nested(levels: int) -> Any:
    found: Any = 1
    for level in range(levels):
        found = [found] if level % 2 else {"a": found}
    return found


@pytest.mark.parametrize("where", ["declared", "unknown"])
async def test_variables_are_nested_so_deep(start: Callable[..., Any], where: str) -> None:
    async with start(max_variables_depth=5) as client:
        document = "mutation ($declared: JSON) { createSession(input: {configs: $declared}) { errors { code } } }"
        for _ in range(2):
            payload = (await client.data(document, **{"declared": {}, where: nested(5)}))["createSession"]
            assert payload["errors"] == []
            answer = await client.answer(document, **{"declared": {}, where: nested(6)})
            [error] = answer["errors"]
            assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED"}
            assert error["message"] == "Variables are nested at most 5 levels deep."
        total = (await client.data("{ sessions { totalCount } }"))["sessions"]["totalCount"]
        assert total == 2


@pytest.mark.parametrize("given", [[0] * 8, {str(number): 0 for number in range(8)}, [[], [], [1, 2], {"a": [3]}]])
async def test_variables_have_so_many_values(start: Callable[..., Any], given: Any) -> None:
    async with start(max_variables=12) as client:
        document = "mutation ($a: JSON!) { createSession(input: {configs: $a}) { errors { code } } }"
        for _ in range(2):
            for more in ([], [0]):  # with `a`, `with`, and what is in it
                payload = (await client.data(document, a={"b": given, "with": more}))["createSession"]
                assert payload["errors"] == []
            answer = await client.answer(document, a={"b": given, "with": [0, 0]})
            [error] = answer["errors"]
            assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED"}
            assert error["message"] == "Variables have too many values: those in lists and objects count too."
        assert (await client.data("{ sessions { totalCount } }"))["sessions"]["totalCount"] == 4


async def test_variables_are_nested_so_deep_by_get_and_as_an_event_too(start: Callable[..., Any]) -> None:
    async with start(max_variables_depth=5) as client:
        given = {"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": [], "b": nested(6)}}
        asked = await client.http.get("/graphql", params=given | {"variables": json.dumps(given["variables"])})
        assert asked.json()["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
        events = await client.http.post("/graphql", json=given, headers={"accept": "text/event-stream"})
        assert "COST_LIMIT_EXCEEDED" in events.text


async def test_the_defaults_take_what_configs_may_be(client: Client) -> None:
    for levels, code in ((49, []), (51, ["INVALID_INPUT"])):
        document = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { errors { code } } }"
        payload = (await client.data(document, input={"configs": {"a": nested(levels)}}))["createSession"]
        assert [error["code"] for error in payload["errors"]] == code
    answer = await client.answer(document, input={"configs": {"a": nested(60)}})
    assert answer["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
