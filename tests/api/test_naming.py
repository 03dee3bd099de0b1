"""How a list shows sessions: by their title or how they open, with what was said last, in as few calls as can be."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client import Client
from api.test_session import DELETE
from api.upstream import Upstream
from databases import Databases
from gql_api import model
from gql_api.opening import LONGEST, opening_of
from gql_api.store.models import SessionMapping

NAMES = "{ sessions(orderBy: CREATED_AT_ASC) { nodes { displayTitle } } }"
LAST = "{ sessions(orderBy: CREATED_AT_ASC) { nodes { lastMessage { text session { id } } } } }"
READS = "GET /session/{id}/messages"
SYSTEM = {"chat": {"role": "SYSTEM", "content": "You are kind."}}
ASSISTANT = {"chat": {"role": "ASSISTANT", "content": "How can I help?"}}


async def names(client: Client) -> list[str]:
    return [node["displayTitle"] for node in (await client.data(NAMES))["sessions"]["nodes"]]


async def past_us(upstream: Upstream, session: dict[str, Any], *texts: str, role: str = "user") -> None:
    for text in texts:
        body = {"blob": {"role": role, "content": text}, "format": "openai"}
        await upstream.ask("POST", f"/session/{session['acontextId']}/messages", json=body)


async def test_what_was_stored_here_is_named_without_a_call_and_after_a_restart_too(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream
) -> None:
    expected = ["Tea", "What is the weather?", "first"]
    async with start() as client:
        await client.store((await client.create(title="Tea"))["id"], "hello")
        blank = (await client.create(title="  "))["id"]
        await client.store(blank, SYSTEM, ASSISTANT, "\n What is\tthe weather?\nIn Oslo")
        id = (await client.create())["id"]
        await client.store(id, "first")
        await client.store(id, "second")
        upstream.clear()
        assert await names(client) == expected
    async with start() as client:
        upstream.clear()
        assert await names(client) == expected
        assert upstream.calls == []


async def test_a_session_in_which_nothing_was_said_is_untitled_until_something_is(client: Client) -> None:
    id = (await client.create())["id"]
    assert await names(client) == ["Untitled"]
    await client.store(id, SYSTEM, ASSISTANT)
    assert await names(client) == ["Untitled"]
    await client.store(id, "hello")
    assert await names(client) == ["hello"]
    await client.store(id, "more")
    assert await names(client) == ["hello"]


async def test_what_others_stored_is_read_once(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    await past_us(upstream, session, "from elsewhere", "and more")
    upstream.clear()
    for _ in range(3):
        assert await names(client) == ["from elsewhere"]
    assert upstream.calls == [READS]
    await client.store(session["id"], "from here")
    assert await names(client) == ["from elsewhere"]


async def test_an_adopted_session_opens_with_what_was_said_before_it_was_known(
    client: Client, upstream: Upstream
) -> None:
    theirs = await upstream.ask("POST", "/session", json={"user": "anna"})
    await past_us(upstream, {"acontextId": theirs["id"]}, "long ago")
    anna = client.as_user("anna")
    document = "mutation ($id: ID!) { getOrCreateSession(input: {id: $id}) { session { id } } }"
    id = (await anna.data(document, id=theirs["id"]))["getOrCreateSession"]["session"]["id"]
    await anna.store(id, "just now")
    upstream.clear()
    assert await names(anna) == await names(anna) == ["long ago"]
    assert upstream.calls == [READS]


async def test_an_acontext_that_is_away_blanks_no_page(client: Client, upstream: Upstream) -> None:
    session = await client.create()
    await past_us(upstream, session, "from elsewhere")
    upstream.fault = lambda _: "before"
    assert await names(client) == ["Untitled"]
    answer = await client.answer(LAST)
    assert answer["data"]["sessions"]["nodes"] == [{"lastMessage": None}]
    assert [error["path"] for error in answer["errors"]] == [["sessions", "nodes", 0, "lastMessage"]]
    upstream.fault = None
    assert await names(client) == ["from elsewhere"]


async def test_a_deleted_session_leaves_nothing_of_what_was_said(client: Client, upstream: Upstream) -> None:
    kept, gone = await client.create(), await client.create()
    for session in (kept, gone):
        await client.store(session["id"], "secret")
    await names(client)
    upstream.fault = lambda request: "before" if request.method == "DELETE" else None
    await client.data(DELETE, id=gone["id"])
    rows = await SessionMapping.all().values("id", "state", "opening", "opening_micros")
    found = {str(row["id"]): (row["state"], row["opening"], row["opening_micros"] is None) for row in rows}
    assert found == {kept["acontextId"]: ("ready", "secret", False), gone["acontextId"]: ("deleting", None, True)}


async def test_the_last_message_is_the_newest_whoever_stored_it(client: Client, upstream: Upstream) -> None:
    empty, session = await client.create(), await client.create()
    await client.store(session["id"], "one", "two")
    await past_us(upstream, session, "three")
    nodes = (await client.data(LAST))["sessions"]["nodes"]
    assert nodes == [{"lastMessage": None}, {"lastMessage": {"text": "three", "session": {"id": session["id"]}}}]
    assert empty["id"] != session["id"]


class TestSharing:
    """On one kind of database: what is counted are calls of Acontext."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    @pytest.mark.parametrize("count", [0, 3, 30])
    @pytest.mark.parametrize(
        "beside",
        [
            "messages(last: 5) { nodes { text } }",
            "messages(last: 5) { resumeCursor nodes { text } }",
            "messages { nodes { text } }",
        ],
    )
    async def test_what_is_read_beside_is_not_read_again(
        self, client: Client, upstream: Upstream, count: int, beside: str
    ) -> None:
        sessions = [await client.create() for _ in range(3)]
        for number, session in enumerate(sessions):
            await past_us(upstream, session, *[f"{number}: {place}" for place in range(count)])
        document = "{ sessions(orderBy: CREATED_AT_ASC) { nodes { %s } } }"
        upstream.clear()
        alone = (await client.data(document % beside))["sessions"]["nodes"]
        calls = sorted(upstream.calls)
        again = "lastMessage { text } again: lastMessage { id }"
        for fields in (f"{again} {beside}", f"{beside} {again}"):
            upstream.clear()
            nodes = (await client.data(document % fields))["sessions"]["nodes"]
            assert len(upstream.calls) <= len(calls)
            for number, (node, before) in enumerate(zip(nodes, alone, strict=True)):
                last = node["lastMessage"]
                assert (last and last["text"]) == (f"{number}: {count - 1}" if count else None)
                assert [one["text"] for one in node["messages"]["nodes"]] == [
                    one["text"] for one in before["messages"]["nodes"]
                ]

    async def test_a_page_with_both_costs_one_call_a_session_once(self, client: Client, upstream: Upstream) -> None:
        for number in range(3):
            session = await client.create()
            await past_us(upstream, session, f"{number}: first", f"{number}: last")
        document = "{ sessions(orderBy: CREATED_AT_ASC) { nodes { displayTitle lastMessage { text } } } }"
        upstream.clear()
        nodes = (await client.data(document))["sessions"]["nodes"]
        assert [node["displayTitle"] for node in nodes] == [f"{number}: first" for number in range(3)]
        assert [node["lastMessage"]["text"] for node in nodes] == [f"{number}: last" for number in range(3)]
        again = upstream.calls.copy()
        upstream.clear()
        assert (await client.data(document))["sessions"]["nodes"] == nodes
        assert upstream.calls == [READS] * 3
        assert len(again) <= 9


def said(text: str, role: str = "user", **meta: str) -> model.Message:
    return model.Message("", None, role, [{"type": "text", "text": text}], meta, {}, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello", "hello"),
        ("\n \t\n two  words \nmore", "two words"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 30, "word " * 15 + "word…"),
        ("x" * 41 + " " + "y" * 60, "x" * 41 + "…"),
        ("x " + "y" * 100, "x " + "y" * 77 + "…"),
        ("x" * 78 + "é" * 9, "x" * 78 + "é…"),
        ("x" * 78 + "e" + "\u0301" * 3 + "z", "x" * 78 + "…"),
        ("x" * 10_001, "x" * 79 + "…"),
        ("日" * 100, "日" * 79 + "…"),
    ],
)
def test_an_opening_is_a_line_cut_at_a_word(text: str, shown: str) -> None:
    found = opening_of([said("as the model", "assistant"), said("kind", original_role="system"), said(" "), said(text)])
    assert found
    assert found[0] == shown
    assert found[1].parts[0]["text"] == text


@given(st.text())
def test_an_opening_is_short_and_of_one_line_whatever_is_said(text: str) -> None:
    found = opening_of([said(text)])
    if found is None:
        assert not text.isprintable() or not text.strip()
    else:
        assert 0 < len(found[0]) <= LONGEST
        assert found[0] == found[0].strip()
        assert len(found[0].splitlines()) == 1
