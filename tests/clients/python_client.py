"""Python's gql: clients that ask over HTTP and follow over a socket, and hold each document against the schema."""

from gql import Client
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport


def over_http(url: str, headers: dict[str, str]) -> Client:
    """Give a client for queries and mutations."""
    return Client(transport=AIOHTTPTransport(url, headers=headers), fetch_schema_from_transport=True)


def over_socket(url: str, headers: dict[str, str]) -> Client:
    """Give a client for subscriptions too."""
    transport = AIOHTTPWebsocketsTransport(url.replace("http", "ws", 1), init_payload=headers)
    return Client(transport=transport, fetch_schema_from_transport=True)
