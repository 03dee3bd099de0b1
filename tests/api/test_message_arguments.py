"""The arguments of tool calls: text byte for byte whatever it is, and read as JSON where it is some."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import call, read
from databases import Databases

SELECTION = "toolCalls { arguments argumentsText }"
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
WRITTEN = st.builds(
    json.dumps, VALUES, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 2]), sort_keys=st.booleans()
)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database has no part in what messages hold."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> str:
    return str((await client.create())["id"])


async def kept(client: Client, session: str, arguments: Any) -> dict[str, Any]:
    """Store a call, and read its arguments back."""
    await client.store(session, call("c", arguments=arguments))
    [node] = (await read(client, session, f"nodes {{ {SELECTION} }}", last=1))["nodes"]
    [made] = node["toolCalls"]
    return dict(made)


@QUICK
@given(text=WRITTEN)
async def test_json_text_is_kept_byte_for_byte_and_read(client: Client, session: str, text: str) -> None:
    assert await kept(client, session, text) == {"arguments": json.loads(text), "argumentsText": text}


@QUICK
@given(value=VALUES.filter(lambda value: value is not None and not isinstance(value, str)))
async def test_json_values_are_kept_as_compact_text(client: Client, session: str, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert await kept(client, session, value) == {"arguments": json.loads(text), "argumentsText": text}


@QUICK
@given(text=st.text(max_size=20))
@example("")
@example("{broken")
@example("NaN")
@example('{"a": "\\ud800", "b": -Infinity}')
@example('{"a": 1e999}')
@example("-" + "9" * 400)
@example("1" * 5000)
@example('["\\ud800"]')
@example("[" * 300 + "]" * 300)
@example("[1," * 50_000)
async def test_any_text_is_kept_and_read_as_null_when_no_answer_can_hold_it(
    client: Client, session: str, text: str
) -> None:
    assert await kept(client, session, text) == {"arguments": read_json(text), "argumentsText": text}


def read_json(text: str) -> Any:
    """Read JSON as an answer can hold it, else None."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return value
