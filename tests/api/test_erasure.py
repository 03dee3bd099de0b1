"""Erasing a user: all that is known here of theirs is gone, here and in Acontext, and nothing else is."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tortoise.context import require_context

from api.callers import BY_TOKEN, proven
from api.client import CREATE, Client
from api.erasing import ERASE, NODE, READ, erased, everything_kept, left_upstream
from api.test_acting_for import SCOPE
from api.test_session import DELETE, GET_OR_CREATE
from api.upstream import Upstream

TAG = 'mutation ($id: ID!) { updateSession(input: {id: $id, tags: ["work", "play"]}) { errors { code } } }'
STORE_UNDER_KEY = """
mutation ($session: ID!, $key: String!) {
  storeMessage(input: {sessionId: $session, idempotencyKey: $key, message: {chat: {role: USER, content: "hello"}}}) {
    errors { code }
  }
}
"""
LIST = "{ sessions { totalCount nodes { id } } }"
COUNTS = ("sessionsDeleted", "disksDeleted", "idempotencyKeysDeleted", "sessionsLeft", "sessionsDelayed")


def counts(erasure: dict[str, Any]) -> list[int]:
    return [erasure[name] for name in COUNTS]


async def made_full(client: Client, title: str) -> dict[str, Any]:
    """Make a session that has something of everything."""
    made = await client.create(title=title, idempotencyKey=f"key of {title}")
    await client.data(TAG, id=made["id"])
    await client.store(made["id"], "hello")
    await client.data(STORE_UNDER_KEY, session=made["id"], key=f"of {title}")
    await client.upload(made["id"], "/a.txt")
    await client.data("query ($id: ID!) { session(id: $id) { messages { totalCount } } }", id=made["id"])
    return made


async def test_all_of_a_user_is_gone_and_nothing_else(client: Client, upstream: Upstream) -> None:
    anna, bob = client.as_user("anna@example.com"), client.as_user("bob")
    gone = [await made_full(anna, f"secret {number}") for number in range(3)]
    kept = await made_full(bob, "Bob's")
    deleted = await made_full(anna, "secret too")
    await anna.data(DELETE, id=deleted["id"])
    other = (await upstream.ask("POST", "/session", json={"user": "anna@example.com"}))["id"]
    others_disk = (await upstream.ask("POST", "/disk", json={"user": "anna@example.com"}))["id"]

    erasure = await erased(anna)

    assert counts(erasure) == [3, 3, 7, 0, 0]  # two keys of each, and one that a tombstone had
    assert erasure["indexEntriesDeleted"] >= 3 * 2
    assert erasure["user"] == {"identifier": "anna@example.com"}
    assert erasure["startedAt"] <= erasure["finishedAt"]
    assert await anna.data(LIST) == {"sessions": {"totalCount": 0, "nodes": []}}
    assert (await bob.data(LIST))["sessions"]["nodes"] == [{"id": kept["id"]}]
    text = await everything_kept()
    for word in ("anna@example.com", "secret", *(one[name] for one in [*gone, deleted] for name in ("acontextId",))):
        assert word not in text
    assert "Bob's" in text
    sessions, disks, users = await left_upstream(upstream)
    assert sessions == {kept["acontextId"], other}
    assert disks == {kept["disk"]["acontextId"], others_disk}
    assert users == {"anna@example.com", "bob", f"gql-api:disk:{kept['acontextId']}"}


async def test_the_report_counts_every_row_that_hung_on_the_sessions(client: Client) -> None:
    anna = client.as_user("anna")
    for title in ("one", "two"):
        made = await made_full(anna, title)
        await anna.store(made["id"], "a needle", "another")
    await made_full(client.as_user("bob"), "Bob's")
    await anna.data('{ searchMessages(query: "needle") { totalCount } }')  # by then all is written that is to be kept
    kept = await kept_of("anna")
    assert kept["message_texts"] == kept["message_places"] == 8
    erasure = await erased(anna)
    assert erasure["indexEntriesDeleted"] == sum(kept.values())


async def kept_of(user: str) -> dict[str, int]:
    """Count the rows of each table of entries that hang on a user's sessions."""
    of_user = f"session_id IN (SELECT id FROM session_mappings WHERE user_identifier = '{user}')"  # noqa: S608
    counted = {}
    for table in ("message_places", "message_counts", "message_texts", "message_texts_read", "session_tags"):
        statement = f"SELECT COUNT(*) AS count FROM {table} WHERE {of_user}"  # noqa: S608 - names of our own tables
        [row] = await require_context().db().execute_query_dict(statement)
        counted[table] = row["count"]
    return counted


async def test_a_user_who_has_nothing_is_erased_at_once_and_may_begin_anew(client: Client, upstream: Upstream) -> None:
    anna = client.as_user("anna")
    first = await erased(anna)
    assert counts(first) == [0] * 5
    assert first["finishedAt"]
    assert upstream.calls == []
    made = await anna.create()
    second = await erased(anna)
    assert second["id"] != first["id"]
    assert counts(second) == [1, 1, 0, 0, 0]
    assert (await anna.create())["id"] != made["id"]


async def test_a_report_is_its_users_alone(client: Client) -> None:
    anna, bob = client.as_user("anna"), client.as_user("bob")
    erasure = await erased(anna)
    assert await anna.data(READ, id=erasure["id"]) == {"erasure": erasure}
    assert await anna.data(NODE, id=erasure["id"]) == {"node": erasure}
    assert await bob.data(READ, id=erasure["id"], user="anna") == {"erasure": erasure}
    assert await bob.data(READ, id=erasure["id"]) == {"erasure": None}
    assert await bob.data(NODE, id=erasure["id"]) == {"node": None}
    assert await anna.data(READ, id=erasure["id"], user="bob") == {"erasure": None}
    [error] = (await anna.answer(READ, id="no id"))["errors"]
    assert (error["message"], error["extensions"]) == (
        "id: this is not an id of an Erasure.",
        {"code": "BAD_USER_INPUT"},
    )
    for wrong in ("anna", (await anna.create())["id"], (await anna.create())["acontextId"]):
        assert await anna.code(READ, id=wrong) == "BAD_USER_INPUT"


async def test_another_may_be_named(client: Client) -> None:
    anna, bob = client.as_user("anna"), client.as_user("bob")
    await anna.create()
    await bob.create()
    erasure = await erased(bob, user="anna")
    assert (erasure["user"]["identifier"], erasure["sessionsDeleted"]) == ("anna", 1)
    assert (await bob.data(LIST))["sessions"]["totalCount"] == 1
    for user in ("", " anna", "gql-api:disk:1", "a" * 256, "a\n"):
        payload = (await bob.data(ERASE, input={"user": user}))["deleteUser"]
        assert payload == {"erasure": None, "errors": [{"code": "INVALID_INPUT", "path": ["input", "user"]}]}


async def test_a_key_erases_once(client: Client) -> None:
    anna = client.as_user("anna")
    await anna.create()
    first = await erased(anna, idempotencyKey="one")
    made = await anna.create()
    assert await erased(anna, idempotencyKey="one") == first
    assert (await anna.data(LIST))["sessions"]["nodes"] == [{"id": made["id"]}]
    assert (await erased(client.as_user("bob"), idempotencyKey="one"))["id"] != first["id"]
    assert counts(await erased(anna, idempotencyKey="two")) == [1, 1, 0, 0, 0]
    text = await everything_kept()
    assert "'one'" not in text
    for key, code in (("", "INVALID_INPUT"), ("k" * 256, "TOO_LARGE")):
        payload = (await anna.data(ERASE, input={"idempotencyKey": key}))["deleteUser"]
        assert payload == {"erasure": None, "errors": [{"code": code, "path": ["input", "idempotencyKey"]}]}


async def test_a_deleted_session_keeps_no_name(client: Client) -> None:
    """Its row stays for a week, so that its ids are not bound again."""
    made = await made_full(client, "secret")
    await client.data(DELETE, id=made["id"])
    text = await everything_kept()
    assert made["acontextId"] in text
    assert "'secret'" not in text
    assert "of secret" not in text.replace("key of secret", "")


async def test_what_was_made_under_a_key_before_is_forgotten(client: Client) -> None:
    made = await client.create(idempotencyKey="one", title="first")
    await erased(client)
    again = (await client.data(CREATE, input={"idempotencyKey": "one"}))["createSession"]
    assert again["errors"] == []
    assert again["session"]["id"] != made["id"]
    payload = (await client.data(GET_OR_CREATE, input={"id": made["id"]}))["getOrCreateSession"]
    assert payload["created"]


async def test_many_sessions_go_in_one_call_and_in_bounded_steps(client: Client, upstream: Upstream) -> None:
    anna = client.as_user("anna")
    for _ in range(40):
        await anna.create()
    upstream.clear()
    assert counts(await erased(anna)) == [40, 40, 0, 0, 0]
    assert len(upstream.calls) == 3 * 40
    assert await left_upstream(upstream) == (set(), set(), {"anna"})


async def test_a_slow_acontext_that_lets_all_go_is_asked_for_as_long_as_the_request_may_take(
    client: Client, upstream: Upstream
) -> None:
    anna = client.as_user("anna")
    for _ in range(17):
        await anna.create()

    async def slowly(_: object) -> None:
        await asyncio.sleep(0.1)  # so that sixteen take longer than is waited where nothing moves

    upstream.meanwhile = slowly
    assert counts(await erased(anna)) == [17, 17, 0, 0, 0]


async def test_another_server_of_the_same_data_goes_on(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream
) -> None:
    async with start() as client:
        for _ in range(3):
            await client.create()
        upstream.fault = lambda request: "before"
        erasure = await erased(client)
        assert counts(erasure) == [0, 0, 0, 3, 3]
        assert erasure["finishedAt"] is None
        assert await client.data(LIST) == {"sessions": {"totalCount": 0, "nodes": []}}
        upstream.fault = None
    async with start() as client:
        finished = await erased(client)
        assert (finished["id"], counts(finished)) == (erasure["id"], [3, 3, 0, 0, 0])
        assert finished["finishedAt"]


async def test_only_who_may_act_for_others_deletes_them(
    start: Callable[..., AbstractAsyncContextManager[Client]],
) -> None:
    async with start(**BY_TOKEN) as client:
        anna, bob = proven(client, "anna"), proven(client, "bob")
        made = await anna.create()
        assert await bob.code(ERASE, input={"user": "anna"}) == "FORBIDDEN"
        report = await erased(bob)
        assert await anna.code(READ, id=report["id"], user="bob") == "FORBIDDEN"
        assert (await anna.data(LIST))["sessions"]["nodes"] == [{"id": made["id"]}]
        for number, acting in enumerate((proven(client, "admin", scope=SCOPE), anna)):
            report = await erased(acting, user="anna")
            assert (report["user"], report["sessionsDeleted"]) == ({"identifier": "anna"}, 1 - number)
            assert (await acting.data(READ, id=report["id"], user="anna"))["erasure"] == report
        named = proven(client, "admin", scope=SCOPE, x_user="anna")
        assert (await named.data(NODE, id=report["id"]))["node"] == report
