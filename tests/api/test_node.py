"""Global ids: the same for ever, and what `node` and `nodes` make of them, for the viewer alone."""

from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.client import Client
from api.upstream import Upstream
from databases import Databases

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
SPREAD = """
query ($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on User { identifier } ... on Session { title } ... on Disk { session { title } }
    ... on File { path } ... on Message { text session { title } }
  }
}
"""
FOUND = """
query ($id: ID!) {
  viewer { id } session(id: $id) {
    id acontextId disk { id acontextId } messages { nodes { id acontextId createdAt parts { id } } }
    files(glob: "**") { nodes { id } }
  }
}
"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: isolation is tried on both elsewhere."""
    return sqlite_databases


def gid(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    """A session of Anna's with one message and one file."""
    anna = client.as_user("anna")
    made = await anna.create(title="Anna's")
    await anna.store(made["id"], "hello")
    await anna.upload(made["id"], "/docs/ü.txt")
    found: dict[str, Any] = await anna.data(FOUND, id=made["id"])
    return {**found["session"], "user": found["viewer"]["id"]}


def ids_of(session: dict[str, Any]) -> dict[str, str]:
    """Give the ids as they must be, by their type."""
    [message] = session["messages"]["nodes"]
    moment = datetime.fromisoformat(message["createdAt"])
    microseconds = (moment - datetime.fromisoformat("1970-01-01T00:00:00Z")) // timedelta(microseconds=1)
    return {
        "User": gid("User:anna"),
        "Session": gid(f"Session:{session['acontextId']}"),
        "Disk": gid(f"Disk:{session['disk']['acontextId']}"),
        "File": gid(f"File:{session['disk']['acontextId']}:/docs/ü.txt"),
        "Message": gid(f"Message:{session['acontextId']}:{microseconds}:{message['acontextId']}"),
    }


async def test_ids_are_made_for_ever(session: dict[str, Any]) -> None:
    [message], [file] = session["messages"]["nodes"], session["files"]["nodes"]
    ids = ids_of(session)
    assert ids == {
        "User": session["user"],
        "Session": session["id"],
        "Disk": session["disk"]["id"],
        "File": file["id"],
        "Message": message["id"],
    }
    inside = b64decode(ids["Message"]).decode().removeprefix("Message:")
    assert message["parts"] == [{"id": gid(f"MessagePart:{inside}:0")}]


async def test_an_id_that_somebody_wrote_down_years_ago_still_works(client: Client) -> None:
    made = await client.create(acontextId="0f8fad5b-d9cb-469f-a165-70867728950e")
    assert made["id"] == "U2Vzc2lvbjowZjhmYWQ1Yi1kOWNiLTQ2OWYtYTE2NS03MDg2NzcyODk1MGU="
    assert await client.data(NODE, id="U2Vzc2lvbjowZjhmYWQ1Yi1kOWNiLTQ2OWYtYTE2NS03MDg2NzcyODk1MGU=") == {
        "node": {"__typename": "Session", "id": made["id"]}
    }
    assert await client.as_user("anna").data("{ viewer { id } }") == {"viewer": {"id": "VXNlcjphbm5h"}}


async def test_every_kind_of_node_is_found_by_its_id(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    anna, ids = client.as_user("anna"), ids_of(session)
    for kind, id in ids.items():
        upstream.clear()
        assert await anna.data(NODE, id=id) == {"node": {"__typename": kind, "id": id}}
        assert len(upstream.calls) == (kind in ("File", "Message"))
    assert (await anna.data(SPREAD, ids=list(ids.values())))["nodes"] == [
        {"identifier": "anna"},
        {"title": "Anna's"},
        {"session": {"title": "Anna's"}},
        {"path": "/docs/ü.txt"},
        {"text": "hello", "session": {"title": "Anna's"}},
    ]


async def test_several_nodes_come_in_the_order_of_their_ids_with_nulls_between(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    ids = ids_of(session)
    unknown = gid(f"Session:{uuid4()}")
    asked = [ids["Message"], unknown, ids["Session"], ids["Message"], gid("User:bob"), ids["File"], unknown]
    upstream.clear()
    nodes = (await client.as_user("anna").data(NODES, ids=asked))["nodes"]
    assert [node and node["id"] for node in nodes] == [
        ids["Message"],
        None,
        ids["Session"],
        ids["Message"],
        None,
        ids["File"],
        None,
    ]
    assert sorted(upstream.calls) == ["GET /disk/{id}/artifact", "GET /session/{id}/messages"]
    assert await client.data(NODES, ids=[]) == {"nodes": []}


async def test_what_is_not_the_viewers_is_null_and_acontext_is_not_asked(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    ids = list(ids_of(session).values())
    upstream.clear()
    assert (await client.as_user("bob").data(NODES, ids=ids))["nodes"] == [None] * 5
    assert upstream.calls == []


async def test_what_is_gone_or_never_was_is_null(client: Client, session: dict[str, Any]) -> None:
    disk, id = session["disk"]["acontextId"], session["acontextId"]
    message = b64decode(session["messages"]["nodes"][0]["id"]).decode().rpartition(":")[0]
    absent = [f"File:{disk}:/none", f"{message}:{uuid4()}", f"Message:{id}:0:{uuid4()}", f"Disk:{id}"]
    absent += [f"Session:{disk}", f"File:{id}:/docs/ü.txt", f"Message:{uuid4()}:0:{uuid4()}"]
    nodes = (await client.as_user("anna").data(NODES, ids=[gid(text) for text in absent]))["nodes"]
    assert nodes == [None] * len(absent)


NIL = UUID(int=0)
ODD = uuid4()
MALFORMED = [
    "",
    "x",
    "é",
    "Session",
    str(ODD),
    "U2Vzc2lvbg==",
    "A" * 9000,
    gid("\x00"),
    b64encode(b"\xff:\xff").decode(),
]
MALFORMED += [
    gid(text)
    for text in [
        "Session",
        "Session:",
        "Session:1",
        f"Session:{NIL}",
        f"Session:{ODD}:",
        f"Session: {ODD.hex[1:]}",
        f"Session:{ODD.hex[:15]}_{ODD.hex[16:]}",
        f"session:{ODD}",
        f"Query:{ODD}",
        f"FileConnection:{ODD}",
        "Disk:x",
        f"Disk:{NIL}",
        f"File:{ODD}",
        f"File:{ODD}:",
        f"File:{ODD}:/",
        f"File:{ODD}:/docs/",
        f"File:{ODD}:a.txt",
        f"File:{NIL}:/a.txt",
        "File:x:/a.txt",
        f"Message:{ODD}",
        f"Message:{ODD}:0",
        f"Message:{ODD}:x:{ODD}",
        f"Message:{ODD}:{10**30}:{ODD}",
        f"Message:{ODD}:{'9' * 5000}:{ODD}",
        f"Message:{ODD}:0:{NIL}",
        f"Message:{ODD}:0:{ODD}:0",
        f"MessagePart:{ODD}:0:{ODD}:0",
    ]
]


async def test_what_is_no_global_id_is_an_error_of_its_own_place(
    client: Client, session: dict[str, Any], upstream: Upstream
) -> None:
    anna = client.as_user("anna")
    upstream.clear()
    for id in MALFORMED:
        answer = await anna.answer(NODE, id=id)
        assert answer["data"] == {"node": None}, id
        [error] = answer["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert error["message"] == "id: this is not a global id of this API."
    assert upstream.calls == []


async def test_the_id_of_another_kind_is_an_error(client: Client, session: dict[str, Any]) -> None:
    ids = ids_of(session)
    for field in ("session", "disk"):
        for kind, id in ids.items():
            if kind.lower() != field:
                answer = await client.as_user("anna").answer(f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=id)
                assert answer["data"] == {field: None}
                assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}]


async def test_sessions_and_disks_are_found_by_the_bare_uuid_in_any_spelling(
    client: Client, session: dict[str, Any]
) -> None:
    for field, thing in (("session", session), ("disk", session["disk"])):
        id = UUID(thing["acontextId"])
        for spelled in (str(id), str(id).upper(), id.hex, id.urn, f"{{{id}}}", thing["id"]):
            query = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"
            assert await client.as_user("anna").data(query, id=spelled) == {field: {"id": thing["id"]}}
            assert await client.as_user("bob").data(query, id=spelled) == {field: None}


async def test_at_most_100_nodes_are_given_at_a_time(client: Client) -> None:
    ids = [gid(f"Session:{uuid4()}") for _ in range(101)]
    assert (await client.data(NODES, ids=ids[1:]))["nodes"] == [None] * 100
    answer = await client.answer(NODES, ids=ids)
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}]
