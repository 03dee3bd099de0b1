"""Deleting sessions: gone for readers at once, gone from Acontext now or at the next start, never coming back."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from api.client import Client
from api.test_session import DELETE, GET_OR_CREATE
from api.upstream import Upstream

GONE = "query ($id: ID!, $disk: ID!) { session(id: $id) { id } disk(id: $disk) { id } sessions { totalCount } }"
URL = 'query ($id: ID!) { session(id: $id) { file(path: "/a.txt") { publicUrl { url } } } }'


async def left_upstream(upstream: Upstream) -> list[Any]:
    """List all that Acontext has, by kind."""
    listed = [await upstream.ask("GET", path) for path in ("/session", "/disk", "/user/ls")]
    return [[item["id"] for item in page["items"]] for page in listed]


async def test_a_deleted_session_leaves_nothing_behind(client: Client, upstream: Upstream) -> None:
    anna = client.as_user("anna")
    kept, gone = await anna.create(), await anna.create()
    await anna.store(gone["id"], "hello")
    await anna.upload(gone["id"], "/a.txt")
    url = (await anna.data(URL, id=gone["id"]))["session"]["file"]["publicUrl"]["url"]
    assert (await client.http.get(url)).text == "text"

    upstream.clear()
    payload = (await anna.data(DELETE, id=gone["acontextId"]))["deleteSession"]
    assert payload == {"deletedSessionId": gone["id"], "errors": []}
    assert [call.split("/")[1] for call in upstream.calls] == ["session", "disk", "user"]

    seen = await anna.data(GONE, id=gone["id"], disk=gone["disk"]["id"])
    assert seen == {"session": None, "disk": None, "sessions": {"totalCount": 1}}
    sessions, disks, users = await left_upstream(upstream)
    assert (sessions, disks) == ([kept["acontextId"]], [kept["disk"]["acontextId"]])
    assert len(users) == 2  # anna, and the owner of the disk that is kept
    assert (await client.http.get(url)).status_code != 200


async def test_the_second_deletion_finds_nothing(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    await client.data(DELETE, id=made["id"])
    upstream.clear()
    for id in (made["id"], made["acontextId"]):
        again = (await client.data(DELETE, id=id))["deleteSession"]
        assert again == {"deletedSessionId": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "id"]}]}
    assert upstream.calls == []


async def test_a_session_that_acontext_lost_can_be_deleted(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    await upstream.ask("DELETE", f"/session/{made['acontextId']}")
    await upstream.ask("DELETE", f"/disk/{made['disk']['acontextId']}")
    payload = (await client.data(DELETE, id=made["id"]))["deleteSession"]
    assert payload == {"deletedSessionId": made["id"], "errors": []}
    assert (await left_upstream(upstream))[:2] == [[], []]


async def test_a_deleted_session_is_never_adopted_again(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    await client.data(DELETE, id=made["id"])
    user = "anonymous@example.com"
    await upstream.ask("POST", "/session", json={"user": user, "use_uuid": made["acontextId"]})
    payload = (await client.data(GET_OR_CREATE, input={"id": made["id"]}))["getOrCreateSession"]
    assert (payload["created"], payload["errors"]) == (True, [])
    assert payload["session"]["acontextId"] != made["acontextId"]


def failing_at(number: int, when: str) -> Callable[[httpx.Request], str | None]:
    """Let all be well for so many calls, and fail from then on."""
    left = number

    def fault(_: httpx.Request) -> str | None:
        nonlocal left
        left -= 1
        return when if left < 0 else None

    return fault


async def test_what_acontext_does_not_remove_is_invisible_at_once_and_removed_by_the_next_start(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream
) -> None:
    plans = [(number, when) for number in range(3) for when in ("before", "after")]
    async with start() as client:
        made = [await client.create() for _ in plans]
        for session, (number, when) in zip(made, plans, strict=True):
            upstream.fault = failing_at(number, when)
            payload = (await client.data(DELETE, id=session["id"]))["deleteSession"]
            assert payload == {"deletedSessionId": session["id"], "errors": []}
            seen = await client.data(GONE, id=session["id"], disk=session["disk"]["id"])
            assert (seen["session"], seen["disk"]) == (None, None)
            payload = (await client.data(DELETE, id=session["id"]))["deleteSession"]
            assert payload["errors"] == [{"code": "NOT_FOUND", "path": ["input", "id"]}]
        upstream.fault = None
        sessions, disks, _ = await left_upstream(upstream)
        assert (len(sessions), len(disks)) == (1, 3)
    async with start() as client:
        assert (await left_upstream(upstream))[:2] == [[], []]
        assert (await client.data("{ sessions { totalCount } }")) == {"sessions": {"totalCount": 0}}
