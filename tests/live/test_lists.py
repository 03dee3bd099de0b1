"""Changes of a user's list of sessions, as they happen."""

from collections.abc import Callable
from typing import Any

from api.callers import BY_TOKEN, proven
from api.upstream import Upstream
from identity.issuing import secret_token
from live.conftest import Live
from live.test_messages import DELETE
from live.test_messages import FOLLOW as MESSAGES

FOLLOW = """
subscription ($user: String) {
  sessionListChanged(user: $user) { kind sessionEdge { node { id title } } deletedSessionId }
}
"""
RENAME = """
mutation ($id: ID!, $title: String) { updateSession(input: {id: $id, title: $title}) { errors { code } } }
"""
GET_OR_CREATE = """
mutation ($id: ID) { getOrCreateSession(input: {id: $id}) { created session { id } errors { code } } }
"""


async def test_each_change_is_told_in_its_order(live: Live, upstream: Upstream) -> None:
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW)
        await socket.settled()
        # Each is waited for: of a session that is deleted by then, nothing is told but that.
        made = await live.client.create(title="Tea")
        told = [await socket.event(id)]
        await live.client.data(RENAME, id=made["id"], title="Coffee")
        told.append(await socket.event(id))
        await live.client.data(DELETE, id=made["id"])
        told.append(await socket.event(id))
        theirs = (await upstream.ask("POST", "/session", json={"user": "anonymous@example.com"}))["id"]
        opened = (await live.client.data(GET_OR_CREATE, id=theirs))["getOrCreateSession"]
        assert opened["created"] is False
        told.append(await socket.event(id))
    assert [event["kind"] for event in told] == ["CREATED", "UPDATED", "DELETED", "CREATED"]
    assert told[0]["sessionEdge"]["node"]["id"] == made["id"]
    assert told[1]["sessionEdge"] == {"node": {"id": made["id"], "title": "Coffee"}}
    assert told[2] == {"kind": "DELETED", "sessionEdge": None, "deletedSessionId": made["id"]}
    assert told[3]["sessionEdge"]["node"]["id"] == opened["session"]["id"]


async def test_organising_a_session_is_a_change_of_its_list(live: Live) -> None:
    made = await live.client.create()
    document = """mutation ($id: ID!) {
      a: updateSession(input: {id: $id, pinned: true}) { errors { code } }
      b: updateSession(input: {id: $id, archived: true}) { errors { code } }
      c: updateSession(input: {id: $id, tags: ["a"]}) { errors { code } }
    }"""
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW.replace("title", "tags pinnedAt archivedAt"))
        await socket.settled()
        await live.client.data(document, id=made["id"])
        told = [await socket.event(id) for _ in range(3)]
    assert [event["kind"] for event in told] == ["UPDATED"] * 3
    last = told[-1]["sessionEdge"]["node"]
    assert last["tags"] == ["a"]
    assert last["pinnedAt"] < last["archivedAt"]


async def test_a_followed_session_is_active_when_others_store_in_it_too(live: Live, upstream: Upstream) -> None:
    followed, newer = await live.client.create(), await live.client.create()
    document = MESSAGES.replace("id text", "createdAt").replace("id title", "lastActivityAt")
    async with live.socket() as socket:
        id = await socket.subscribe(document, session=followed["id"])
        await socket.settled()
        body = {"blob": {"role": "user", "content": "theirs"}, "format": "openai"}
        await upstream.ask("POST", f"/session/{followed['acontextId']}/messages", json=body)
        event = await socket.event(id)
    assert event["session"]["lastActivityAt"] == event["messageEdge"]["node"]["createdAt"]
    latest = await live.client.data("{ sessions(orderBy: LAST_ACTIVITY_DESC) { nodes { id } } }")
    assert [node["id"] for node in latest["sessions"]["nodes"]] == [followed["id"], newer["id"]]


WITH_ACTIVITY = """
subscription ($user: String) {
  sessionListChanged(user: $user, activity: true) { kind sessionEdge { node { id lastActivityAt } } deletedSessionId }
}
"""
LATEST = "{ sessions(orderBy: LAST_ACTIVITY_DESC) { nodes { id lastActivityAt } } }"


async def test_that_something_was_said_is_told_to_who_asks_for_it_and_in_the_list_by_then(live: Live) -> None:
    quiet, said = (await live.client.create())["id"], (await live.client.create())["id"]
    async with live.socket() as socket:
        plain, active, annas = [
            await socket.subscribe(query, **user)
            for query, user in ((FOLLOW, {}), (WITH_ACTIVITY, {}), (WITH_ACTIVITY, {"user": "anna"}))
        ]
        await socket.settled()
        for id, other in ((said, quiet), (quiet, said)):
            await live.client.store(id, "hello")
            event = await socket.event(active)
            listed = (await live.client.data(LATEST))["sessions"]["nodes"]
            assert event == {"kind": "ACTIVE", "sessionEdge": {"node": listed[0]}, "deletedSessionId": None}
            assert [node["id"] for node in listed] == [id, other]
        await live.client.data(DELETE, id=said)
        told = [await socket.event(id) for id in (plain, active)]
        assert [(event["kind"], event["deletedSessionId"]) for event in told] == [("DELETED", said)] * 2
        hers = await live.client.as_user("anna").create()
        assert (await socket.event(annas))["sessionEdge"]["node"]["id"] == hers["id"]


async def test_a_busy_session_is_told_of_now_and_then_and_in_the_end_as_it_is(live: Live) -> None:
    id = (await live.client.create())["id"]
    async with live.socket() as socket:
        subscribed = await socket.subscribe(WITH_ACTIVITY)
        await socket.settled()
        for number in range(60):
            await live.client.store(id, str(number))
            await live.client.data(LATEST)  # which has written what there is to be told
        last = (await live.client.data(LATEST))["sessions"]["nodes"][0]
        told = [(await socket.event(subscribed))["sessionEdge"]["node"]]
        while told[-1] != last:
            told.append((await socket.event(subscribed))["sessionEdge"]["node"])
    assert {node["id"] for node in told} == {id}
    assert len(told) < 30


async def test_what_others_stored_is_told_once_it_is_read(live: Live, upstream: Upstream) -> None:
    made = await live.client.create()
    body = {"blob": {"role": "user", "content": "theirs"}, "format": "openai"}
    await upstream.ask("POST", f"/session/{made['acontextId']}/messages", json=body)
    page = "query ($id: ID!) { session(id: $id) { messages(last: 1) { nodes { createdAt } } } }"
    async with live.socket() as socket:
        subscribed = await socket.subscribe(WITH_ACTIVITY)
        await socket.settled()
        for _ in range(2):
            [message] = (await live.client.data(page, id=made["id"]))["session"]["messages"]["nodes"]
        event = await socket.event(subscribed)
        assert event["kind"] == "ACTIVE"
        assert event["sessionEdge"]["node"] == {"id": made["id"], "lastActivityAt": message["createdAt"]}
        await live.client.data(DELETE, id=made["id"])
        assert (await socket.event(subscribed))["kind"] == "DELETED"


async def test_what_changes_nothing_is_not_told(live: Live) -> None:
    made = await live.client.create(title="Tea")
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW)
        await socket.settled()
        await live.client.data(GET_OR_CREATE, id=made["id"])
        await live.client.data(
            "mutation ($id: ID!) { updateSession(input: {id: $id}) { errors { code } } }", id=made["id"]
        )
        await live.client.data(DELETE, id=made["id"])
        assert (await socket.event(id))["kind"] == "DELETED"


async def test_others_lists_are_others(live: Live) -> None:
    async with live.socket() as socket:
        mine, annas = await socket.subscribe(FOLLOW), await socket.subscribe(FOLLOW, user="anna")
        await socket.settled()
        hers = await live.client.as_user("anna").create(title="Hers")
        made = await live.client.create(title="Mine")
        assert (await socket.event(annas))["sessionEdge"] == {"node": {"id": hers["id"], "title": "Hers"}}
        assert (await socket.event(mine))["sessionEdge"] == {"node": {"id": made["id"], "title": "Mine"}}


async def test_nobody_follows_anothers_list_without_the_right(serve: Callable[..., Any]) -> None:
    async with serve(**BY_TOKEN) as live, live.socket(Authorization=bearer("bob", "other")) as socket:
        frame = await socket.frame(await socket.subscribe(FOLLOW, user="anna"))
    [error] = frame["payload"]
    assert (frame["type"], error["extensions"]) == ("error", {"code": "FORBIDDEN"})


async def test_who_may_act_for_others_follows_their_lists(serve: Callable[..., Any]) -> None:
    async with serve(**BY_TOKEN) as live, live.socket(Authorization=bearer("service", "sessions:act-as")) as socket:
        id = await socket.subscribe(FOLLOW, user="anna")
        await socket.settled()
        made = await proven(live.client, "anna").create(title="Hers")
        assert (await socket.event(id))["sessionEdge"] == {"node": {"id": made["id"], "title": "Hers"}}


def bearer(user: str, scope: str) -> str:
    return f"Bearer {secret_token(sub=user, scope=scope)}"
