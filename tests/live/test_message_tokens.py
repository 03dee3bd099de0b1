"""The tokens of messages in events: counted for each as it comes, and for what is read of the session then."""

from live.conftest import Live

PAGE = "query ($id: ID!) { session(id: $id) { messages { resumeCursor } } }"


async def test_the_tokens_of_a_message_are_told_with_it(live: Live) -> None:
    session = await live.client.create()
    counting = """
    subscription ($session: ID!, $after: String) {
      messageStored(sessionId: $session, after: $after) {
        messageEdge { node { tokenCount } } session { messages { tokenCount } }
      }
    }
    """
    start = (await live.client.data(PAGE, id=session["id"]))["session"]["messages"]["resumeCursor"]
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
