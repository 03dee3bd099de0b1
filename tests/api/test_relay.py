"""Relay's conventions for servers, kept by each connection of the schema: cursors, page info, nodes found again."""

from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema

from api.client import Client
from api.upstream import Upstream
from databases import Databases
from gql_api.schema import print_schema

SCHEMA = build_schema(print_schema())
LISTS = [
    (kind.name, field)
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    for field, of in kind.fields.items()
    if str(of.type).rstrip("!").endswith("Connection") and field != "searchMessages"
]
"""Each field that gives a connection of nodes, by its type and name."""

WAYS = {
    "Query": "%s",
    "User": "viewer { %s }",
    "Session": "session(id: $session) { %s }",
    "Disk": "session(id: $session) { disk { %s } }",
    "Directory": "session(id: $session) { files { directories { %s } } }",
}
"""The way to one thing of each type that has a connection."""

PAGE = """
query ($session: ID!, $count: Int!, $cursor: String) {
  __typename session(id: $session) { id }
  %s
}
"""
FIELDS = """{
  edges { cursor node { __typename id } } nodes { id }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
}"""
ONE_NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: paging is tried on both elsewhere."""
    return sqlite_databases


@pytest.fixture
async def filled(client: Client, upstream: Upstream) -> str:
    """The id of a session with three of all that is listed, in a list of three sessions."""
    made = [await client.create() for _ in range(3)]
    ids = [one["id"] for one in made]
    for name in ("a", "b", "c"):
        await client.store(ids[0], name)
        await client.upload(ids[0], f"/docs/{name}.txt")
        await client.upload(ids[0], f"/{name}.txt")
        event = {"type": "note", "data": {"text": name}}
        await upstream.ask("POST", f"/session/{made[0]['acontextId']}/events", json=event)
    return str(ids[0])


def found(data: Any) -> dict[str, Any]:
    """Find the connection in an answer."""
    inner = data.values() if isinstance(data, dict) else data
    if isinstance(data, dict) and "list" in data:
        page: dict[str, Any] = data["list"]
        return page
    return next(found(value) for value in inner if isinstance(value, dict | list) and "list" in str(value))


def test_there_is_a_way_to_each_connection() -> None:
    assert len(LISTS) == 7
    assert {kind for kind, _ in LISTS} == WAYS.keys()


@pytest.mark.parametrize(("kind", "field"), LISTS)
@pytest.mark.parametrize(("count", "cursor"), [("first", "after"), ("last", "before")])
async def test_a_connection_is_paged_as_relay_does_it(
    client: Client, filled: str, kind: str, field: str, count: str, cursor: str
) -> None:
    taken = SCHEMA.type_map[kind].fields[field].args  # type: ignore[attr-defined]
    if count not in taken:
        assert (field in {"files", "events"}, count) == (True, "last")  # these are for reading forward alone
        return
    document = PAGE % (WAYS[kind] % f"list: {field}({count}: $count, {cursor}: $cursor) {FIELDS}")
    whole = found(await client.data(document, session=filled, count=100))["edges"]
    assert len(whole) == 3
    forward = count == "first"
    at: str | None = None
    for number, edge in enumerate(whole if forward else reversed(whole)):
        page = found(await client.data(document, session=filled, count=1, cursor=at))
        at = edge["cursor"]
        last = number == len(whole) - 1
        assert page["edges"] == [edge]
        assert page["nodes"] == [{"id": edge["node"]["id"]}]
        assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (at, at)
        assert page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"] is not last
        assert await client.data(ONE_NODE, id=edge["node"]["id"]) == {"node": edge["node"]}
    after_all = found(await client.data(document, session=filled, count=1, cursor=at))
    assert (after_all["edges"], after_all["pageInfo"]["endCursor"]) == ([], None)
