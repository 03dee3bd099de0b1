"""Adoptions that another process meets: whatever is in the database by then counts, and nothing is bound twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from api.client import Client
from api.test_adoption import opened, outcome
from api.upstream import Upstream
from databases import Databases

Execute = Callable[[str], Awaitable[None]]
ROW = """
INSERT INTO session_mappings (id, user_identifier, state, disk_id, disk_created_at, adopted, nonce,
    created_at, updated_at, lease_until)
VALUES ('{id}', '{user}', '{state}', {disk}, {made}, TRUE, 'other', '{now}', '{now}', '2999-01-01 00:00:00+00:00')
"""
NOW = "2026-01-01 00:00:00+00:00"


@pytest.fixture
def execute(databases: Databases, database_url: str) -> Execute:
    """Do something to the database as another process would."""
    return lambda statement: databases.execute(database_url, statement)


@pytest.fixture
def anna(client: Client) -> Client:
    """The user whose sessions are upstream."""
    return client.as_user("anna")


def row(id: str, *, disk: str | None = None) -> str:
    """Write a row of another process: of a session that is being made, or is there with its disk."""
    state = "ready" if disk else "creating"
    quoted, made = (f"'{disk}'", f"'{NOW}'") if disk else ("NULL", "NULL")
    return ROW.format(id=id, user="anna", state=state, disk=quoted, made=made, now=NOW)


async def session_of(upstream: Upstream) -> str:
    id: str = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    return id


def once(work: Callable[[], Awaitable[None]], *, when: Callable[[Any], bool]) -> Callable[[Any], Awaitable[None]]:
    """Do something while the first answer that fits is under way."""
    left = [work]

    async def meanwhile(body: Any) -> None:
        if left and when(body):
            await left.pop()()

    return meanwhile


def is_list(body: Any) -> bool:
    return isinstance(body.get("data"), dict) and "items" in body["data"]


async def test_a_session_that_another_process_is_making_is_waited_for(
    anna: Client, upstream: Upstream, execute: Execute
) -> None:
    id = await session_of(upstream)
    await execute(row(id))
    upstream.clear()
    waiting = asyncio.create_task(opened(anna, id=id))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert (done, upstream.calls) == (set(), [])
    disk = str(uuid4())
    await execute(
        f"UPDATE session_mappings SET state = 'ready', disk_id = '{disk}', disk_created_at = '{NOW}' WHERE id = '{id}'"  # noqa: S608
    )
    payload = await waiting
    assert (payload["session"]["acontextId"], *outcome(payload)) == (id, False, False, [])
    assert payload["session"]["disk"] == {"acontextId": disk}


async def test_a_session_that_another_process_takes_first_is_busy(
    anna: Client, upstream: Upstream, execute: Execute
) -> None:
    id = await session_of(upstream)
    upstream.meanwhile = once(lambda: execute(row(id)), when=is_list)
    payload = await opened(anna, id=id)
    assert (payload["session"], *outcome(payload)) == (
        None,
        False,
        False,
        [{"code": "BUSY", "path": ["input", "id"]}],
    )
    assert (await upstream.ask("GET", "/disk"))["items"] == []


async def test_a_disk_that_another_process_binds_first_is_a_conflict(
    anna: Client, upstream: Upstream, execute: Execute
) -> None:
    id, other = await session_of(upstream), str(uuid4())
    disk = (await upstream.ask("POST", "/disk", json={"user": "anna"}))["id"]

    def is_disks(body: Any) -> bool:
        return is_list(body) and any(item["id"] == disk for item in body["data"]["items"])

    upstream.meanwhile = once(lambda: execute(row(other, disk=disk)), when=is_disks)
    payload = await opened(anna, id=id, diskId=disk)
    assert outcome(payload) == (False, False, [{"code": "CONFLICT", "path": ["input", "diskId"]}])
    upstream.meanwhile = None
    assert outcome(await opened(anna, id=id)) == (False, True, [])
    listed = (await anna.data("{ sessions { nodes { acontextId } } }"))["sessions"]["nodes"]
    assert sorted(node["acontextId"] for node in listed) == sorted([id, other])


async def test_a_session_that_is_gone_from_acontext_before_it_is_adopted_fails_and_leaves_nothing(
    anna: Client, upstream: Upstream
) -> None:
    id = await session_of(upstream)

    async def gone() -> None:
        await upstream.ask("DELETE", f"/session/{id}")

    upstream.meanwhile = once(gone, when=lambda body: "observed" in body["data"])
    payload = await anna.answer("mutation ($id: ID!) { getOrCreateSession(input: {id: $id}) { created } }", id=id)
    assert [error["extensions"] for error in payload["errors"]] == [{"code": "UPSTREAM_UNAVAILABLE"}]
    assert await anna.data("{ sessions { totalCount } }") == {"sessions": {"totalCount": 0}}
    assert outcome(await opened(anna, id=id)) == (True, True, [])
