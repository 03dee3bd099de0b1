"""Acting for others: with the scope `X-User` names the viewer, and arguments may name anybody; without it nobody."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema

from api.callers import BY_TOKEN, Caller, proven
from api.client import Client
from api.upstream import Upstream
from databases import Databases
from gql_api.schema import print_schema

SCOPE = "sessions:act-as"
VIEWER = "{ viewer { identifier sessions { nodes { title } } } }"
NAMING = {
    "Query.user(identifier)": "query ($user: String!) { field: user(identifier: $user) { identifier } }",
    "Query.sessions(user)": "query ($user: String!) { field: sessions(user: $user) { nodes { title } } }",
    "Query.searchMessages(user)": """query ($user: String!) {
      field: searchMessages(query: "made", user: $user) { nodes { messageId } }
    }""",
    "CreateSessionInput.user": """mutation ($user: String!) {
      field: createSession(input: {user: $user, title: "made"}) { session { title } errors { code } }
    }""",
    "GetOrCreateSessionInput.user": """mutation ($user: String!) {
      field: getOrCreateSession(input: {user: $user, title: "made"}) { session { title } errors { code } }
    }""",
    "Query.erasure(user)": """query ($user: String!) {
      field: erasure(id: "RXJhc3VyZToxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTE=", user: $user) { id }
    }""",
    "DeleteUserInput.user": """mutation ($user: String!) {
      field: deleteUser(input: {user: $user}) { erasure { id } errors { code } }
    }""",
}
"""Every argument that names a user."""
OF_NOTHING = {"Query.erasure(user)"}
"""Asked of what is not there, which is null."""
OTHERS = {
    "CreateSessionInput": """mutation ($user: String!) { made: createSession(input: {user: $user, title: "hers"}) {
      sessionEdge { cursor } session { ...whole }
    } } """,
    "GetOrCreateSessionInput": """mutation ($user: String!) {
      made: getOrCreateSession(input: {user: $user, title: "hers"}) { sessionEdge { cursor } session { ...whole } }
    } """,
}
WHOLE = """fragment whole on Session {
  id title configs user { identifier sessions { totalCount nodes { title } } } tokenCounts { total }
  disk { session { title user { identifier } } files { totalCount } file(path: "/a") { id } }
  messages { totalCount tokenCount nodes { id } } files(glob: "**") { totalCount }
}"""
NO_OTHERS = {
    "errors": [
        {"message": "X-User: you may name no other user than yourself.", "extensions": {"code": "FORBIDDEN"}},
    ]
}


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: who may name whom is told before it is asked."""
    return sqlite_databases


@pytest.fixture
async def served(start: Callable[..., AbstractAsyncContextManager[Client]]) -> AsyncIterator[Client]:
    async with start(**BY_TOKEN) as client:
        yield client


def names_of_users() -> set[str]:
    """Find the arguments and input fields that name a user."""
    found: set[str] = set()
    for kind in build_schema(print_schema()).type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            found |= {f"{kind.name}.{name}" for name in kind.fields}
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            found |= {f"{kind.name}.{name}({taken})" for name, field in kind.fields.items() for taken in field.args}
    return {name for name in found if name.rstrip(")").lower().endswith(("user", "users", "identifier", "owner"))}


def test_every_argument_that_names_a_user_is_tried_here() -> None:
    # That of the subscription is tried over a socket, in tests/live/test_lists.py, that of an archive by a form, in
    # test_import_session.py.
    assert names_of_users() == {*NAMING, "Subscription.sessionListChanged(user)", "ImportSessionInput.user"}


async def test_a_token_speaks_for_its_own_user(served: Client) -> None:
    anna, bob = proven(served, "anna"), proven(served, "bob")
    await anna.create(title="Anna's")

    assert (await anna.data(VIEWER))["viewer"] == {"identifier": "anna", "sessions": {"nodes": [{"title": "Anna's"}]}}
    assert (await bob.data(VIEWER))["viewer"] == {"identifier": "bob", "sessions": {"nodes": []}}


async def test_with_the_scope_the_header_names_the_viewer(served: Client) -> None:
    await proven(served, "anna").create(title="Anna's")
    annas = {"identifier": "anna", "sessions": {"nodes": [{"title": "Anna's"}]}}
    for scopes in ({"scope": f"openid {SCOPE}"}, {"scp": [SCOPE]}, {"scp": SCOPE}, {"scopes": ["x", SCOPE]}):
        given: dict[str, Any] = dict(scopes)
        service = proven(served, "service", x_user="anna", **given)
        assert (await service.data(VIEWER))["viewer"] == annas, scopes
        assert (await proven(served, "service", **given).data(VIEWER))["viewer"]["identifier"] == "service"


async def test_all_of_a_request_is_the_viewers(served: Client) -> None:
    anna = proven(served, "anna")
    made = await anna.create(title="Anna's")
    service = proven(served, "service", x_user="anna", scope=SCOPE)
    [message] = await service.store(made["id"], "hello")
    file = await service.upload(made["id"], "/a.txt")
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    ids = [made["id"], made["disk"]["id"], message, file["id"]]

    expected = [{"__typename": name} for name in ("Session", "Disk", "Message", "File")]
    assert await anna.data(document, ids=ids) == await service.data(document, ids=ids) == {"nodes": expected}
    # What is the service's own is not the viewer's.
    own = await proven(served, "service", scope=SCOPE).create(title="the service's")
    assert await service.data(document, ids=[own["id"]]) == {"nodes": [None]}


LACKING: list[dict[str, Any]] = [
    {},
    {"scope": ""},
    {"scope": f"{SCOPE}:not"},
    {"scope": f"x{SCOPE}"},
    {"scope": SCOPE.upper()},
    {"scope": f"{SCOPE},other"},
    {"scope": f"a\t{SCOPE}"},
    {"scope": {SCOPE: True}},
    {"scp": [[SCOPE]]},
    {"permissions": [SCOPE]},
]


async def test_without_the_scope_the_header_may_name_nobody_else(served: Client, upstream: Upstream) -> None:
    for scopes in LACKING:
        reply = await proven(served, "bob", x_user="anna", **scopes).reply(VIEWER)
        assert (reply.status_code, reply.json()) == (403, NO_OTHERS), scopes
        challenge = f'Bearer realm="gql_api", error="insufficient_scope", scope="{SCOPE}"'
        assert reply.headers["www-authenticate"] == challenge
        # To name oneself does no harm.
        assert (await proven(served, "bob", x_user="bob", **scopes).data(VIEWER))["viewer"]["identifier"] == "bob"
    assert upstream.calls == []


async def test_a_header_that_can_be_no_name_is_refused(served: Client) -> None:
    for scope in ("", SCOPE):
        token = proven(served, "bob", scope=scope).headers["Authorization"].encode()
        for named in (b"anna\x00", b"an\rna", b"an\nna", b"\xff", b"", b"gql-api:disk:x", b"x" * 256):
            sent = [(b"Authorization", token), (b"X-User", named)]
            reply = await served.http.post("/graphql", json={"query": VIEWER}, headers=sent)
            refused = (reply.status_code, reply.json()["errors"][0]["extensions"])
            assert refused == (400, {"code": "BAD_USER_INPUT"}), named


async def test_a_header_that_is_there_twice_names_nobody(served: Client) -> None:
    token = proven(served, "bob", scope=SCOPE).headers["Authorization"]
    for names in (("anna", "bob"), ("bob", "bob")):
        sent = [("Authorization", token), *(("X-User", name) for name in names)]
        reply = await served.http.post("/graphql", json={"query": VIEWER}, headers=sent)
        assert (reply.status_code, reply.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_USER_INPUT"})


async def test_without_the_scope_no_argument_may_name_another(served: Client, upstream: Upstream) -> None:
    bob = proven(served, "bob")
    for place, document in NAMING.items():
        for name in ("anna", "nobody", "Bob", "b\u043eb", "gql-api:disk:x", "", "x" * 256):
            answer = await bob.answer(document, user=name)
            [error] = answer["errors"]
            assert answer["data"] == {"field": None}, place
            assert (error["message"], error["path"], error["extensions"]) == (
                "You may name no other user than yourself.",
                ["field"],
                {"code": "FORBIDDEN"},
            )
    assert upstream.calls == []
    for place, document in NAMING.items():
        assert ((await bob.data(document, user="bob"))["field"] is None) == (place in OF_NOTHING), place


async def test_with_the_scope_every_argument_may_name_another(served: Client) -> None:
    for x_user in (None, "bob"):
        service = proven(served, "service", x_user=x_user, scope=SCOPE)
        for place, document in NAMING.items():
            assert ((await service.data(document, user="anna"))["field"] is None) == (place in OF_NOTHING), place


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("by", ["token", "header"])
async def test_what_is_made_for_another_is_shown_as_theirs(
    start: Callable[..., AbstractAsyncContextManager[Client]], kind: str, by: str
) -> None:
    async with start(**BY_TOKEN if by == "token" else {}) as client:
        maker = proven(client, "service", scope=SCOPE) if by == "token" else Caller(client.http, {"X-User": "service"})
        anna = proven(client, "anna") if by == "token" else Caller(client.http, {"X-User": "anna"})
        made = (await maker.data(OTHERS[kind] + WHOLE, user="anna"))["made"]["session"]
        id = made.pop("id")

        assert made == {
            "title": "hers",
            "configs": None,
            "user": {"identifier": "anna", "sessions": {"totalCount": 1, "nodes": [{"title": "hers"}]}},
            "tokenCounts": {"total": 0},
            "disk": {
                "session": {"title": "hers", "user": {"identifier": "anna"}},
                "files": {"totalCount": 0},
                "file": None,
            },
            "messages": {"totalCount": 0, "tokenCount": 0, "nodes": []},
            "files": {"totalCount": 0},
        }
        find = "query ($id: ID!) { session(id: $id) { title } }"
        assert await anna.data(find, id=id) == {"session": {"title": "hers"}}
        assert await maker.data(find, id=id) == {"session": None}
