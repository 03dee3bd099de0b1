"""Metadata that change later: who follows is told each message once, and sees the change by reading it again."""

from typing import Any

from live.conftest import Live

PAGE = "query ($id: ID!) { session(id: $id) { messages { resumeCursor } } }"
READ = "query ($id: ID!) { session(id: $id) { messages { nodes { metadata } } } }"
ANNOTATE = """
mutation ($id: ID!, $metadata: JSON!) {
  updateMessageMetadata(input: {messageId: $id, metadata: $metadata}) { errors { code } }
}
"""
FOLLOW = """
subscription ($session: ID!, $after: String) {
  messageStored(sessionId: $session, after: $after) { messageEdge { node { text metadata } } }
}
"""
LIST = "subscription { sessionListChanged { kind } }"


async def test_a_message_is_told_once_whatever_is_noted_of_it_later(live: Live) -> None:
    session = (await live.client.create())["id"]
    start = (await live.client.data(PAGE, id=session))["session"]["messages"]["resumeCursor"]
    async with live.socket() as socket:
        id = await socket.subscribe(FOLLOW, session=session, after=start)
        listed = await socket.subscribe(LIST)
        await socket.settled()
        [first] = await live.client.store(session, "first")
        told = [await socket.event(id)]
        await live.client.data(ANNOTATE, id=first, metadata={"liked": True})
        await live.client.store(session, "second")
        told.append(await socket.event(id))
        await live.client.create()
        assert await socket.event(listed) == {"kind": "CREATED"}
        assert (socket.unread(id), socket.unread(listed)) == (0, 0)
    assert seen(told) == [("first", {}), ("second", {})]
    read = (await live.client.data(READ, id=session))["session"]["messages"]["nodes"]
    assert [node["metadata"] for node in read] == [{"liked": True}, {}]


def seen(events: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    nodes = [event["messageEdge"]["node"] for event in events]
    return [(node["text"], node["metadata"]) for node in nodes]
