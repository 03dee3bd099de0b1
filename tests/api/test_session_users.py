"""Users: who asks by `X-User`, whose sessions are meant by `user`, and what an identifier may be."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from api.client import CREATE, Client
from api.test_session import GET_OR_CREATE
from api.upstream import Upstream
from databases import Databases

VIEWER = "{ viewer { id identifier sessions { nodes { title } } } }"
OF_USER = """
query ($user: String!) {
  sessions(user: $user) { nodes { title user { identifier } } }
  user(identifier: $user) { id identifier sessions { nodes { title user { identifier } } } }
}
"""
RULES = {
    "A user identifier has 1 to 255 characters.": ["", "x" * 256, "😀" * 256],
    "A user identifier must not begin or end with blanks.": [" anna", "anna ", "\u00a0anna", "anna\u3000"],
    "A user identifier must not contain control characters.": ["an\x01na", "an\tna", "an\x7fna", "an\x85na"],
    "This user identifier is reserved.": ["gql-api:disk:", "gql-api:disk:x"],
}
GOOD = ["anna", "anna@example.com", "x" * 255, "😀" * 255, "anna b", "a/b?c#d%20", "Ünal", "gql-api:disk", "\u200d"]
REFUSED = [(name, message) for message, names in RULES.items() for name in names]


async def whoever(client: Client, header: bytes) -> httpx.Response:
    """Ask who the viewer is, with the header as it is on the wire."""
    return await client.http.post("/graphql", json={"query": VIEWER}, headers=[(b"X-User", header)])


async def test_each_user_sees_their_own_sessions_alone(client: Client) -> None:
    for user in ("anna", "bob"):
        await client.as_user(user).create(title=f"of {user}")
    await client.create(title="of nobody", user="carl")
    for user in ("anna", "bob", "carl"):
        expected = [{"title": "of nobody" if user == "carl" else f"of {user}"}]
        viewer = (await client.as_user(user).data(VIEWER))["viewer"]
        id = b64encode(f"User:{user}".encode()).decode()
        assert viewer == {"id": id, "identifier": user, "sessions": {"nodes": expected}}
        nodes = [{**expected[0], "user": {"identifier": user}}]
        assert await client.as_user("anna").data(OF_USER, user=user) == {
            "sessions": {"nodes": nodes},
            "user": {"id": id, "identifier": user, "sessions": {"nodes": nodes}},
        }
    assert (await client.data(VIEWER))["viewer"]["sessions"] == {"nodes": []}


async def test_users_are_told_apart_by_case_and_by_every_character(client: Client) -> None:
    names = ["anna", "Anna", "anná", "anna\u0301"]
    for name in names:
        await client.create(user=name, title=name)
    for name in names:
        assert (await client.data(OF_USER, user=name))["sessions"]["nodes"] == [
            {"title": name, "user": {"identifier": name}}
        ]


class TestIdentifiers:
    """On one kind of database: identifiers are checked before it is asked."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    async def test_the_header_is_read_as_utf_8(self, client: Client) -> None:
        for name in GOOD:
            response = await whoever(client, name.encode())
            assert (response.status_code, response.json()["data"]["viewer"]["identifier"]) == (200, name)

    async def test_without_a_header_the_default_user_asks(
        self, start: Callable[..., AbstractAsyncContextManager[Client]]
    ) -> None:
        async with start(default_user="somebody@example.org") as client:
            assert (await client.data(VIEWER))["viewer"]["identifier"] == "somebody@example.org"

    async def test_a_bad_header_is_refused_before_anything_runs(self, client: Client) -> None:
        # Blanks around a header's value are none of it.
        headers = [(name.encode(), message) for name, message in REFUSED if name == name.strip(" \t")]
        for header, message in [*headers, (b"\xff", "A user identifier is written in UTF-8.")]:
            response = await whoever(client, header)
            assert response.status_code == 400
            assert response.json() == {
                "errors": [{"message": f"X-User: {message}", "extensions": {"code": "BAD_USER_INPUT"}}]
            }
        twice = [(b"X-User", b"anna"), (b"X-User", b"bob")]
        response = await client.http.post("/graphql", json={"query": VIEWER}, headers=twice)
        assert response.status_code == 400
        assert response.json()["errors"][0]["message"] == "X-User: the header must be there once."

    async def test_identifiers_in_arguments_keep_the_same_rules(self, client: Client, upstream: Upstream) -> None:
        for name, message in REFUSED:
            for document in (CREATE, GET_OR_CREATE):
                [payload] = (await client.data(document, input={"user": name})).values()
                problems = [(error["code"], error["path"]) for error in payload["errors"]]
                assert (payload["session"], problems) == (None, [("INVALID_INPUT", ["input", "user"])])
            answer: Any = await client.answer(OF_USER, user=name)
            assert answer["data"] == {"sessions": None, "user": None}
            told = {error["message"]: error["extensions"] for error in answer["errors"]}
            assert told == {f"{taken}: {message}": {"code": "BAD_USER_INPUT"} for taken in ("user", "identifier")}
        assert upstream.calls == []
        for name in GOOD:
            assert (await client.data(OF_USER, user=name))["user"]["identifier"] == name
