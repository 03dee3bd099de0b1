"""Documents that an operator trusts: named by ids, free of limits, and the only ones where the operator says so."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from api.client import Client
from api.test_document_limits import GRAPHQL
from api.test_persisted_queries import by_hash
from api.test_production import AS_BROWSERS
from databases import Databases
from gql_api.app import create_app
from gql_api.refusal import Refusal
from gql_api.settings import Settings

WHO = "query Who { viewer { identifier } }"
COST = {"cost": {"estimated": 1, "actual": 1}}
ANSWER = {"data": {"viewer": {"identifier": "anonymous@example.com"}}, "extensions": COST}
DEEP = "query Deep { viewer " + "{ sessions(first: 1) { nodes { user " * 6 + "{ id }" + "} } }" * 6 + " }"
APOLLO = {"format": "apollo-persisted-query-manifest", "version": 1}
Start = Callable[..., Any]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


def of_apollo(id: str, body: str, **more: Any) -> dict[str, Any]:
    return APOLLO | {"operations": [{"id": id, "name": "Who", "type": "query", "body": body}], **more}


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def sha256_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def named(id: str) -> list[dict[str, Any]]:
    """Give the ways to name a document."""
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": id}}
    return [{"documentId": id}, {"doc_id": id}, {"extensions": persisted}]


async def post(client: Client, **fields: Any) -> tuple[int, Any]:
    answer = await client.http.post("/graphql", json=fields, headers={"accept": GRAPHQL})
    return answer.status_code, answer.json()


async def refused_with(client: Client, **fields: Any) -> tuple[int, str]:
    status, body = await post(client, **fields)
    [error] = body["errors"]
    return status, error["extensions"]["code"]


SHA1, MD5 = "7ef2a64b53a7a2b2b1d1f2ae2a2fd9a7ef2d1c55", "3be4abb81fa595e25eb725b2c6a87508"
MANIFESTS: dict[str, tuple[str, Any, str]] = {
    "graphql-codegen": ("persisted-documents.json", {SHA1: WHO}, SHA1),
    "relay-compiler": ("persisted_queries.json", {MD5: WHO}, MD5),
    "Apollo": ("manifest.json", of_apollo("who-1", WHO), "who-1"),
    "by hand": ("Who.graphql", WHO, "Who"),
}
"""What tools write, and the ids in it: whatever they are hashes of is not looked at."""


@pytest.mark.parametrize(("file", "content", "id"), MANIFESTS.values(), ids=MANIFESTS)
@pytest.mark.parametrize("alone", [False, True])
async def test_each_kind_of_file_is_taken(
    start: Start, tmp_path: Path, file: str, content: Any, id: str, alone: bool
) -> None:
    path = write(tmp_path / "documents", {file: content}) / file
    async with start(documents=path, only_trusted_documents=alone) as client:
        for name in (id, sha256_of(WHO), f"sha256:{sha256_of(WHO)}"):
            for fields in named(name):
                assert await post(client, **fields) == (200, ANSWER)
                assert await post(client, query=WHO, **fields) == (200, ANSWER)
                assert await refused_with(client, query=WHO + " ", **fields) == (400, "BAD_REQUEST")
        for key in ("documentId", "doc_id"):
            assert (await client.http.get("/graphql", params={key: id})).json() == ANSWER
            assert await refused_with(client, **{key: "unknown"}) == (400, "PERSISTED_QUERY_NOT_IN_LIST")


@pytest.mark.parametrize("id", [5, "", ["x"], "x" * 1001])
async def test_what_is_no_id_is_refused(client: Client, id: Any) -> None:
    assert await refused_with(client, documentId=id, query=WHO) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "fields",
    [
        {"documentId": "Who", "doc_id": "Other"},
        {"documentId": "Who", **named("Other")[2]},
        {"doc_id": "Other", **named("Who")[2]},
    ],
    ids=["documentId and doc_id", "documentId and hash", "doc_id and hash"],
)
async def test_two_names_are_those_of_one_document(start: Start, tmp_path: Path, fields: dict[str, Any]) -> None:
    async with start(documents=write(tmp_path, {"x.json": {"Who": WHO, "Other": WHO + " "}}) / "x.json") as client:
        assert await refused_with(client, **fields) == (400, "BAD_REQUEST")
        same = {"documentId": f"sha256:{sha256_of(WHO)}", "doc_id": sha256_of(WHO), **by_hash(WHO)}
        assert (await client.http.post("/graphql", json=same)).json() == ANSWER


async def test_a_folder_has_documents_that_share_fragments(start: Start, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "documents",
        {
            "Who.graphql": "query Who { viewer { ...Named } }",
            "parts/named.gql": "fragment Named on User { ...Identified }\nfragment Unused on User { id }",
            "parts/Identified.graphql": "# What follows is used above.\nfragment Identified on User { identifier }",
            "notes.txt": "Not GraphQL",
        },
    )
    async with start(documents=folder, only_trusted_documents=True) as client:
        assert await post(client, documentId="Who") == (200, ANSWER)
        for unknown in ("named", "Identified", "notes"):
            assert await refused_with(client, documentId=unknown) == (400, "PERSISTED_QUERY_NOT_IN_LIST")


async def test_the_limits_of_documents_do_not_hold_for_those_that_are_trusted(start: Start, tmp_path: Path) -> None:
    long = "query Long { viewer { identifier } } #" + "x" * 20_000
    file = write(tmp_path, {"manifest.json": {"deep": DEEP, "long": long}}) / "manifest.json"
    limits = {"max_document_characters": 1_000, "max_document_tokens": 30}
    async with start(documents=file, **limits) as client:
        for _ in range(2):
            assert (await post(client, documentId="deep"))[0] == 200
            assert await post(client, documentId="long") == (200, ANSWER)
            assert await refused_with(client, query=DEEP + " ") == (400, "COST_LIMIT_EXCEEDED")
            assert await refused_with(client, query=long + "x") == (400, "COST_LIMIT_EXCEEDED")
    async with start() as client:
        assert await refused_with(client, query=DEEP) == (400, "COST_LIMIT_EXCEEDED")


async def test_others_are_run_unless_the_operator_says_no(start: Start, tmp_path: Path) -> None:
    file = write(tmp_path, {"Who.graphql": WHO}) / "Who.graphql"
    other, introspection = "{ __typename }", get_introspection_query()
    async with start(documents=file) as client:
        assert await post(client, query=other) == (200, {"data": {"__typename": "Query"}, "extensions": COST})
        assert (await post(client, **by_hash(other, query=other)))[0] == 200
        assert (await post(client, **by_hash(other)))[0] == 200
        assert "html" in (await client.http.get("/graphql", headers=AS_BROWSERS)).headers["content-type"]
    async with start(documents=file, only_trusted_documents=True) as client:
        for query in (other, introspection, "{", WHO + " ", "mutation { createSession(input: {}) { session { id } } }"):
            for _ in range(2):
                assert await refused_with(client, query=query) == (400, "QUERY_NOT_IN_SAFELIST")
        for fields in (by_hash(other), by_hash(other, query=other)):
            assert await refused_with(client, **fields) == (400, "PERSISTED_QUERY_NOT_IN_LIST")
        assert await post(client, query=WHO) == (200, ANSWER)
        events = await client.http.post("/graphql", json={"query": other}, headers={"accept": "text/event-stream"})
        assert events.status_code == 400
        assert "html" not in (await client.http.get("/graphql", headers=AS_BROWSERS)).headers["content-type"]
        assert (await client.http.get("/explorer/explorer.js")).status_code == 404


BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such file": ("x.json", {}, "{path}: cannot be read: No such file or directory."),
    "an empty folder": ("x", {"x/y.txt": ""}, "{path}: the folder has no file that ends with .graphql or .gql."),
    "no JSON": ("x.json", {"x.json": "{"}, "{path}: is not JSON."),
    "a list": ("x.json", {"x.json": [WHO]}, "{path}: must be a JSON object of documents by their ids, "),
    "no text": ("x.json", {"x.json": {"a": 5}}, "{path}: must be a JSON object of documents by their ids, "),
    "nothing": ("x.json", {"x.json": {}}, "{path}: there is no operation in it."),
    "another format": ("x.json", {"x.json": of_apollo("a", WHO, format="other")}, "{path}: must have format apollo-"),
    "another version": ("x.json", {"x.json": of_apollo("a", WHO, version=2)}, "{path}: must have format apollo-"),
    "no operations": ("x.json", {"x.json": APOLLO}, "{path}: operations must be a list of objects, each with "),
    "no id": ("x.json", {"x.json": APOLLO | {"operations": [{"body": WHO}]}}, "{path}: operations must be a list of "),
    "an id twice": (
        "x.json",
        {"x.json": APOLLO | {"operations": [{"id": "a", "body": WHO}, {"id": "a", "body": WHO + " "}]}},
        "{path}: a: the id is given to two documents.",
    ),
    "a key twice": (
        "x.json",
        {"x.json": f'{{"a": {json.dumps(WHO)}, "a": "{{ __typename }}"}}'},
        "{path}: a: the id is given to two documents.",
    ),
    "an empty id": ("x.json", {"x.json": {"": WHO}}, "{path}: an id is empty."),
    "an empty id of Apollo's": ("x.json", {"x.json": of_apollo("", WHO)}, "{path}: an id is empty."),
    "no GraphQL": (
        "x.json",
        {"x.json": {"a": "{ viewer {"}},
        "{path}: a:1:11: Syntax Error: Expected Name, found <EOF>.",
    ),
    "an unknown field": (
        "x.json",
        {"x.json": {"a": WHO, "b": "query B {\n  nosuchthing\n}"}},
        "{path}: b:2:3: Cannot query field 'nosuchthing' on type 'Query'.",
    ),
    "an unknown fragment": (
        "x",
        {"x/Who.graphql": "query Who { viewer { ...Missing } }"},
        "{path}/Who.graphql:1:25: Unknown fragment 'Missing'.",
    ),
    "a fault in another file": (
        "x",
        {"x/Who.graphql": "query Who { viewer { ...F } }", "x/f.graphql": "\nfragment F on User { no }"},
        "{path}/f.graphql:2:22: Cannot query field 'no' on type 'User'.",
    ),
    "a fragment twice": (
        "x",
        {
            "x/a.graphql": "query A { viewer { ...F } } fragment F on User { id }",
            "x/b.graphql": "fragment F on User { id }",
        },
        "{path}/b.graphql:1:10: There can be only one fragment named 'F'.",
    ),
    "two files of one name": (
        "x",
        {"x/Who.graphql": WHO, "x/y/Who.graphql": WHO + " "},
        "{path}/y/Who.graphql: another document has the id Who too.",
    ),
    "a schema": ("x.graphql", {"x.graphql": "type A { a: Int }"}, "{path}:1:1: The 'A' definition is not executable."),
    "fragments alone": (
        "x.graphql",
        {"x.graphql": "fragment F on User { id }"},
        "{path}: there is no operation in it.",
    ),
    "an empty file": ("x.graphql", {"x.graphql": ""}, "{path}:1:1: Syntax Error: Unexpected <EOF>."),
}


@pytest.mark.parametrize(("name", "files", "line"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_documents_is_told_in_one_line(
    settings: Settings, tmp_path: Path, name: str, files: dict[str, Any], line: str
) -> None:
    path = write(tmp_path, files) / name

    with pytest.raises(Refusal) as refused:
        create_app(settings.model_copy(update={"documents": path}))
    assert str(refused.value).startswith("GQL_API_DOCUMENTS: " + line.format(path=path))
    assert "\n" not in str(refused.value)


def test_documents_are_written_in_utf8(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "x.graphql"
    file.write_bytes(b"# \xe9\n{ __typename }")
    with pytest.raises(Refusal, match=r"^GQL_API_DOCUMENTS: .*: must be written in UTF-8\.$"):
        create_app(settings.model_copy(update={"documents": file}))


def test_the_schema_is_not_told_by_a_trusted_document_where_it_is_private(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path, {"x.graphql": "{ __schema { queryType { name } } }"}) / "x.graphql"
    changed = {"documents": file, "production": True}
    with pytest.raises(Refusal, match="introspection"):
        create_app(settings.model_copy(update=changed))
    create_app(settings.model_copy(update=changed | {"production": False}))
