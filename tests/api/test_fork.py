"""Sessions made of others: what is copied, and what not; in the order of the other, each message and file whole."""

import asyncio
from typing import Any

import pytest

from api import conversation, forms
from api.client import Client
from api.conversation import call, chat, read, result, turns
from api.forking import FORK, fork, told, whole
from api.upstream import Upstream

SESSION = "query ($id: ID!) { session(id: $id) { title configs tags pinnedAt forkedFrom { id title } } }"


async def test_a_fork_has_what_the_other_has(client: Client) -> None:
    made = await client.create(title="Tea", configs={"a": {"b": [1, 2]}})
    await client.store(made["id"], "hello", chat("ASSISTANT", "Hi."), "Thanks")
    await client.upload(made["id"], "/a.txt", "one")
    await client.upload(made["id"], "/notes/b.md", "# two")
    payload = await fork(client, sessionId=made["id"])
    assert (payload["errors"], payload["progress"]) == ([], None)
    copy = payload["session"]
    assert copy["id"] != made["id"]
    assert copy["disk"]["id"] != made["disk"]["id"]
    assert copy["forkedFrom"]["id"] == made["id"]
    assert payload["sessionEdge"]["node"]["id"] == copy["id"]
    assert await whole(client, copy["id"]) == await whole(client, made["id"])
    seen = (await client.data(SESSION, id=copy["id"]))["session"]
    assert (seen["title"], seen["configs"]) == ("Tea", {"a": {"b": [1, 2]}})
