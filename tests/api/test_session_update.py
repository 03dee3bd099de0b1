"""Changing sessions: what is absent stays, what is null is cleared; the rules of titles and of configs."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import CREATE, Client
from api.upstream import Upstream
from databases import Databases

UPDATE = """
mutation ($input: UpdateSessionInput!) {
  updateSession(input: $input) { session { id title configs createdAt updatedAt } errors { code path } }
}
"""
READ = "query ($id: ID!) { session(id: $id) { id title configs createdAt updatedAt } }"
LARGEST = 65536


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: what changes in it is in the tests of the store."""
    return sqlite_databases


async def change(client: Client, id: str, **changes: Any) -> dict[str, Any]:
    """Change a session, and return it as the payload and a later read agree that it is."""
    payload = (await client.data(UPDATE, input={"id": id, **changes}))["updateSession"]
    assert payload["errors"] == []
    session: dict[str, Any] = payload["session"]
    assert await client.data(READ, id=id) == {"session": session}
    return session


async def refusals(client: Client, **input: Any) -> list[tuple[str, list[str]]]:
    """Try a change and a creation with the same input, which must be refused alike; return why."""
    made = await client.create()
    changed = (await client.data(UPDATE, input={"id": made["id"], **input}))["updateSession"]
    created = (await client.data(CREATE, input=input))["createSession"]
    assert changed["session"] is created["session"] is None
    found = [(error["code"], error["path"]) for error in changed["errors"]]
    assert found == [(error["code"], error["path"]) for error in created["errors"]]
    return found


async def test_what_is_absent_stays_and_what_is_null_is_cleared(client: Client) -> None:
    id = (await client.create(title="old", configs={"a": 1}))["id"]
    seen = (await client.data(READ, id=id))["session"]
    assert await change(client, id) == seen
    steps: list[tuple[dict[str, Any], str | None, Any]] = [
        ({"title": "new"}, "new", {"a": 1}),
        ({"configs": {"b": 2}}, "new", {"a": 1, "b": 2}),
        ({"title": None}, None, {"a": 1, "b": 2}),
        ({"title": "", "configs": None}, "", None),
        ({"configs": {"c": 3}, "title": "last"}, "last", {"c": 3}),
    ]
    for changes, title, configs in steps:
        session = await change(client, id, **changes)
        assert (session["title"], session["configs"]) == (title, configs)
        assert session["createdAt"] == seen["createdAt"]
        assert session["updatedAt"] > seen["updatedAt"]
        seen = session


async def test_configs_are_merged_key_by_key(client: Client) -> None:
    id = (await client.create(configs={"a": {"x": 1, "y": 2}, "b": [1], "c": True}))["id"]
    session = await change(client, id, configs={"a": {"z": 3}, "b": None, "unknown": None, "d": "é<>&"})
    assert session["configs"] == {"a": {"z": 3}, "c": True, "d": "é<>&"}
    assert (await change(client, id, configs={}))["configs"] == session["configs"]
    assert (await change(client, id, configs={"a": None, "c": None, "d": None}))["configs"] is None


async def test_our_own_key_is_kept_upstream_and_never_shown(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    for configs in ({"a": 1}, None, {"b": 2}):
        shown = (await change(client, made["id"], configs=configs))["configs"]
        kept = (await upstream.ask("GET", f"/session/{made['acontextId']}/configs"))["configs"]
        assert list(kept.pop("__gql_api__")) == ["nonce"]
        assert (shown or {}) == kept == (configs or {})


async def test_an_adopted_session_has_no_key_of_ours(client: Client, upstream: Upstream) -> None:
    id = (await upstream.ask("POST", "/session", json={"user": "anna", "configs": {"a": 1}}))["id"]
    anna = client.as_user("anna")
    await anna.data("mutation ($id: ID!) { getOrCreateSession(input: {id: $id}) { created } }", id=id)
    assert (await change(anna, id, configs=None))["configs"] is None
    assert (await upstream.ask("GET", f"/session/{id}/configs"))["configs"] == {}


async def test_titles_have_at_most_1000_characters_and_no_control_characters(client: Client) -> None:
    id = (await client.create())["id"]
    for title in ("x" * 1000, "😀" * 1000, "", "  ", "\u200d"):
        assert (await change(client, id, title=title))["title"] == title
    assert await refusals(client, title="x" * 1001) == [("TOO_LARGE", ["input", "title"])]
    for letter in "\x00\n\t\x1f\x7f\x85":
        assert await refusals(client, title=f"a{letter}b") == [("INVALID_INPUT", ["input", "title"])]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


REFUSED_CONFIGS = [
    ([], "INVALID_INPUT", []),
    ("{}", "INVALID_INPUT", []),
    (0, "INVALID_INPUT", []),
    (False, "INVALID_INPUT", []),
    ({"__gql_api__": 1}, "INVALID_INPUT", ["__gql_api__"]),
    ({"__gql_api__": None}, "INVALID_INPUT", ["__gql_api__"]),
    ({"a": [0, 2**53 + 1]}, "INVALID_INPUT", ["a", "1"]),
    ({"a": {"b": "\x00"}}, "INVALID_INPUT", ["a", "b"]),
    ({"a": {"\x00": 1}}, "INVALID_INPUT", ["a"]),
    ({"a": nested(50)}, "INVALID_INPUT", []),
    ({"a": "x" * (LARGEST - 7)}, "TOO_LARGE", []),
    ({"a": "é" * (LARGEST // 2 - 3)}, "TOO_LARGE", []),
]


async def test_configs_that_acontext_would_not_keep_exactly_are_refused(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    upstream.clear()
    for configs, code, place in REFUSED_CONFIGS:
        for document, input in ((CREATE, {}), (UPDATE, {"id": made["id"]})):
            [payload] = (await client.data(document, input={**input, "configs": configs})).values()
            assert payload["session"] is None
            found = [(error["code"], error["path"]) for error in payload["errors"]]
            assert found == [(code, ["input", "configs", *place])]
    assert upstream.calls == []


async def test_a_number_without_end_is_refused_in_the_document_itself(client: Client) -> None:
    document = "mutation { createSession(input: {configs: {a: 1e999}}) { session { id } errors { code path } } }"
    errors = [{"code": "INVALID_INPUT", "path": ["input", "configs", "a"]}]
    assert await client.data(document) == {"createSession": {"session": None, "errors": errors}}


async def test_configs_may_have_64_kib_as_acontext_writes_them(client: Client) -> None:
    for text in ("x" * (LARGEST - 8), "é" * (LARGEST // 2 - 4), '"' * (LARGEST // 2 - 4)):
        made = await client.create(configs={"a": text})
        assert (await client.data(READ, id=made["id"]))["session"]["configs"] == {"a": text}


async def test_configs_may_grow_beyond_64_kib_change_by_change_as_in_acontext(client: Client) -> None:
    id = (await client.create(configs={"a": "x" * 40_000}))["id"]
    payload = (await client.data(UPDATE, input={"id": id, "configs": {"b": "x" * 30_000}}))["updateSession"]
    assert payload["errors"] == []
    assert (await client.data(READ, id=id))["session"]["configs"] == {"a": "x" * 40_000, "b": "x" * 30_000}


async def test_a_session_that_is_not_there_is_not_found(client: Client) -> None:
    foreign = (await client.as_user("anna").create())["id"]
    for id in (foreign, str(uuid4())):
        for changes in ({}, {"title": "x"}, {"configs": {"a": 1}}, {"configs": None}):
            payload = (await client.data(UPDATE, input={"id": id, **changes}))["updateSession"]
            assert payload == {"session": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "id"]}]}


KEYS = st.text("ab_é", min_size=1, max_size=2)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text('ab<\\"é😀\u2028', max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=st.dictionaries(KEYS, VALUES, max_size=4), changes=st.dictionaries(KEYS, st.none() | VALUES, max_size=4))
async def test_a_merge_is_that_of_dictionaries(client: Client, stored: dict[str, Any], changes: dict[str, Any]) -> None:
    id = (await client.create(configs=stored))["id"]
    session = await change(client, id, configs=changes)
    merged = {key: value for key, value in {**stored, **changes}.items() if value is not None}
    assert session["configs"] == (merged or None)
