"""The schema as a whole: the file is current, everything is described, and clients of every kind can use it."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
    validate_schema,
)

from gql_api.schema import print_schema

FILE = Path(__file__).parents[1] / "schema.graphql"
PRINTED = print_schema()
SCHEMA = build_schema(PRINTED)
TYPES = [kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__")]
OWN = [kind for kind in TYPES if not is_specified_scalar_type(kind)]
WITH_FIELDS = [kind for kind in OWN if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
FAILING = {
    *(f"{kind}.files" for kind in ("Directory", "Disk", "Session")),
    *(f"{kind}.sessions" for kind in ("Query", "User")),
    *(f"MessageConnection.{name}" for name in ("totalCount", "tokenCount", "formatted")),
    *(f"{kind}Connection.totalCount" for kind in ("File", "MessageHit", "Session", "SessionEvent")),
    *("Disk.grep", "Session.events", "Query.searchMessages"),
    *("Session.messages", "Session.tokenCounts", "Query.user"),
    *("Session.exportUrl", "User.exportUrl"),
}
"""Fields that are null where they failed, and only there: by a call of Acontext, of the database, or what was asked."""
EDGES = {
    *(f"{name}SessionPayload.sessionEdge" for name in ("Create", "GetOrCreate", "Fork", "Import")),
    "StoreMessagePayload.messageEdge",
}
FORWARD = {"FileConnection", "MessageHitConnection", "SessionEventConnection"}
"""Files come by name, and hits newest first: nobody looks at either from its end."""
CONNECTIONS = [kind for kind in WITH_FIELDS if kind.name.endswith("Connection")]


def members() -> Iterator[tuple[str, GraphQLField | GraphQLInputField | GraphQLArgument]]:
    """Give every field, argument and input field with its coordinate."""
    for kind in OWN:
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind.name}.{name}", field) for name, field in kind.fields.items())
    for of in WITH_FIELDS:
        for name, field in of.fields.items():
            yield f"{of.name}.{name}", field
            yield from ((f"{of.name}.{name}({taken})", argument) for taken, argument in field.args.items())


def test_the_file_in_the_repository_is_the_schema_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == PRINTED, "run: make schema"


def test_the_schema_is_valid_and_has_nothing_that_cannot_be_reached() -> None:
    assert validate_schema(SCHEMA) == []
    reached: set[str] = set()
    roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    waiting: list[GraphQLNamedType] = [kind for kind in roots if kind]
    while waiting:
        kind = waiting.pop()
        if kind.name in reached:
            continue
        reached.add(kind.name)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            waiting += SCHEMA.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                waiting += [get_named_type(of.type) for of in (field, *field.args.values())]
        if isinstance(kind, GraphQLInputObjectType):
            waiting += [get_named_type(field.type) for field in kind.fields.values()]
    assert {kind.name for kind in OWN} <= reached


def test_everything_is_described_for_the_developer_of_a_client() -> None:
    described = [(kind.name, kind.description) for kind in OWN]
    described += [(name, member.description) for name, member in members()]
    for kind in OWN:
        if isinstance(kind, GraphQLEnumType):
            described += [(f"{kind.name}.{name}", value.description) for name, value in kind.values.items()]
    assert len(described) > 200
    assert [name for name, text in described if not text or not text.strip().endswith(".")] == []


def test_what_null_means_is_said_where_it_stands_or_for_all() -> None:
    silent = {
        coordinate
        for coordinate, member in members()
        if isinstance(member, GraphQLField) and not isinstance(member.type, GraphQLNonNull)
        if "null" not in (member.description or "").lower()
    }
    mutations = {
        coordinate for coordinate, _ in members() if coordinate.startswith("Mutation.") and "(" not in coordinate
    }
    assert silent == mutations | EDGES | FAILING
    assert "Where nothing is said of null" in (SCHEMA.type_map["Query"].description or "")


def test_every_scalar_of_ours_says_where_it_is_specified() -> None:
    scalars = [kind for kind in OWN if isinstance(kind, GraphQLScalarType)]
    assert {kind.name for kind in scalars} == {"DateTime", "JSON", "URL", "UUID", "Upload"}
    assert all((kind.specified_by_url or "").startswith("https://") for kind in scalars)


def test_types_that_meet_in_one_selection_agree_on_their_fields() -> None:
    """Else `... on A { x } ... on B { x }` would be refused, and strict clients have no type for `x`."""
    meeting = [kind for kind in OWN if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType)]
    assert {kind.name for kind in meeting} == {"Node", "MessagePart"}
    for kind in meeting:
        for one, other in combinations(SCHEMA.get_possible_types(kind), 2):
            for name in one.fields.keys() & other.fields.keys():
                assert str(one.fields[name].type) == str(other.fields[name].type), f"{one}.{name}, {other}.{name}"


def test_no_argument_has_null_as_its_default() -> None:
    assert "= null" not in PRINTED


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda kind: kind.name)
def test_connections_keep_the_rules_of_relay(connection: GraphQLObjectType) -> None:
    name = connection.name.removesuffix("Connection")
    types = {field: str(connection.fields[field].type) for field in ("edges", "nodes", "pageInfo", "totalCount")}
    assert types == {"edges": f"[{name}Edge!]!", "nodes": f"[{name}!]!", "pageInfo": "PageInfo!", "totalCount": "Int"}
    edge = SCHEMA.type_map[f"{name}Edge"]
    assert isinstance(edge, GraphQLObjectType)
    assert {field: str(of.type) for field, of in edge.fields.items()} == {"cursor": "String!", "node": f"{name}!"}
    node = SCHEMA.type_map[name]
    assert isinstance(node, GraphQLObjectType)
    # The snippet of a hit belongs to what was asked for: under an id of its own, caches would mix snippets up.
    assert [kind.name for kind in node.interfaces] == ([] if name == "MessageHit" else ["Node"])


def test_fields_that_give_connections_can_be_paged() -> None:
    forward = {"first": "Int", "after": "String"}
    both = forward | {"last": "Int", "before": "String"}
    found = 0
    for kind in WITH_FIELDS:
        for field in kind.fields.values():
            if field.type in CONNECTIONS:
                found += 1
                taken = {name: str(argument.type) for name, argument in field.args.items()}
                wanted = forward if get_named_type(field.type).name in FORWARD else both
                assert wanted.items() <= taken.items()
    assert found == 8


def test_page_info_is_that_of_relay() -> None:
    page_info = SCHEMA.type_map["PageInfo"]
    assert isinstance(page_info, GraphQLObjectType)
    assert {name: str(field.type) for name, field in page_info.fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


def test_nodes_are_found_as_relay_expects() -> None:
    query, node = SCHEMA.query_type, SCHEMA.type_map["Node"]
    assert query is not None
    assert isinstance(node, GraphQLInterfaceType)
    assert (str(query.fields["node"].type), str(query.fields["node"].args["id"].type)) == ("Node", "ID!")
    assert (str(query.fields["nodes"].type), str(query.fields["nodes"].args["ids"].type)) == ("[Node]!", "[ID!]!")
    kinds = {kind.name for kind in SCHEMA.get_possible_types(node)}
    assert kinds == {"Session", "Message", "SessionEvent", "File", "Disk", "User", "Erasure"}


def test_every_mutation_takes_one_input_and_gives_a_payload_with_errors() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    assert len(mutation.fields) == 15
    for name, field in mutation.fields.items():
        noun = name[0].upper() + name[1:]
        assert {taken: str(argument.type) for taken, argument in field.args.items()} == {"input": f"{noun}Input!"}
        assert str(field.type) == f"{noun}Payload"
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        assert str(payload.fields["errors"].type) == "[UserError!]!"


def test_what_may_fail_upstream_may_be_null() -> None:
    """A failed call takes its own field alone only where null may stand."""
    session = SCHEMA.type_map["Session"]
    assert isinstance(session, GraphQLObjectType)
    for name in ("configs", "messages", "files", "file", "events", "tokenCounts"):
        assert not isinstance(session.fields[name].type, GraphQLNonNull)
    for coordinate, member in members():
        assert get_named_type(member.type) not in CONNECTIONS or member.type in CONNECTIONS, coordinate


def test_lists_hold_no_nulls_but_those_of_nodes() -> None:
    holding = [
        name
        for name, member in members()
        for of in [member.type.of_type if isinstance(member.type, GraphQLNonNull) else member.type]
        if isinstance(of, GraphQLList) and not isinstance(of.of_type, GraphQLNonNull)
    ]
    assert holding == ["Query.nodes"]
