"""Describing files anew: all that was said of one before goes, what is in it stays."""

from base64 import b64encode
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.upstream import Upstream
from databases import Databases

UPLOAD = """
mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id } errors { code } } }
"""
SHOWN = "id path size mimeType metadata createdAt updatedAt textContent disk { session { id } }"
DESCRIBE = f"""
mutation ($file: FileRefInput!, $metadata: JSON!) {{
  updateFileMetadata(input: {{file: $file, metadata: $metadata}}) {{ file {{ {SHOWN} }} errors {{ code path }} }}
}}
"""
READ = f"query ($id: ID!, $path: String!) {{ session(id: $id) {{ file(path: $path) {{ {SHOWN} }} }} }}"
PATH = "/docs/plan.md"
BEFORE = {"by": "me", "tags": ["a", {"b": None}], "n": 1}
JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_characters="\0"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('abé"\\<', max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text('abé"\\<', max_size=3), JSONS, max_size=3)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    made = await client.create()
    input = {"sessionId": made["id"], "path": PATH, "content": {"text": "# Kyoto"}, "metadata": BEFORE}
    assert (await client.data(UPLOAD, input=input))["uploadFile"]["errors"] == []
    return made


async def described(client: Client, metadata: Any, **file: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(DESCRIBE, file=file, metadata=metadata))["updateFileMetadata"]
    return payload


async def read(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    file: dict[str, Any] = (await client.data(READ, id=session["id"], path=PATH))["session"]["file"]
    return file


def id_of(session: dict[str, Any], path: str = PATH) -> str:
    return b64encode(f"File:{session['disk']['acontextId']}:{path}".encode()).decode()


async def test_metadata_are_put_in_place_of_all_that_were_there(client: Client, session: dict[str, Any]) -> None:
    before = await read(client, session)
    assert before["metadata"] == BEFORE
    named: list[dict[str, Any]] = [
        {"id": id_of(session)},
        {"at": {"sessionId": session["id"], "path": PATH}},
        {"at": {"sessionId": session["acontextId"], "path": "docs/plan.md"}},
    ]
    for file, metadata in zip(named, ({"n": 2, "é": {"<&>": [None]}}, {}, {"by": None}), strict=True):
        payload = await described(client, metadata, **file)
        now = await read(client, session)
        assert payload == {"file": now, "errors": []}
        assert now == before | {"metadata": metadata, "updatedAt": now["updatedAt"]}
        assert now["updatedAt"] > before["updatedAt"]


async def test_what_is_described_is_looked_for_and_written_once(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    upstream.clear()
    query = (
        "mutation ($id: ID!) { updateFileMetadata(input: {file: {id: $id}, metadata: {a: 1}}) { file { metadata } } }"
    )
    assert (await client.data(query, id=id_of(session)))["updateFileMetadata"] == {"file": {"metadata": {"a": 1}}}
    assert upstream.calls == ["GET /disk/{id}/artifact", "PUT /disk/{id}/artifact"]


@pytest.mark.parametrize(
    ("metadata", "code", "path"),
    [
        ([], "INVALID_INPUT", []),
        ("text", "INVALID_INPUT", []),
        ({"__gql_api__": {}}, "INVALID_INPUT", ["__gql_api__"]),
        ({"__artifact_info__": {}}, "INVALID_INPUT", ["__artifact_info__"]),
        ({"a": [0, "\0"]}, "INVALID_INPUT", ["a", "1"]),
        ({"a": 2**53 + 1}, "INVALID_INPUT", ["a"]),
        ({"a": "x" * 65536}, "TOO_LARGE", []),
    ],
    ids=str,
)
async def test_what_cannot_be_kept_is_refused_before_acontext_is_asked(
    client: Client, session: dict[str, Any], upstream: Upstream, metadata: Any, code: str, path: list[str]
) -> None:
    upstream.clear()
    payload = await described(client, metadata, id=id_of(session))
    assert payload == {"file": None, "errors": [{"code": code, "path": ["input", "metadata", *path]}]}
    assert upstream.calls == []
    assert (await read(client, session))["metadata"] == BEFORE


async def test_metadata_are_always_given(client: Client, session: dict[str, Any]) -> None:
    for query in (DESCRIBE, DESCRIBE.replace(", $metadata: JSON!", "").replace(", metadata: $metadata", "")):
        assert await client.code(query, file={"id": id_of(session)}) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


async def test_the_largest_metadata_are_kept(client: Client, session: dict[str, Any]) -> None:
    largest = {"a": "x" * (65536 - len('{"a":""}'))}
    assert (await described(client, largest, id=id_of(session)))["errors"] == []
    assert (await read(client, session))["metadata"] == largest


async def test_what_is_not_there_or_not_the_viewers_is_not_found(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    bob = client.as_user("bob")
    upstream.clear()
    others: list[tuple[Client, dict[str, Any], list[str], int]] = [
        (bob, {"id": id_of(session)}, ["id"], 0),
        (bob, {"at": {"sessionId": session["id"], "path": PATH}}, ["at", "sessionId"], 0),
        (client, {"at": {"sessionId": str(uuid4()), "path": PATH}}, ["at", "sessionId"], 0),
        (client, {"id": id_of(session, "/none")}, ["id"], 1),
        (client, {"at": {"sessionId": session["id"], "path": "/none"}}, ["at", "path"], 1),
    ]
    for caller, file, place, calls in others:
        found = await described(caller, {"a": 1}, **file)
        assert found == {"file": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "file", *place]}]}
        assert upstream.calls == ["GET /disk/{id}/artifact"] * calls
        upstream.clear()
    assert (await read(client, session))["metadata"] == BEFORE


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OBJECTS, OBJECTS)
async def test_what_is_read_is_what_was_written_last(
    client: Client, session: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    for metadata in (one, other):
        assert (await described(client, metadata, id=id_of(session)))["file"]["metadata"] == metadata
    assert (await read(client, session))["metadata"] == other
