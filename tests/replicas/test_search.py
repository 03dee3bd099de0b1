"""Two servers keep texts in one place: what one stored the other finds, and what one deleted is gone for both."""

import asyncio

from api.client import Client
from replicas.fleet import Fleet, until
from replicas.talking import store

FIND = "query ($words: String!) { searchMessages(query: $words, first: 100) { nodes { snippet { text } } } }"
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId errors { code } } }"
LEFT = """
SELECT text FROM message_texts JOIN session_mappings ON id = session_id
WHERE state <> 'ready' OR message_texts.user_identifier <> session_mappings.user_identifier
"""


async def found(client: Client, words: str) -> list[str]:
    nodes = (await client.data(FIND, words=words))["searchMessages"]["nodes"]
    return ["".join(piece["text"] for piece in node["snippet"]) for node in nodes]


async def test_what_one_stored_the_other_finds(clients: list[Client]) -> None:
    session = await clients[0].create()
    await store(clients[0], session["id"], "needle", 3)
    assert await found(clients[0], "needle") == ["needle 2", "needle 1", "needle 0"]
    assert await found(clients[1], "needle") == ["needle 2", "needle 1", "needle 0"]
    await store(clients[0], session["id"], "later")
    await until(lambda: found(clients[1], "later"))


async def test_what_is_deleted_while_both_keep_it_is_found_on_neither(fleet: Fleet, clients: list[Client]) -> None:
    sessions = [await clients[number % 2].create() for number in range(6)]
    storing = [store(clients[number % 2], session["id"], "secret", 2) for number, session in enumerate(sessions)]
    await asyncio.gather(*storing)
    searching = [found(clients[number % 2], "secret") for number in range(8)]
    deleting = [clients[(number + 1) % 2].data(DELETE, id=session["id"]) for number, session in enumerate(sessions)]
    await asyncio.gather(*deleting, *searching)
    assert await found(clients[0], "secret") == await found(clients[1], "secret") == []
    assert await fleet.rows(LEFT) == []
