"""Events of sessions, which programs note in Acontext: paged forward, counted, found again by their ids."""

from base64 import b64decode, b64encode
from typing import Any
from uuid import uuid4

import pytest

from api.client import Client
from api.odd_upstream import OddUpstream
from databases import Databases

READ = """
query ($id: ID!, $first: Int, $after: String) {
  session(id: $id) { events(first: $first, after: $after) {
    totalCount nodes { type data } edges { cursor node { type } } pageInfo { hasNextPage hasPreviousPage endCursor }
  } }
}
"""
NODE = """
query ($id: ID!) {
  node(id: $id) { id ... on SessionEvent { acontextId type data createdAt session { id } } }
}
"""
ALL = (
    "query ($id: ID!) { session(id: $id) { events(first: 100) { nodes { id acontextId createdAt session { id } } } } }"
)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: events are Acontext's."""
    return sqlite_databases


async def note(upstream: OddUpstream, session: dict[str, Any], kind: str, data: Any) -> dict[str, Any]:
    """Note an event past the application, as the SDK does."""
    path = f"/session/{session['acontextId']}/events"
    noted: dict[str, Any] = await upstream.ask("POST", path, json={"type": kind, "data": data})
    return noted


async def events(client: Client, session: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await client.data(READ, id=session["id"], **arguments))["session"]["events"]
    return page


async def test_a_session_without_events_has_none(client: Client) -> None:
    session = await client.create()
    await client.store(session["id"], "hello")
    empty = {"hasNextPage": False, "hasPreviousPage": False, "endCursor": None}
    assert await events(client, session) == {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": empty}


async def test_events_come_as_they_were_noted_the_oldest_first(client: Client, upstream: OddUpstream) -> None:
    session = await client.create()
    said: list[tuple[str, Any]] = [
        ("text_event", {"text": "hello"}),
        ("disk_event", {"path": "/é.txt", "n": 2**60, "nested": {"a": [1.5, None]}}),
        ("custom", None),
        ("custom", {}),
    ]
    for kind, data in said:
        await note(upstream, session, kind, data)
    upstream.clear()
    page = await events(client, session)
    assert [(node["type"], node["data"]) for node in page["nodes"]] == said
    assert page["totalCount"] == 4
    assert upstream.calls == ["GET /session/{id}/events"]


async def test_pages_follow_one_another_and_all_are_counted(client: Client, upstream: OddUpstream) -> None:
    session = await client.create()
    for number in range(23):
        await note(upstream, session, str(number), {})
    assert len((await events(client, session))["nodes"]) == 20
    seen: list[str] = []
    after, sizes = None, []
    while True:
        page = await events(client, session, first=5, after=after)
        assert page["totalCount"] == 23
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        seen += [node["type"] for node in page["nodes"]]
        sizes.append(len(page["nodes"]))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [str(number) for number in range(23)]
    assert sizes == [5, 5, 5, 5, 3]
    await note(upstream, session, "late", {})
    assert [node["type"] for node in (await events(client, session, after=after))["nodes"]] == ["late"]


async def test_very_many_are_counted_by_few_calls(client: Client, upstream: OddUpstream) -> None:
    session = await client.create()
    for number in range(401):
        await note(upstream, session, str(number), {})
    upstream.clear()
    assert (await events(client, session, first=1))["totalCount"] == 401
    assert upstream.calls == ["GET /session/{id}/events"] * 4


async def test_an_event_is_found_again_by_its_id(client: Client, upstream: OddUpstream) -> None:
    session, other = await client.create(), await client.create()
    noted = [await note(upstream, session, str(number), {"n": number}) for number in range(3)]
    shown = (await client.data(ALL, id=session["id"]))["session"]["events"]["nodes"]
    for number, (event, node) in enumerate(zip(noted, shown, strict=True)):
        assert node["acontextId"] == event["id"]
        upstream.clear()
        found = (await client.data(NODE, id=node["id"]))["node"]
        assert found == node | {"type": str(number), "data": {"n": number}}
        assert node["session"] == {"id": session["id"]}
        assert upstream.calls == ["GET /session/{id}/events"]
    kind, of, time, id = b64decode(shown[1]["id"]).decode().split(":")
    assert (kind, of, id) == ("SessionEvent", session["acontextId"], noted[1]["id"])
    for wrong in (f"{of}:{time}:{uuid4()}", f"{of}:{int(time) + 1}:{id}", f"{other['acontextId']}:{time}:{id}"):
        assert await client.data(NODE, id=gid(f"SessionEvent:{wrong}")) == {"node": None}
    upstream.clear()
    assert await client.as_user("bob").data(NODE, id=shown[1]["id"]) == {"node": None}
    assert upstream.calls == []
    for wrong in ("", of, f"{of}:x:{id}", f"{of}:-1:{id}", f"{of}:{time}"):
        assert await client.code(NODE, id=gid(f"SessionEvent:{wrong}")) == "BAD_USER_INPUT"


def gid(text: str) -> str:
    return b64encode(text.encode()).decode()


async def test_cursors_and_sizes_have_their_bounds(client: Client, upstream: OddUpstream) -> None:
    session, other = await client.create(), await client.create()
    for one in (session, other):
        await note(upstream, one, "a", {})
    await client.store(session["id"], "hello")
    message = "query ($id: ID!) { session(id: $id) { messages(last: 1) { pageInfo { endCursor } } } }"
    cursors = [
        "",
        "x",
        (await events(client, other))["pageInfo"]["endCursor"],
        (await client.data(message, id=session["id"]))["session"]["messages"]["pageInfo"]["endCursor"],
    ]
    upstream.clear()
    wrong: list[dict[str, Any]] = [{"after": cursor} for cursor in cursors]
    for arguments in [*wrong, {"first": 0}, {"first": -1}, {"first": 101}]:
        assert await client.code(READ, id=session["id"], **arguments) == "BAD_USER_INPUT"
    assert upstream.calls == []


async def test_a_failed_read_takes_its_own_field_alone(client: Client, upstream: OddUpstream) -> None:
    session = await client.create(title="whole")
    query = "query ($id: ID!) { session(id: $id) { title events { nodes { type } } } }"
    upstream.fault = lambda request: "before" if request.url.path.endswith("/events") else None
    answer = await client.answer(query, id=session["id"])
    assert answer["data"] == {"session": {"title": "whole", "events": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]
