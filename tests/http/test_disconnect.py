"""A client that hangs up on a real uvicorn process."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest


@pytest.fixture
def api(served_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served_url, timeout=30) as client:
        yield client


def send(url: httpx.URL, query: str) -> socket.socket:
    """Send an operation, and leave the connection open."""
    address = urlsplit(str(url))
    assert address.hostname is not None
    body = json.dumps({"query": query}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((address.hostname, address.port or 80))
    connection.sendall(head.encode() + body)
    return connection


def test_a_query_stops_when_its_client_has_gone(api: httpx.Client) -> None:
    connection = send(api.base_url, '{ one: waits(name: "one") two: waits(name: "two") }')
    for name in ("one", "two"):
        assert api.get(f"/signals/{name}-started").status_code == 204

    connection.close()

    for name in ("one", "two"):
        assert api.get(f"/signals/{name}-cancelled").status_code == 204
        assert api.get(f"/happened/{name}-finished").text == "False"


def test_a_mutation_is_finished_though_its_client_has_gone(api: httpx.Client) -> None:
    connection = send(api.base_url, 'mutation { one: waits(name: "three") two: waits(name: "four") }')
    assert api.get("/signals/three-started").status_code == 204

    connection.close()
    for name in ("three", "four"):
        assert api.post(f"/signals/{name}-released").status_code == 204

    for name in ("three", "four"):
        assert api.get(f"/signals/{name}-finished").status_code == 204
        assert api.get(f"/happened/{name}-cancelled").text == "False"


def test_the_server_goes_on_after_clients_have_gone(api: httpx.Client) -> None:
    for number in range(5):
        send(api.base_url, f'{{ waits(name: "n{number}") }}').close()

    answer = api.post("/graphql", json={"query": "{ hello }"})

    assert answer.json() == {"data": {"hello": "Hello world"}}
