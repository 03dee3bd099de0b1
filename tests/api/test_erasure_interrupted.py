"""Erasures cut off at each call of Acontext: nothing is seen any more at once, and the next start leaves nothing."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from api.client import CREATE, Client
from api.erasing import ERASE, READ, erased, everything_kept, left_upstream, until_erased
from api.test_session import GET_OR_CREATE
from api.test_session_deletion import failing_at
from api.upstream import Upstream

Start = Callable[..., AbstractAsyncContextManager[Client]]
LIST = "{ sessions { totalCount } }"
CALLS = 3 * 2
"""Of Acontext, to delete two sessions."""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_wherever_it_is_cut_off_the_next_start_finishes_it(start: Start, upstream: Upstream, when: str) -> None:
    users = [f"user-{number}" for number in range(CALLS)]
    begun: dict[str, Any] = {}
    async with start() as client:
        for user in users:
            for _ in range(2):
                made = await client.as_user(user).create(title=f"of {user}", idempotencyKey=f"{user} {_}")
                await client.as_user(user).store(made["id"], "hello")
        for number, user in enumerate(users):
            upstream.fault = failing_at(number, when)
            begun[user] = await erased(client.as_user(user))
            assert begun[user]["finishedAt"] is None
            assert begun[user]["sessionsLeft"] + begun[user]["sessionsDeleted"] == 2
            assert (await client.as_user(user).data(LIST))["sessions"]["totalCount"] == 0
    upstream.fault = None
    async with start() as client:
        for user in users:
            finished = await until_erased(client, begun[user])
            assert [finished[name] for name in ("sessionsDeleted", "disksDeleted", "sessionsLeft")] == [2, 2, 0]
            assert finished["idempotencyKeysDeleted"] == 2
        text = await everything_kept()
        assert [user for user in users if user in text] == []
        sessions, disks, names = await left_upstream(upstream)
        assert (sessions, disks, names) == (set(), set(), set(users))


async def test_a_request_that_is_left_hinders_nobody(start: Start, upstream: Upstream) -> None:
    """Its sessions are half deleted, and it is gone on with, after the lease or by a start."""
    async with start() as client:
        for _ in range(3):
            await client.create()
        reached = asyncio.Event()

        async def hold(_: object) -> None:
            reached.set()
            await asyncio.Event().wait()

        upstream.meanwhile = hold
        leaving = asyncio.create_task(erased(client))
        await reached.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        upstream.meanwhile = None
        erasure = await erased(client)
        assert (await client.data(LIST))["sessions"]["totalCount"] == 0
    async with start() as client:
        finished = await until_erased(client, erasure)
        assert finished["sessionsDeleted"] == 3
        assert (await left_upstream(upstream))[:2] == (set(), set())


async def test_until_it_is_finished_nothing_can_be_made(client: Client, upstream: Upstream) -> None:
    anna = client.as_user("anna")
    made = await anna.create(idempotencyKey="one")
    theirs = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    upstream.fault = lambda request: "before"
    erasure = await erased(anna)
    upstream.fault = None
    upstream.clear()
    for document, input in (
        (CREATE, {}),
        (CREATE, {"idempotencyKey": "one"}),
        (CREATE, {"idempotencyKey": "two", "title": "new"}),
        (GET_OR_CREATE, {}),
        (GET_OR_CREATE, {"id": made["id"]}),
        (GET_OR_CREATE, {"id": theirs}),
        (GET_OR_CREATE, {"id": theirs, "idempotencyKey": "three"}),
    ):
        answer = await client.as_user("anna").data(document, input=input)
        [payload] = answer.values()
        assert payload["session"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("BUSY", ["input", "user"])]
    assert [call for call in upstream.calls if call.startswith("POST")] == []
    assert await client.as_user("bob").create()
    other = (await anna.data(ERASE, input={"idempotencyKey": "another"}))["deleteUser"]
    assert other["erasure"]["id"] == erasure["id"]
    assert other["errors"] == [{"code": "BUSY", "path": ["input", "idempotencyKey"]}]
    assert (await anna.data(READ, id=erasure["id"]))["erasure"]["finishedAt"] is None
