"""Erasures beside writes that are under way: those end first or come to nothing, and nothing of theirs is left."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.client import CREATE, STORE, UPLOAD, Client
from api.erasing import erased, everything_kept, left_upstream, until_erased
from api.odd_upstream import OddUpstream
from api.test_session import GET_OR_CREATE

RENAME = 'mutation ($id: ID!) { updateSession(input: {id: $id, title: "late"}) { errors { code } } }'
CONFIGS = "mutation ($id: ID!) { updateSession(input: {id: $id, configs: {a: 1}}) { errors { code } } }"
ORGANISE = "mutation ($id: ID!) { updateSessions(input: {ids: [$id], pinned: true}) { errors { code } } }"
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }"
SEEN = """
query ($id: ID!, $disk: ID!) {
  session(id: $id) { id } disk(id: $disk) { id } node(id: $id) { id } sessions { totalCount nodes { id } }
}
"""
MESSAGES = [{"message": {"chat": {"role": "USER", "content": "late"}}}]


class Held:
    """Calls of Acontext that are held up on their way, until they may go on."""

    def __init__(self, upstream: OddUpstream, is_held: Callable[[httpx.Request], bool]) -> None:
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        self._upstream, self._is_held = upstream, is_held
        upstream.is_odd, upstream.instead = is_held, self._wait

    async def _wait(self, request: httpx.Request) -> Any:
        self.reached.set()
        await self.free.wait()
        behind = self._upstream._behind
        assert behind is not None
        return await behind.handle_async_request(request)


def posting(to: str) -> Callable[[httpx.Request], bool]:
    return lambda request: request.method == "POST" and request.url.path.endswith(to)


async def codes(asking: Any) -> list[str]:
    [payload] = (await asking).values()
    return [error["code"] for error in payload["errors"]]


@pytest.mark.parametrize("what", ["store", "upload"])
async def test_a_write_under_way_ends_first_and_later_ones_find_nothing(
    client: Client, upstream: OddUpstream, what: str
) -> None:
    anna = client.as_user("anna")
    made = await anna.create()
    upload = {"sessionId": made["id"], "path": "/a.txt", "content": {"text": "late"}}
    held = Held(upstream, posting("/messages" if what == "store" else "/artifact"))
    asked = anna.data(STORE, session=made["id"], messages=MESSAGES) if what == "store" else None
    writing = asyncio.create_task(codes(asked or anna.data(UPLOAD, input=upload)))
    await held.reached.wait()
    waiting = await erased(anna)
    assert (waiting["finishedAt"], waiting["sessionsLeft"], waiting["sessionsDelayed"]) == (None, 1, 0)

    later = [
        anna.data(STORE, session=made["id"], messages=MESSAGES),
        anna.data(UPLOAD, input=upload),
        *(anna.data(document, id=made["id"]) for document in (RENAME, CONFIGS, DELETE)),
    ]
    assert await codes(anna.data(ORGANISE, id=made["id"])) == ["NOT_FOUND"]
    seen = await anna.data(SEEN, id=made["id"], disk=made["disk"]["id"])
    assert seen == {"session": None, "disk": None, "node": None, "sessions": {"totalCount": 0, "nodes": []}}
    waiting_too = [asyncio.create_task(codes(one)) for one in later]
    held.free.set()
    assert await writing == []
    assert await asyncio.gather(*waiting_too) == [["NOT_FOUND"]] * 5
    assert (await erased(anna))["finishedAt"]
    assert await left_upstream(upstream) == (set(), set(), {"anna"})
    assert "anna" not in await everything_kept()


@pytest.mark.parametrize("way", ["create", "adopt"])
async def test_a_session_being_made_comes_to_nothing(client: Client, upstream: OddUpstream, way: str) -> None:
    anna = client.as_user("anna")
    theirs = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"] if way == "adopt" else None
    held = Held(upstream, posting("/disk"))
    asked = anna.data(CREATE, input={"title": "late"}) if way == "create" else None
    making = asyncio.create_task(codes(asked or anna.data(GET_OR_CREATE, input={"id": theirs, "title": "late"})))
    await held.reached.wait()
    waiting = await erased(anna)
    assert (waiting["finishedAt"], waiting["sessionsLeft"]) == (None, 1)
    held.free.set()
    assert await making == ["BUSY"]
    finished = await erased(anna)
    assert (finished["id"], bool(finished["finishedAt"])) == (waiting["id"], True)
    assert finished["sessionsDeleted"] == 0
    left = {theirs} if theirs else set()
    assert await left_upstream(upstream) == (left, set(), {"anna"})
    assert "anna" not in await everything_kept()


async def test_erasures_of_one_user_at_once_are_one(client: Client, upstream: OddUpstream) -> None:
    anna = client.as_user("anna")
    for _ in range(20):
        await anna.create()
    upstream.clear()
    begun = await asyncio.gather(*(erased(anna) for _ in range(5)))
    found = {one["id"]: await until_erased(anna, one) for one in begun}
    assert sorted(one["sessionsDeleted"] for one in found.values()) == [0] * (len(found) - 1) + [20]
    assert sorted(set(upstream.calls))[:2] == ["DELETE /disk/{id}", "DELETE /session/{id}"]
    assert len(upstream.calls) == 3 * 20
    assert await left_upstream(upstream) == (set(), set(), {"anna"})
