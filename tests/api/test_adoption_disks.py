"""Adopting a session with a disk that it has already: the caller's or nobody's, bound to no other session."""

from typing import Any
from uuid import uuid4

import pytest

from api.client import Client
from api.test_adoption import opened, outcome
from api.upstream import Upstream
from databases import Databases

DISK = ["input", "diskId"]
CONFLICT, NOT_FOUND, INVALID = ([{"code": code, "path": DISK}] for code in ("CONFLICT", "NOT_FOUND", "INVALID_INPUT"))


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: which row has which disk is in the tests of the store."""
    return sqlite_databases


@pytest.fixture
def anna(client: Client) -> Client:
    """The user whose sessions are upstream."""
    return client.as_user("anna")


async def session_of(upstream: Upstream, user: str = "anna") -> str:
    """Make a session that only Acontext knows."""
    id: str = (await upstream.ask("POST", "/session", json={"user": user}))["id"]
    return id


async def disk_of(upstream: Upstream, user: str | None) -> str:
    """Make a disk that only Acontext knows."""
    id: str = (await upstream.ask("POST", "/disk", json={"user": user} if user else {}))["id"]
    return id


async def count(upstream: Upstream, path: str) -> int:
    return len((await upstream.ask("GET", path))["items"])


async def test_a_disk_of_the_same_user_or_of_nobody_or_made_for_the_session_is_bound(
    anna: Client, upstream: Upstream
) -> None:
    for user in ("anna", None, "gql-api:disk:{id}"):
        id = await session_of(upstream)
        disk = await disk_of(upstream, user.format(id=id) if user else None)
        disks = await count(upstream, "/disk")
        for _ in range(2):  # the second time it is bound already, to this very session
            payload = await opened(anna, id=id, diskId=disk)
            assert outcome(payload) == (False, False, [])
            assert payload["session"]["acontextId"] == id
            assert payload["session"]["disk"] == {"acontextId": disk}
        assert await count(upstream, "/disk") == disks


async def test_a_disk_of_another_user_and_one_that_is_not_there_are_not_found(anna: Client, upstream: Upstream) -> None:
    id = await session_of(upstream)
    others = await disk_of(upstream, "bob")
    for disk in (others, await disk_of(upstream, f"gql-api:disk:{uuid4()}"), str(uuid4())):
        payload = await opened(anna, id=id, diskId=disk)
        assert (payload["session"], *outcome(payload)) == (None, False, False, NOT_FOUND)
    # Nothing is left of the attempts: the session can still be adopted.
    assert outcome(await opened(anna, id=id)) == (False, True, [])


async def test_a_disk_of_another_session_is_a_conflict(anna: Client, upstream: Upstream) -> None:
    bound = (await anna.create())["disk"]["acontextId"]
    foreign = (await anna.as_user("bob").create())["disk"]["acontextId"]
    id = await session_of(upstream)
    for disk in (bound, foreign):
        upstream.clear()
        payload = await opened(anna, id=id, diskId=disk)
        assert (payload["session"], *outcome(payload)) == (None, False, False, CONFLICT)
        assert not [call for call in upstream.calls if "disk" in call]
    assert outcome(await opened(anna, id=id)) == (False, True, [])


async def test_a_session_that_has_a_disk_keeps_it(anna: Client, upstream: Upstream) -> None:
    made = await anna.create()
    for disk in (str(uuid4()), await disk_of(upstream, "anna")):
        upstream.clear()
        payload = await opened(anna, id=made["id"], diskId=disk)
        assert (payload["session"], *outcome(payload)) == (None, False, False, CONFLICT)
        assert upstream.calls == []
    payload = await opened(anna, id=made["id"], diskId=made["disk"]["acontextId"])
    assert outcome(payload) == (False, False, [])
    assert payload["session"]["acontextId"] == made["acontextId"]


async def test_a_disk_for_a_session_that_would_be_made_is_refused(anna: Client, upstream: Upstream) -> None:
    disk = await disk_of(upstream, "anna")
    foreign = (await anna.as_user("bob").create())["acontextId"]
    before = await count(upstream, "/session")
    inputs: list[dict[str, Any]] = [
        {},
        {"id": str(uuid4())},
        {"id": foreign},
        {"id": await session_of(upstream, "bob")},
    ]
    for input in inputs:
        payload = await opened(anna, diskId=disk, **input)
        assert (payload["session"], *outcome(payload)) == (None, False, False, INVALID)
    assert await count(upstream, "/session") == before + 1


async def test_the_disk_of_a_deleted_session_is_not_bound_again(anna: Client, upstream: Upstream) -> None:
    made = await anna.create()
    await anna.data("mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId } }", id=made["id"])
    payload = await opened(anna, id=await session_of(upstream), diskId=made["disk"]["acontextId"])
    assert outcome(payload) == (False, False, CONFLICT)


async def test_a_disk_is_found_among_more_than_one_page_of_them(anna: Client, upstream: Upstream) -> None:
    id, oldest = await session_of(upstream), await disk_of(upstream, "anna")
    for _ in range(200):
        await disk_of(upstream, "anna")
    payload = await opened(anna, id=id, diskId=oldest)
    assert outcome(payload) == (False, False, [])
    assert payload["session"]["disk"] == {"acontextId": oldest}
