"""Estimates of operations: what costs is in the table, and a document costs the same however it is written."""

from contextlib import suppress
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLObjectType, OperationDefinitionNode, parse, print_ast
from strawberry.types.field import StrawberryField

from gql_api.errors import CostLimitExceeded, RateLimited
from gql_api.schema import build_schema
from gql_api.schema.cost import Budgets, estimate_of
from gql_api.schema.cost.prices import PRICES
from gql_api.schema.cost.terms import Given
from gql_api.schema.limits import MOST_SHOWN
from schema.random_operations import Writer

SCHEMA = build_schema()._schema
AT_HAND = {
    *("Query.viewer", "Query.user", "Session.lastActivityAt"),
    *("MessageConnection.resumeCursor", "MessageStoredEvent.resumeCursor"),
}
"""Fields with a resolver of their own that neither ask for anything nor list anything."""
RECKONED = {"FileConnection.directories", "Message.tokenCount"}
"""Fields without one that list or reckon what is priced."""


def points(document: str, known: int | None = None, **variables: Any) -> int:
    node = parse(document)
    [operation] = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    fragments: Any = {one.name.value: one for one in node.definitions if one is not operation}  # type: ignore[attr-defined]
    return estimate_of(SCHEMA, operation, fragments).of(Given(variables, lambda _: known))


def resolved() -> set[str]:
    """Name the fields that have a resolver of their own."""
    found = set()
    for kind in SCHEMA.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            own: StrawberryField | None = (field.extensions or {}).get("strawberry-definition")
            if own is not None and own.base_resolver is not None:
                found.add(f"{kind.name}.{name}")
    return found


def test_every_field_that_asks_for_something_has_a_price() -> None:
    assert resolved() - AT_HAND == set(PRICES) - RECKONED
    for kind, name in (field.split(".") for field in RECKONED):
        assert name in SCHEMA.type_map[kind].fields  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 1),
        ("{ viewer { id identifier } }", 1),
        ("{ sessions { nodes { id title } } }", 1 + 1 + 20),
        ("{ sessions(last: 5) { nodes { id } edges { cursor } pageInfo { hasNextPage } } }", 1 + 1 + 5),
        ("{ sessions(first: 5) { nodes { tokenCounts { total } } } }", 1 + 1 + 5 + 5 * 10),
        ("{ sessions(first: 5) { edges { node { tokenCounts { total } } } } }", 1 + 1 + 5 + 5 * 10),
        ("{ sessions(first: 101) { nodes { id } } }", 1 + 1 + 100),
        ('{ session(id: "a") { messages { nodes { id } } } }', 1 + 1 + 10 + 1000),
        ('{ session(id: "a") { messages(first: 7) { nodes { id } totalCount } } }', 1 + 1 + 10 + 7 + 10),
        ('{ session(id: "a") { messages(first: 7, editStrategy: []) { nodes { id } } } }', 1 + 1 + 10 + 7),
        (
            "{ session(id: 1) { messages(first: 7, editStrategy: {middleOut: {tokenReduceTo: 9}}) { nodes { id } } } }",
            1 + 1 + 10 + 1000,
        ),
        (
            "{ session(id: 1) { messages(last: 7, editStrategy: {middleOut: {tokenReduceTo: 9}}) "
            "{ tokenCount edits { removedIds } nodes { tokenCount } } } }",
            1 + 1 + 10 + 1000 + 10 + (10 + 1000) + 1000 * 2,
        ),
        ('{ session(id: "a") { messages(first: 7) { edges { node { tokenCount } } } } }', 1 + 1 + 10 + 7 + 7 * 2),
        ('{ node(id: "a") { ... on Message { tokenCount } } }', 1 + 10 + 2),
        (
            '{ nodes(ids: ["a", "b"]) { ... on File { textContent } ... on Disk { files { totalCount } } } }',
            1 + 20 + 60,
        ),
        (
            '{ disk(id: "a") { files { directories { files(first: 4) { nodes { publicUrl { url } } } } } } }',
            2 + 30 + 3 + 3 * 54,
        ),
        ("mutation { createSession(input: {}) { session { configs } } }", 1 + 20 + 10),
        ('mutation { updateSessions(input: {ids: ["a", "b"]}) { sessions { id configs } } }', 1 + 2 + 2 * 10),
        ('mutation { deleteSessions(input: {ids: ["a", "b"]}) { deletedSessionIds } }', 1 + 2 * 50),
        ("{ sessions(first: 2) { nodes { title displayTitle tags lastMessage { text } } } }", 1 + 1 + 2 + 2 * 22),
        ("subscription { sessionListChanged { kind } }", 1 + 10),
    ],
)
def test_what_is_asked_for_has_its_points(document: str, expected: int) -> None:
    assert points(document) == expected


def test_variables_count_as_if_they_were_written() -> None:
    page = "query ($n: Int = 3, $with: Boolean!) { sessions(first: $n) { nodes { configs @include(if: $with) } } }"
    assert points(page, n=5, **{"with": True}) == points("{ sessions(first: 5) { nodes { configs } } }")
    assert points(page, **{"with": False}) == points("{ sessions(first: 3) { nodes { id } } }")
    assert points("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a", "b", "c"]) == 1 + 30
    stored = "mutation ($m: [StoreMessagesItemInput!]!) { storeMessages(input: {messages: $m}) { storedCount } }"
    assert points(stored, m=[{}] * 7) == 1 + 70


def test_one_field_in_several_fragments_is_one_field() -> None:
    session = "tokenCounts { total } messages(last: 5) { nodes { id } }"
    fragments = f"fragment A on Session {{ {session} }} fragment B on Node {{ ... on Session {{ {session} id }} }}"
    several = f'{{ session(id: "a") {{ {session} ...A ...B ... @skip(if: true) {{ configs }} }} }} {fragments}'
    assert points(several) == points(f'{{ session(id: "a") {{ {session} }} }}')
    twice = f'{{ a: session(id: "a") {{ {session} }} b: session(id: "a") {{ {session} }} }}'
    assert points(twice) - 1 == 2 * (points(f'{{ session(id: "a") {{ {session} }} }}') - 1)


def test_one_of_several_kinds_costs_what_the_dearest_does() -> None:
    kinds = "... on Session { tokenCounts { total } configs } ... on File { textContent }"
    assert points(f'{{ node(id: "a") {{ {kinds} }} }}') == 1 + 10 + 20


def test_a_conversation_that_is_known_to_be_too_long_is_refused_whole() -> None:
    whole = "query ($id: ID!, $first: Int) { session(id: $id) { messages(first: $first) { nodes { id } } } }"
    assert points(whole, MOST_SHOWN, id="a") == 1 + 1 + 10 + MOST_SHOWN
    with pytest.raises(CostLimitExceeded):
        points(whole, MOST_SHOWN + 1, id="a")
    assert points(whole, MOST_SHOWN + 1, id="a", first=4) == 1 + 1 + 10 + 4


def test_whole_conversations_are_too_many_only_where_they_are_asked_for() -> None:
    page = "query ($with: Boolean!) { sessions(first: 11) { nodes { messages @include(if: $with) { nodes { id } } } } }"
    assert points(page, **{"with": False}) == 1 + 1 + 11
    with pytest.raises(CostLimitExceeded):
        points(page, **{"with": True})


@pytest.mark.parametrize("switch", [True, False])
def test_random_operations_cost_the_same_in_fragments(switch: bool) -> None:
    compared = 0
    for seed in range(150):
        operation = Writer(SCHEMA, Random(seed), known={}, deepest=6).operation("query")  # noqa: S311 - no secret
        given = operation.variables[0] | dict.fromkeys(("maybe", "on", "off"), switch)
        with suppress(CostLimitExceeded):
            cost = points(operation.text, **given)
            assert cost == points(in_a_fragment(operation.text), **given)
            compared += cost > 1
    assert compared > 75


def in_a_fragment(text: str) -> str:
    """Move all that an operation selects into a fragment that it spreads twice, once among others of its fields."""
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    selected = print_ast(operation.selection_set)
    first = print_ast(operation.selection_set.selections[0])
    head = print_ast(operation).removesuffix(selected)
    others = "".join(print_ast(one) for one in document.definitions[1:])
    return f"{head} {{ ...Whole {first} ... {{ ...Whole }} }} fragment Whole on Query {selected} {others}"


def test_points_come_again_bit_by_bit() -> None:
    now = 0.0
    budgets = Budgets(600, everybody="anybody", clock=lambda: now)
    budgets.take("anna", 600)
    assert budgets.give_back("anna") == 0
    with pytest.raises(RateLimited) as refused:
        budgets.take("anna", 15)
    assert refused.value.retry_after == 2
    budgets.take("bob", 1)
    assert budgets.give_back("anybody") is None
    budgets.take("anybody", 10_000)
    now = 1.5
    assert budgets.give_back("anna") == 15
    budgets.take("anna", 15)
    budgets.give_back("anna", 5)
    assert budgets.give_back("anna") == 5
    now = 1000.0
    assert budgets.give_back("anna") == 600


def test_who_has_spent_nothing_for_long_is_forgotten() -> None:
    now = 0.0
    budgets = Budgets(600, clock=lambda: now)
    for _ in range(3):
        for _ in range(1000):
            budgets.take(str(uuid4()), 600)
        now += 61
    assert len(budgets._spent) <= 2048
