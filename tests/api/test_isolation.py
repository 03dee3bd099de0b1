"""Isolation: with somebody else's id a user gets exactly what an id gets that nobody has, and Acontext is not asked."""

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from api.client import Client
from api.upstream import Upstream
from gql_api.schema import print_schema

IDS = {"ID", "UUID"}


@dataclass(frozen=True)
class Probe:
    """An operation with `$id` in the place of an id, and the kinds of id that may stand there."""

    document: str
    kinds: tuple[str, ...]
    upstream_calls: int = 0


SESSION = ("session", "bare session")
_HELLO = '{chat: {role: USER, content: "hello"}}'
_PROBLEMS = "errors { code message path }"
PROBES = {
    "Query.node(id)": Probe(
        "query ($id: ID!) { node(id: $id) { id } }", ("session", "disk", "file", "message", "user")
    ),
    "Query.nodes(ids)": Probe(
        "query ($id: ID!) { nodes(ids: [$id, $id]) { id } }", ("session", "disk", "file", "message", "user")
    ),
    "Query.session(id)": Probe("query ($id: ID!) { session(id: $id) { id } }", SESSION),
    "Query.disk(id)": Probe("query ($id: ID!) { disk(id: $id) { id } }", ("disk", "bare disk")),
    "Session.messages(pinAtMessageId)": Probe(
        """query ($id: ID!) { sessions { nodes {
          messages(editStrategy: {tokenLimit: {limitTokens: 1}}, pinAtMessageId: $id) { totalCount }
        } } }""",
        ("message",),
    ),
    "UpdateSessionInput.id": Probe(
        f"""mutation ($id: ID!) {{
          updateSession(input: {{id: $id, title: null, configs: {{a: 1}}}}) {{ session {{ id }} {_PROBLEMS} }}
        }}""",
        SESSION,
    ),
    "DeleteSessionInput.id": Probe(
        f"mutation ($id: ID!) {{ deleteSession(input: {{id: $id}}) {{ deletedSessionId {_PROBLEMS} }} }}", SESSION
    ),
    "GetOrCreateSessionInput.id": Probe(
        f"""mutation ($id: ID!) {{ getOrCreateSession(input: {{id: $id, title: "mine"}}) {{
          created diskCreated session {{ title user {{ identifier }} }} {_PROBLEMS}
        }} }}""",
        SESSION,
        upstream_calls=3,  # the probe, the new session, its disk
    ),
    "StoreMessageInput.sessionId": Probe(
        f"mutation ($id: ID!) {{ storeMessage(input: {{sessionId: $id, message: {_HELLO}}}) {{ {_PROBLEMS} }} }}",
        SESSION,
    ),
    "StoreMessagesInput.sessionId": Probe(
        f"""mutation ($id: ID!) {{ storeMessages(input: {{sessionId: $id, messages: [{{message: {_HELLO}}}]}}) {{
          storedCount session {{ id }} {_PROBLEMS}
        }} }}""",
        SESSION,
    ),
    "UploadFileInput.sessionId": Probe(
        f"""mutation ($id: ID!) {{ uploadFile(input: {{sessionId: $id, path: "/a.txt", content: {{text: "x"}}}}) {{
          replaced file {{ id }} {_PROBLEMS}
        }} }}""",
        SESSION,
    ),
    "FilePathInput.sessionId": Probe(
        f"""mutation ($id: ID!) {{ deleteFile(input: {{file: {{at: {{sessionId: $id, path: "/a.txt"}}}}}}) {{
          deletedFileId {_PROBLEMS}
        }} }}""",
        SESSION,
    ),
    "FileRefInput.id": Probe(
        f"mutation ($id: ID!) {{ deleteFile(input: {{file: {{id: $id}}}}) {{ deletedFileId {_PROBLEMS} }} }}", ("file",)
    ),
}
TELLING = {"CreateSessionInput.acontextId", "GetOrCreateSessionInput.diskId"}
"""Here the caller chooses an id of Acontext's, which one session alone may have: a taken one is said to be so."""


def arguments(schema: GraphQLSchema) -> dict[str, str | None]:
    """List every argument and input field that takes an id, with its description."""
    found: dict[str, str | None] = {}
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLInputObjectType):
            fields = kind.fields.items()
            found |= {
                f"{kind.name}.{name}": of.description for name, of in fields if get_named_type(of.type).name in IDS
            }
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, described in kind.fields.items():
                taken = described.args.items()
                found |= {
                    f"{kind.name}.{field}({name})": of.description
                    for name, of in taken
                    if get_named_type(of.type).name in IDS
                }
    return found


def test_every_argument_that_takes_an_id_is_tried_here() -> None:
    taken = arguments(build_schema(print_schema()))
    assert set(taken) == set(PROBES) | TELLING
    assert all("CONFLICT" in str(taken[name]) for name in TELLING)


def gid(text: str) -> str:
    return b64encode(text.encode()).decode()


WHOLE = """
{ sessions { nodes {
  id acontextId title configs updatedAt disk { id acontextId }
  messages { nodes { id acontextId text } } files { nodes { id path updatedAt } }
} } }
"""


@pytest.fixture
async def anna(client: Client) -> Client:
    """A user with a session that has a message and a file."""
    anna = client.as_user("anna")
    made = await anna.create(title="Anna's")
    await anna.store(made["id"], "hello")
    await anna.upload(made["id"], "/a.txt")
    return anna


def foreign_and_random(session: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Give for each kind of id one of this session's things, and one that nothing has."""
    [message], [file] = session["messages"]["nodes"], session["files"]["nodes"]
    return {
        "session": (session["id"], gid(f"Session:{uuid4()}")),
        "bare session": (session["acontextId"], str(uuid4())),
        "disk": (session["disk"]["id"], gid(f"Disk:{uuid4()}")),
        "bare disk": (session["disk"]["acontextId"], str(uuid4())),
        "file": (file["id"], gid(f"File:{uuid4()}:/a.txt")),
        "message": (message["id"], gid(f"Message:{uuid4()}:1700000000000000:{uuid4()}")),
        "user": (gid("User:anna"), gid("User:nobody")),
    }


async def test_somebody_elses_id_gets_what_an_id_gets_that_nobody_has(
    client: Client, anna: Client, upstream: Upstream
) -> None:
    before = await anna.data(WHOLE)
    ids = foreign_and_random(before["sessions"]["nodes"][0])
    bob = client.as_user("bob")
    own = await bob.create(title="Bob's")
    await bob.store(own["id"], "hello")
    for name, probe in PROBES.items():
        for kind in probe.kinds:
            seen = []
            for id in ids[kind]:
                upstream.clear()
                seen.append((await bob.answer(probe.document, id=id), Counter(upstream.calls)))
            assert seen[0] == seen[1], name
            assert seen[0][1].total() == probe.upstream_calls, name
    assert await anna.data(WHOLE) == before


async def test_a_pin_that_is_a_bare_id_says_nothing_of_other_conversations(
    client: Client, anna: Client, upstream: Upstream
) -> None:
    [message] = (await anna.data(WHOLE))["sessions"]["nodes"][0]["messages"]["nodes"]
    bob = client.as_user("bob")
    own = await bob.create()
    await bob.store(own["id"], "hello", "again")
    document = """query ($id: ID!, $pin: ID!) { session(id: $id) {
      messages(editStrategy: {tokenLimit: {limitTokens: 2}}, pinAtMessageId: $pin) { editAtMessageId nodes { text } }
    } }"""
    seen = []
    for pin in (message["acontextId"], str(uuid4())):
        upstream.clear()
        seen.append((await bob.answer(document, id=own["id"], pin=pin), upstream.calls.copy()))
    assert seen[0] == seen[1]
