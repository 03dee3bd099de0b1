"""Taking over sessions that only Acontext knows yet: for their own user only, once, and never twice at a time."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.client import Client
from api.test_session import DELETE
from api.upstream import Upstream
from databases import Databases

OPEN = """
mutation ($input: GetOrCreateSessionInput!) {
  getOrCreateSession(input: $input) {
    session { acontextId title configs user { identifier } disk { acontextId } } sessionEdge { node { acontextId } }
    created diskCreated errors { code path }
  }
}
"""


async def opened(client: Client, **input: Any) -> dict[str, Any]:
    """Get or create a session; return the payload."""
    payload: dict[str, Any] = (await client.data(OPEN, input=input))["getOrCreateSession"]
    if payload["session"]:
        assert payload.pop("sessionEdge") == {"node": {"acontextId": payload["session"]["acontextId"]}}
    return payload


def outcome(payload: dict[str, Any]) -> tuple[bool, bool, list[Any]]:
    """Tell what was made, and what was wrong."""
    return payload["created"], payload["diskCreated"], payload["errors"]


def makes_disk(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/disk")


@pytest.fixture
def anna(client: Client) -> Client:
    """The user whose sessions are upstream."""
    return client.as_user("anna")


async def test_a_session_of_the_same_acontext_user_is_adopted_with_a_new_disk(anna: Client, upstream: Upstream) -> None:
    theirs = await upstream.ask("POST", "/session", json={"user": "anna", "configs": {"a": 1}})
    payload = await opened(anna, id=theirs["id"], title="adopted", configs={"ignored": True})
    [disk] = (await upstream.ask("GET", "/disk", params={"user": f"gql-api:disk:{theirs['id']}"}))["items"]
    session = {
        "acontextId": theirs["id"],
        "title": "adopted",
        "configs": {"a": 1},
        "user": {"identifier": "anna"},
        "disk": {"acontextId": disk["id"]},
    }
    assert payload == {"session": session, "created": False, "diskCreated": True, "errors": []}
    upstream.clear()
    again = await opened(anna, id=theirs["id"], title="other")
    assert again == {"session": session, "created": False, "diskCreated": False, "errors": []}
    assert upstream.calls == ["GET /session/{id}/configs"]  # for the configs that the answer shows


@pytest.mark.parametrize("adopt_unowned", [False, True])
async def test_a_session_without_user_is_adopted_only_where_that_is_set(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream, adopt_unowned: bool
) -> None:
    async with start(adopt_unowned=adopt_unowned) as client:
        nobodys = await upstream.ask("POST", "/session", json={})
        payload = await opened(client, id=nobodys["id"])
        assert outcome(payload) == (not adopt_unowned, True, [])
        assert (payload["session"]["acontextId"] == nobodys["id"]) is adopt_unowned


async def test_a_session_of_another_acontext_user_is_never_adopted(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream
) -> None:
    async with start(adopt_unowned=True) as client:
        for user in ("bob", "Anna", "anna "):
            theirs = await upstream.ask("POST", "/session", json={"user": user})
            payload = await opened(client.as_user("anna"), id=theirs["id"])
            assert outcome(payload) == (True, True, [])
            assert payload["session"]["acontextId"] != theirs["id"]


async def test_a_foreign_session_is_as_one_that_nobody_has(client: Client, upstream: Upstream) -> None:
    foreign = (await client.as_user("bob").create(title="Bob's"))["acontextId"]
    seen = []
    for id in (foreign, str(uuid4())):
        upstream.clear()
        payload = await opened(client, id=id, title="mine")
        assert payload["session"].pop("acontextId") != id
        payload["session"].pop("disk")
        seen.append((payload, Counter(upstream.calls)))
    assert seen[0] == seen[1]
    assert outcome(seen[0][0]) == (True, True, [])
    assert seen[0][1]["GET /session/{id}/observing_status"] == 1
    assert seen[0][1].total() == 4  # the probe, the new session, its disk, and the configs that the answer shows


async def test_ten_at_once_adopt_one_session_with_one_disk(anna: Client, upstream: Upstream) -> None:
    id = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    payloads = await asyncio.gather(*(opened(anna, id=id) for _ in range(10)))
    assert Counter(payload["diskCreated"] for payload in payloads) == {True: 1, False: 9}
    assert len({payload["session"]["disk"]["acontextId"] for payload in payloads}) == 1
    assert {payload["session"]["acontextId"] for payload in payloads} == {id}
    assert len((await upstream.ask("GET", "/session"))["items"]) == 1
    assert len((await upstream.ask("GET", "/disk"))["items"]) == 1


async def test_a_disk_that_was_made_before_a_lost_database_is_bound_again(
    start: Callable[..., AbstractAsyncContextManager[Client]], databases: Databases, upstream: Upstream
) -> None:
    async with start() as client:
        made = await client.as_user("anna").create(title="lost")
        await client.as_user("anna").upload(made["id"], "/a.txt")
    url = await databases.migrated()
    async with start(database_url=url) as client:
        payload = await opened(client.as_user("anna"), id=made["id"])
        assert outcome(payload) == (False, False, [])
        assert payload["session"]["disk"] == {"acontextId": made["disk"]["acontextId"]}
        assert payload["session"]["title"] is None
        assert len((await upstream.ask("GET", "/disk"))["items"]) == 1
    await databases.drop(url)


async def test_of_several_disks_made_for_a_session_the_oldest_is_bound(anna: Client, upstream: Upstream) -> None:
    id = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    disks = [await upstream.ask("POST", "/disk", json={"user": f"gql-api:disk:{id}"}) for _ in range(2)]
    payload = await opened(anna, id=id)
    assert outcome(payload) == (False, False, [])
    assert payload["session"]["disk"] == {"acontextId": disks[0]["id"]}


async def test_a_disk_whose_answer_was_lost_is_looked_for_and_bound(anna: Client, upstream: Upstream) -> None:
    id = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    upstream.fault = lambda request: "after" if makes_disk(request) else None
    payload = await opened(anna, id=id)
    assert (payload["session"]["acontextId"], *outcome(payload)) == (id, False, True, [])
    assert upstream.calls.count("POST /disk") == len((await upstream.ask("GET", "/disk"))["items"]) == 1


@pytest.mark.parametrize("comes", [True, False])
async def test_while_a_disk_may_still_come_no_other_is_made(
    anna: Client, upstream: Upstream, databases: Databases, database_url: str, comes: bool
) -> None:
    """Else the first one belonged to nobody: it has its effect after the second one, which is bound by then."""
    id = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    upstream.fault = lambda request: "lost" if makes_disk(request) else None
    assert await anna.code(OPEN, input={"id": id}) == "UPSTREAM_UNAVAILABLE"
    upstream.fault = None
    assert outcome(await opened(anna, id=id)) == (False, False, [{"code": "BUSY", "path": ["input", "id"]}])
    assert upstream.calls.count("POST /disk") == 1
    assert await anna.data("{ sessions { totalCount } }") == {"sessions": {"totalCount": 0}}

    if comes:
        await upstream.ask("POST", "/disk", json={"user": f"gql-api:disk:{id}"})
    await databases.execute(database_url, "UPDATE session_mappings SET lease_until = '2026-01-01 00:00:00+00:00'")
    payload = await opened(anna, id=id)
    [disk] = (await upstream.ask("GET", "/disk"))["items"]
    assert (payload["session"]["disk"], *outcome(payload)) == ({"acontextId": disk["id"]}, False, True, [])
    assert await anna.data("{ sessions { totalCount } }") == {"sessions": {"totalCount": 1}}
    assert outcome(await opened(anna, id=id)) == (False, False, [])


async def test_an_adopted_session_is_deleted_with_all_that_it_has(anna: Client, upstream: Upstream) -> None:
    id = (await upstream.ask("POST", "/session", json={"user": "anna"}))["id"]
    await opened(anna, id=id)
    payload = (await anna.data(DELETE, id=id))["deleteSession"]
    assert payload["errors"] == []
    assert (await upstream.ask("GET", "/session"))["items"] == []
    assert (await upstream.ask("GET", "/disk"))["items"] == []


async def test_an_id_that_cannot_be_one_is_an_error(client: Client, upstream: Upstream) -> None:
    for id in ("", "x", "00000000-0000-0000-0000-000000000000", "RGlzazox"):
        assert await client.code(OPEN, input={"id": id}) == "BAD_USER_INPUT"
    assert upstream.calls == []
