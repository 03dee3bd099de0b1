"""JSON text as Go writes it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api import gojson

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-12.5, "-12.5"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e-7, "1.25e-7"),
        (1e-6, "0.000001"),
        (2**60, "1152921504606847000"),
        (5e-324, "5e-324"),
    ],
)
def test_a_number_is_written_as_a_64_bit_float(number: float, text: str) -> None:
    assert gojson.dumps(number) == text


def test_keys_are_sorted_and_markup_is_escaped() -> None:
    assert gojson.dumps({"b": "<x>&\u2028", "a": [True, None, "é"]}) == (
        '{"a":[true,null,"é"],"b":"\\u003cx\\u003e\\u0026\\u2028"}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("-inf"), 10**400])
def test_a_number_without_a_float_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="number"):
        gojson.dumps(number)


@given(JSON_VALUES)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    # Go reads every number as a float; a big one is written with zeros for the digits that it does not hold.
    assert json.loads(gojson.dumps(value), parse_int=float) == value
