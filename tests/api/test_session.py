"""Sessions: created with their own disk, listed newest first, got or created, deleted."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import uuid4

from api.client import CREATE, Client
from api.upstream import Upstream

LIST = "{ sessions { nodes { id title disk { id createdAt } } } }"
GET_OR_CREATE = """
mutation ($input: GetOrCreateSessionInput!) {
  getOrCreateSession(input: $input) {
    session { id acontextId title user { identifier } disk { id } } created diskCreated errors { code path }
  }
}
"""
WHOLE = """
query ($id: ID!) {
  session(id: $id) {
    id acontextId title configs createdAt updatedAt user { identifier } disk { id acontextId session { id } createdAt }
    messages { totalCount nodes { id } } files { totalCount nodes { path } directories { path } }
    tokenCounts { total encoding }
  }
}
"""
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId errors { code path } } }"


async def test_a_session_is_created_with_a_disk_of_its_own_in_two_calls(client: Client, upstream: Upstream) -> None:
    first = await client.create(title="First")
    assert sorted(upstream.calls) == ["POST /disk", "POST /session"]
    second = await client.create()
    assert first["title"] == "First"
    assert second["title"] is None
    assert first["disk"]["id"] != second["disk"]["id"]


async def test_sessions_are_listed_newest_first_without_asking_acontext(client: Client, upstream: Upstream) -> None:
    made = [await client.create(title=str(number)) for number in range(3)]
    upstream.clear()
    nodes = (await client.data(LIST))["sessions"]["nodes"]
    assert [(node["id"], node["title"], node["disk"]["id"]) for node in nodes] == [
        (session["id"], session["title"], session["disk"]["id"]) for session in reversed(made)
    ]
    assert upstream.calls == []


async def test_get_or_create_keeps_a_session_that_is_there(client: Client) -> None:
    made = await client.create(title="kept")
    payload = (await client.data(GET_OR_CREATE, input={"id": made["id"], "title": "other"}))["getOrCreateSession"]
    assert payload["session"]["title"] == "kept"
    assert (payload["session"]["disk"]["id"], payload["created"], payload["diskCreated"], payload["errors"]) == (
        made["disk"]["id"],
        False,
        False,
        [],
    )


async def test_get_or_create_makes_a_session_under_a_fresh_id(client: Client) -> None:
    unknown = str(uuid4())
    for given in ({}, {"id": unknown}):
        payload = (await client.data(GET_OR_CREATE, input=given))["getOrCreateSession"]
        assert (payload["created"], payload["diskCreated"], payload["errors"]) == (True, True, [])
        assert payload["session"]["user"] == {"identifier": "anonymous@example.com"}
        assert payload["session"]["acontextId"] != unknown


async def test_a_deleted_session_is_gone_and_the_second_time_not_found(client: Client) -> None:
    made = await client.create()
    assert (await client.data(DELETE, id=made["id"]))["deleteSession"] == {"deletedSessionId": made["id"], "errors": []}
    assert (await client.data("query ($id: ID!) { session(id: $id) { id } }", id=made["id"])) == {"session": None}
    again = (await client.data(DELETE, id=made["acontextId"]))["deleteSession"]
    assert again == {"deletedSessionId": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "id"]}]}


async def test_a_new_session_is_whole_and_empty(client: Client, upstream: Upstream) -> None:
    made = await client.create(title="Whole", configs={"model": "small"})
    session = (await client.data(WHOLE, id=made["acontextId"]))["session"]
    [known] = (await upstream.ask("GET", "/session"))["items"]
    [disk] = (await upstream.ask("GET", "/disk"))["items"]
    assert session["createdAt"] <= session["updatedAt"]
    assert datetime.fromisoformat(session["disk"].pop("createdAt")) == datetime.fromisoformat(disk["created_at"])
    assert session == {
        "id": b64encode(f"Session:{known['id']}".encode()).decode(),
        "acontextId": known["id"],
        "title": "Whole",
        "configs": {"model": "small"},
        "createdAt": session["createdAt"],
        "updatedAt": session["updatedAt"],
        "user": {"identifier": "anonymous@example.com"},
        "disk": {
            "id": b64encode(f"Disk:{disk['id']}".encode()).decode(),
            "acontextId": disk["id"],
            "session": {"id": made["id"]},
        },
        "messages": {"totalCount": 0, "nodes": []},
        "files": {"totalCount": 0, "nodes": [], "directories": []},
        "tokenCounts": {"total": 0, "encoding": "o200k_base"},
    }


async def test_a_session_may_have_a_chosen_id_in_any_spelling(client: Client) -> None:
    for spell in (str, lambda id: str(id).upper(), lambda id: id.hex, lambda id: id.urn):
        chosen = uuid4()
        made = await client.create(acontextId=spell(chosen))
        assert made["acontextId"] == str(chosen)


async def test_a_chosen_id_that_is_taken_is_a_conflict(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    only_upstream = await upstream.ask("POST", "/session", json={})
    for user, taken in [("anna", made["acontextId"]), ("bob", made["acontextId"]), ("anna", only_upstream["id"])]:
        payload = (await client.as_user(user).data(CREATE, input={"acontextId": taken}))["createSession"]
        assert payload == {
            "session": None,
            "errors": [{"code": "CONFLICT", "message": "This id is taken.", "path": ["input", "acontextId"]}],
        }
    assert len((await upstream.ask("GET", "/session"))["items"]) == 2
    assert len((await upstream.ask("GET", "/disk"))["items"]) == 1


async def test_a_chosen_id_must_be_a_uuid_other_than_nil(client: Client, upstream: Upstream) -> None:
    ids: list[Any] = ["00000000-0000-0000-0000-000000000000", "1", "", 7, True, uuid4().hex[:31] + "_"]
    for id in ids:
        assert await client.code(CREATE, input={"acontextId": id}) == "BAD_USER_INPUT"
    assert upstream.calls == []


async def test_everything_is_there_after_a_restart(start: Callable[..., AbstractAsyncContextManager[Client]]) -> None:
    async with start() as client:
        made = await client.create(title="Kept", configs={"a": 1})
        await client.store(made["id"], "hello")
        await client.upload(made["id"], "/notes/a.txt")
        before = await client.data(WHOLE, id=made["id"])
    assert before["session"]["tokenCounts"]["total"] == 2
    async with start() as client:
        assert await client.data(WHOLE, id=made["id"]) == before
