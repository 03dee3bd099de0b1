"""What the tests of several servers ask of them."""

from typing import Any

from api.client import Client

STORE = """
mutation ($session: ID!, $messages: [StoreMessagesItemInput!]!) {
  storeMessages(input: {sessionId: $session, messages: $messages}) { storedCount errors { code } }
}
"""
LIST = "{ viewer { sessions(first: 100) { nodes { id title } } } }"


def messages(name: str, count: int) -> list[Any]:
    return [{"message": {"chat": {"role": "USER", "content": f"{name} {number}"}}} for number in range(count)]


async def store(client: Client, session: str, name: str, count: int = 1) -> dict[str, Any]:
    stored: dict[str, Any] = (await client.data(STORE, session=session, messages=messages(name, count)))[
        "storeMessages"
    ]
    return stored
