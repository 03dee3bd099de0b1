"""Tokens of messages as subscribers are told them."""

from live.conftest import Live

START = "query ($session: ID!) { session(id: $session) { messages(last: 1) { resumeCursor } } }"


async def test_the_tokens_of_a_message_are_told_with_it(live: Live) -> None:
    session = await live.client.create()
    counting = """
    subscription ($session: ID!, $after: String) {
      messageStored(sessionId: $session, after: $after) {
        messageEdge { node { tokenCount } } session { messages { tokenCount } }
      }
    }
    """
    start = (await live.client.data(START, session=session["id"]))["session"]["messages"]["resumeCursor"]
    async with live.socket() as socket:
        id = await socket.subscribe(counting, session=session["id"], after=start)
        told = []
        for text in ("hello", "m1"):
            await live.client.store(session["id"], text)
            told.append(await socket.event(id))
    assert [(one["messageEdge"]["node"]["tokenCount"], one["session"]["messages"]["tokenCount"]) for one in told] == [
        (2, 2),
        (3, 5),
    ]
