"""Documents that are named over sockets: by their hash alone as urql does, or beside the text as Apollo Client does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.test_persisted_queries import ANSWER, NOT_FOUND, WHO, by_hash
from databases import Databases
from live.conftest import Live
from live.socket import Socket
from live.test_lists import FOLLOW


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


async def asked(socket: Socket, payload: dict[str, Any]) -> tuple[str, Any]:
    """Run an operation, and give its first frame."""
    await socket.send(id="a", type="subscribe", payload=payload)
    frame = await socket.frame("a")
    if frame["type"] == "next":
        assert (await socket.frame("a"))["type"] == "complete"
    return frame["type"], frame["payload"]


async def test_a_document_is_known_by_its_hash_once_it_was_sent(live: Live) -> None:
    async with live.socket() as socket:
        for text in ({}, {"query": ""}):
            assert await asked(socket, by_hash(WHO, **text)) == ("error", NOT_FOUND["errors"])
        for text in ({"query": WHO}, {"query": ""}, {}):
            assert await asked(socket, by_hash(WHO, **text)) == ("next", ANSWER)
        kind, [error] = await asked(socket, by_hash(WHO, query="{ __typename }"))
        assert (kind, error["extensions"]) == ("error", {"code": "BAD_REQUEST"})
    # What one socket made known is known to requests too.
    assert (await live.client.http.post("/graphql", json=by_hash(WHO))).json() == ANSWER


async def test_a_subscription_may_be_named(live: Live) -> None:
    async with live.socket() as socket:
        assert (await asked(socket, by_hash(FOLLOW)))[0] == "error"
        await socket.send(id="b", type="subscribe", payload=by_hash(FOLLOW, query=FOLLOW))
        await socket.send(id="c", type="subscribe", payload=by_hash(FOLLOW))
        await socket.settled()
        await live.client.create(title="seen")
        for id in "bc":
            assert await socket.event(id)


async def test_only_trusted_documents_are_run_over_sockets(serve: Callable[..., Any], tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"who": WHO}))
    async with serve(documents=manifest, only_trusted_documents=True) as live, live.socket() as socket:
        for payload in ({"documentId": "who"}, by_hash(WHO), by_hash(WHO, query=WHO), {"query": WHO}):
            assert await asked(socket, payload) == ("next", ANSWER)
        for payload, code in (
            ({"documentId": "other"}, "PERSISTED_QUERY_NOT_IN_LIST"),
            ({"query": "{ __typename }"}, "QUERY_NOT_IN_SAFELIST"),
            ({"query": FOLLOW}, "QUERY_NOT_IN_SAFELIST"),
        ):
            kind, [error] = await asked(socket, payload)
            assert (kind, error["extensions"]) == ("error", {"code": code})
