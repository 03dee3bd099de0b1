"""No document, however twisted, holds the process: what the server does for it is counted, and each answer is coded.

Counted are calls of functions in the thread that serves, not time. What a document may ask for is bounded by limits,
which come to so many calls at most; beyond them the calls grow with its length alone.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from graphql import get_introspection_query
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.hostile_documents import KINDS, together
from databases import Databases
from gql_api.errors import CODES
from gql_api.schema.introspection import MOST_TOLD

WITHIN_LIMITS = 2_000_000
"""Calls that limits come to: 50 000 steps of validation, 1 000 fields, 20 000 values of the schema."""
FOR_EACH_LETTER = 10
EXPECTED = {
    *("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE", "BAD_REQUEST"),
    *("BAD_USER_INPUT", "COST_LIMIT_EXCEEDED"),
}
SIZES = [*range(1, 8), *(14, 15, 16, 20, 21, 29, 30, 31, 49, 50, 51, 90, 99, 100, 180, 199, 333, 499, 500, 660, 667)]
PARTS = st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(SIZES))
INSIDE = re.compile(r"Traceback|File \\\"|site-packages|strawberry|graphql\.|sqlite|SELECT |recursion")

some = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: most of these documents never come to it."""
    return sqlite_databases


class Calls:
    """How many calls there were."""

    made = 0


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls of functions that this thread makes, those of Python and those of C."""
    calls = Calls()

    def count(frame: object, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            calls.made += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


async def check(client: Client, document: str, name: str | None = None) -> dict[str, Any]:
    """Ask, twice: what was seen before takes no more."""
    body = json.dumps({"query": document} | ({"operationName": name} if name else {}))
    headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
    for _ in range(2):
        with counted() as calls:
            response = await client.http.post("/graphql", content=body, headers=headers)
        assert calls.made <= WITHIN_LIMITS + FOR_EACH_LETTER * len(document), (calls.made, len(document))
        answer: dict[str, Any] = response.json()
        errors = answer.get("errors", [])
        assert {error["extensions"]["code"] for error in errors} <= EXPECTED <= set(CODES), answer
        assert response.status_code == (200 if "data" in answer else 400)
        assert errors or "data" in answer
        assert all(isinstance(error["message"], str) and error["message"] for error in errors)
        assert not INSIDE.search(json.dumps(errors))
    return answer


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_no_document_of_a_kind_holds_the_process_at_any_size(client: Client, kind: str) -> None:
    for size in (16, 300, 2_000):
        document = KINDS[kind](size)
        await check(client, document)
        if len(document) > 110_000:
            break


@settings(some, max_examples=25)
@given(parts=st.lists(PARTS, min_size=1, max_size=4), chosen=st.sampled_from([None, "P0", "P1", "none"]))
@example(parts=[("one list in itself", 60), ("fragments in common", 30)], chosen="P0")
@example(parts=[("fields of fields of all types", 5), ("one list", 100)], chosen="P0")
async def test_no_document_of_several_kinds_holds_the_process(
    client: Client, parts: list[tuple[str, int]], chosen: str | None
) -> None:
    await check(client, together(parts), chosen)


LETTERS = st.sampled_from(
    ["{ a", "}", "(", ")", "[", "]", ":", "$v", "!", "...", " on ", "@include", '"', '"""', "#", "\n"]
)
WORDS = st.sampled_from(
    ["query", "fragment F", "viewer", "id", "sessions", "nodes", "first", "1e9", "-0", "é", "\\", "\ufeff"]
)


@settings(some, max_examples=20)
@given(st.lists(LETTERS | WORDS | st.text(max_size=3), max_size=12), st.sampled_from([1, 10, 400]))
async def test_no_heap_of_letters_holds_the_process(client: Client, letters: list[str], times: int) -> None:
    await check(client, " ".join(letters) * times)


TYPES = "types { name fields { name args { name } } }"


def told(value: Any) -> int:
    """Count the things that an answer has, and their values."""
    if isinstance(value, dict):
        return 1 + sum(told(one) for one in value.values())
    return sum(told(one) for one in value) if isinstance(value, list) else int(value is not None)


async def test_so_much_of_the_schema_is_told_and_no_more(start: Callable[..., Any]) -> None:
    def document(times: int) -> str:
        return "{ " + " ".join(f"s{number}: __schema {{ {TYPES} }}" for number in range(times)) + " }"

    async with start(max_root_fields=100, max_aliases=100) as client:
        one = told((await client.data(document(1)))["s0"])
        most = MOST_TOLD // one
        assert 1 < most < 100
        assert told(await client.data(document(most))) == most * one + 1
        two = f"query P0 {document(1)} query P1 {document(most + 1)}"
        for beyond, name in ((document(most + 1), None), (two, "P0")):
            [error] = (await check(client, beyond, name))["errors"]
            assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED"}
            assert error["message"].startswith(f"The operation asks for more than {MOST_TOLD} values of the schema")


async def test_what_tools_ask_of_the_schema_is_told_three_times_over(client: Client) -> None:
    whole = get_introspection_query(one_of=True, input_value_deprecation=True, specified_by_url=True)
    head = whole.partition("fragment FullType")[0]
    inner = head[head.index("{") + 1 : head.rindex("}")]
    thrice = " ".join(inner.replace("__schema", f"s{number}: __schema") for number in range(3))
    found = await client.data(whole.replace(inner, thrice))
    assert found["s0"] == found["s1"] == found["s2"] == (await client.data(whole))["__schema"]
