"""The Python client gql on the running product: over HTTP and over a socket, each document held against the schema."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from gql import GraphQLRequest, gql
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError
from graphql import GraphQLError

from clients.python_client import over_http, over_socket

HEADERS = {"X-User": "gql@example.com"}
CREATE = gql('mutation { createSession(input: {title: "From Python"}) { session { id } errors { code } } }')
STORE = """
mutation ($session: ID!, $text: String!) {
  storeMessage(input: {sessionId: $session, message: {chat: {role: USER, content: $text}}}) {
    message { text } errors { code }
  }
}
"""
READ = "query ($session: ID!) { session(id: $session) { title messages { nodes { text } resumeCursor } } }"
FOLLOW = """
subscription ($session: ID!, $after: String) {
  messageStored(sessionId: $session, after: $after) { messageEdge { node { text } } resumeCursor }
}
"""


@pytest.fixture
async def client(endpoint: str) -> AsyncIterator[AsyncClientSession]:
    """A client over HTTP that has read the schema."""
    async with over_http(endpoint, HEADERS) as session:
        yield session


@pytest.fixture
async def followed(endpoint: str) -> AsyncIterator[AsyncClientSession]:
    """A client over a socket that has read the schema."""
    async with over_socket(endpoint, HEADERS) as session:
        yield session


def request(document: str, **variables: Any) -> GraphQLRequest:
    return GraphQLRequest(document, variable_values=variables)


async def test_what_is_stored_is_read_and_followed(client: AsyncClientSession, followed: AsyncClientSession) -> None:
    made = await client.execute(CREATE)
    session = made["createSession"]["session"]["id"]
    for text in ("one", "two"):
        stored = await client.execute(request(STORE, session=session, text=text))
        assert stored == {"storeMessage": {"message": {"text": text}, "errors": []}}
    read = (await client.execute(request(READ, session=session)))["session"]
    assert (read["title"], read["messages"]["nodes"]) == ("From Python", [{"text": "one"}, {"text": "two"}])

    after = read["messages"]["resumeCursor"]
    await followed.execute(request(STORE, session=session, text="three"))
    events = followed.subscribe(request(FOLLOW, session=session, after=after))
    event = await anext(events)
    assert event["messageStored"]["messageEdge"] == {"node": {"text": "three"}}
    await events.aclose()


async def test_documents_that_do_not_fit_the_schema_are_not_sent(client: AsyncClientSession) -> None:
    with pytest.raises(GraphQLError, match="Cannot query field 'topic' on type 'Session'"):
        await client.execute(gql('{ session(id: "any") { topic } }'))


async def test_errors_are_told_apart_by_their_code(client: AsyncClientSession) -> None:
    with pytest.raises(TransportQueryError) as refused:
        await client.execute(request(READ, session="no id"))
    [error] = refused.value.errors or []
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
