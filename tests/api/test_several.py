"""Several sessions changed or deleted at once: each whole or not at all, and what is wrong with one is told of it."""

from typing import Any
from uuid import uuid4

import pytest

from api.client import Client
from api.test_organising import listed
from api.upstream import Upstream
from databases import Databases

UPDATE = """
mutation ($input: UpdateSessionsInput!) {
  updateSessions(input: $input) { sessions { id title tags pinnedAt archivedAt } errors { code path } }
}
"""
DELETE = """
mutation ($input: DeleteSessionsInput!) {
  deleteSessions(input: $input) { deletedSessionIds errors { code path } }
}
"""


async def update(client: Client, ids: list[str], **changes: Any) -> tuple[list[dict[str, Any]], list[tuple[str, Any]]]:
    payload = (await client.data(UPDATE, input={"ids": ids, **changes}))["updateSessions"]
    return payload["sessions"], [(error["code"], error["path"]) for error in payload["errors"]]


async def delete(client: Client, ids: list[str]) -> tuple[list[str], list[tuple[str, Any]]]:
    payload = (await client.data(DELETE, input={"ids": ids}))["deleteSessions"]
    return payload["deletedSessionIds"], [(error["code"], error["path"]) for error in payload["errors"]]


async def made(client: Client, count: int) -> list[str]:
    return [(await client.create(title=str(number)))["id"] for number in range(count)]


def at(place: int) -> list[str]:
    return ["input", "ids", str(place)]


async def test_all_named_are_changed_alike_and_given_in_their_order(client: Client) -> None:
    ids = await made(client, 4)
    named = [ids[2], ids[0], ids[3]]
    sessions, errors = await update(client, named, archived=True, addTags=["Work", "b"])
    assert errors == []
    assert [session["id"] for session in sessions] == named
    for session in sessions:
        assert session["tags"] == ["b", "Work"]
        assert session["archivedAt"]
        assert session["pinnedAt"] is None
    assert await listed(client, archived=True, tags=["work"]) == [ids[3], ids[2], ids[0]]
    sessions, _ = await update(client, named[:2], archived=False, pinned=True, addTags=["WORK", "c"], removeTags=["B"])
    assert [(session["tags"], session["archivedAt"]) for session in sessions] == [(["c", "Work"], None)] * 2
    assert await listed(client, pinned=True) == [ids[2], ids[0]]
    again, _ = await update(client, named, archived=None, removeTags=["work", "c", "never there"])
    assert [(session["tags"], session["archivedAt"]) for session in again] == [([], None), ([], None), (["b"], None)]
    assert [session["pinnedAt"] for session in again[:2]] == [session["pinnedAt"] for session in sessions]


async def test_what_is_wrong_with_one_keeps_no_other_from_it(client: Client) -> None:
    mine = await made(client, 3)
    foreign = (await client.as_user("anna").create())["id"]
    await update(client, [mine[1]], addTags=[str(number) for number in range(19)])
    named = [str(uuid4()), mine[0], foreign, mine[1], mine[2], mine[0]]
    sessions, errors = await update(client, named, addTags=["x", "y"], pinned=True)
    assert [session["id"] for session in sessions] == [mine[0], mine[2]]
    assert errors == [("NOT_FOUND", at(0)), ("NOT_FOUND", at(2)), ("TOO_LARGE", at(3))]
    assert await listed(client, pinned=True) == [mine[2], mine[0]]
    assert await listed(client, tags=["x"]) == [mine[2], mine[0]]
    [kept], _ = await update(client, [mine[1]])
    assert len(kept["tags"]) == 19
    assert await listed(client.as_user("anna"), pinned=True) == []


async def test_tags_that_no_session_may_have_change_nothing(client: Client) -> None:
    ids = await made(client, 2)
    for changes, code, path in [
        ({"addTags": ["a", ""]}, "INVALID_INPUT", ["addTags", "1"]),
        ({"removeTags": ["x" * 51]}, "TOO_LARGE", ["removeTags", "0"]),
        ({"addTags": [str(number) for number in range(21)]}, "TOO_LARGE", ["addTags"]),
        ({"addTags": ["a", "Work"], "removeTags": ["WORK"]}, "INVALID_INPUT", ["addTags", "1"]),
    ]:
        assert await update(client, ids, archived=True, **changes) == ([], [(code, ["input", *path])])
    assert await listed(client, archived=True) == []


async def test_sessions_are_deleted_with_all_that_is_theirs(client: Client, upstream: Upstream) -> None:
    ids = await made(client, 12)
    foreign = (await client.as_user("anna").create())["id"]
    await update(client, ids, addTags=["work"])
    gone, errors = await delete(client, [*ids[:10], foreign, ids[0]])
    assert gone == ids[:10]
    assert errors == [("NOT_FOUND", at(10))]
    assert await listed(client) == await listed(client, tags=["work"]) == ids[:9:-1]
    assert upstream.calls.count("DELETE /session/{id}") == upstream.calls.count("DELETE /disk/{id}") == 10
    assert await delete(client, ids[:2]) == ([], [("NOT_FOUND", at(0)), ("NOT_FOUND", at(1))])
    assert await listed(client.as_user("anna")) == [foreign]


async def test_sessions_are_gone_for_readers_where_acontext_is_away(client: Client, upstream: Upstream) -> None:
    ids = await made(client, 3)
    upstream.fault = lambda _: "before"
    assert await delete(client, ids) == (ids, [])
    assert await listed(client) == []


class TestBounds:
    """On one kind of database: nothing gets that far."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    async def test_a_list_has_1_to_100_ids_of_sessions(self, client: Client) -> None:
        for ids in ([], [str(uuid4()) for _ in range(101)]):
            assert await update(client, ids, pinned=True) == ([], [("INVALID_INPUT", ["input", "ids"])])
            assert await delete(client, ids) == ([], [("INVALID_INPUT", ["input", "ids"])])
        missing = [str(uuid4()) for _ in range(100)]
        assert await delete(client, missing) == ([], [("NOT_FOUND", at(place)) for place in range(100)])
        for document in (UPDATE, DELETE):
            [error] = (await client.answer(document, input={"ids": [missing[0], "no id"]}))["errors"]
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}
            assert error["message"] == "ids.1: this is not an id of a Session."

    async def test_whole_conversations_of_more_than_ten_are_refused_before_anything_is_done(
        self, client: Client
    ) -> None:
        ids = await made(client, 11)
        document = UPDATE.replace("sessions { id", "sessions { messages { nodes { id } } id")
        assert await client.code(document, input={"ids": ids, "pinned": True}) == "COST_LIMIT_EXCEEDED"
        assert await listed(client, pinned=True) == []
        payload = (await client.data(document, input={"ids": ids[:10], "pinned": True}))["updateSessions"]
        assert len(payload["sessions"]) == 10
