"""Variables that are read at once are what graphql-core makes of them."""

from typing import Any

import pytest
from graphql import get_variable_values, parse
from hypothesis import given
from hypothesis import strategies as st

from gql_api.schema import build_schema
from gql_api.schema.ready import Ready, ready

SCHEMA = build_schema()._schema
LEAVES = ["ID", "String", "Int", "Boolean", "UUID", "DateTime", "JSON", "MessageRole"]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.sampled_from(["", "a", "USER", "7", "2026-01-31T12:00:00Z", "11111111-1111-4111-8111-111111111111"]),
    st.lists(st.text("ab"), max_size=2),
    st.dictionaries(st.text("ab"), st.none(), max_size=2),
)


def read(types: str, default: str = "") -> Ready:
    found = ready(SCHEMA, parse(f"query ($a: {types}{default}, $b: String) {{ viewer {{ id }} }}"), None)
    assert found
    return found


@pytest.mark.parametrize("must", ["", "!"])
@pytest.mark.parametrize("leaf", LEAVES)
@given(variables=st.dictionaries(st.sampled_from("abc"), VALUES))
def test_variables_are_read_as_they_always_were(leaf: str, must: str, variables: dict[str, Any]) -> None:
    one = read(leaf + must)
    definitions = one.operation.variable_definitions or ()
    expected, found = get_variable_values(SCHEMA, definitions, variables), one.values(SCHEMA, variables)
    assert one.variables
    assert repr(found) == repr(None if isinstance(expected, list) else expected)


@pytest.mark.parametrize(("types", "default"), [("[ID!]", ""), ("ID", ' = "a"'), ("StoreMessageInput", "")])
def test_other_variables_are_left_to_graphql_core(types: str, default: str) -> None:
    assert read(types, default).variables is None


def test_no_variables_are_none_of_anybody() -> None:
    assert read("ID").values(SCHEMA, None) is not None
    assert read("ID!").values(SCHEMA, None) is None
