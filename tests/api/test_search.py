"""Messages found by what they say, on both databases alike."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from api.client import Client
from api.conversation import chat
from api.forking import forked
from api.upstream import Upstream
from gql_api.store.models import SessionMapping

SEARCH = """
query ($words: String!, $first: Int, $after: String, $user: String) {
  searchMessages(query: $words, first: $first, after: $after, user: $user) {
    edges {
      cursor
      node { snippet { text isMatch } session { id } messageId role createdAt pageCursor message { id text } }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}
"""
FIND = """
query ($words: String!, $first: Int, $after: String) {
  searchMessages(query: $words, first: $first, after: $after) { nodes { snippet { text isMatch } } }
}
"""
AT = """
query ($id: ID!, $after: String, $before: String, $first: Int, $last: Int) {
  session(id: $id) { messages(after: $after, before: $before, first: $first, last: $last) { nodes { text } } }
}
"""
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { code } } }"
LANGUAGES = {
    "Größe, Straße: GRÖSSE": ["grosse", "STRASSE", "große"],
    "Café crème, ПРИВЕТ, Ёлка": ["cafe", "CRÈME", "привет", "елка"],
    "我们明天去北京看猫": ["北京", "猫", "明天去北京", "我"],
    "東京タワーに行きました。ｶﾞﾗｽ": ["タワー", "行きま", "東", "ガラス"],
    "서버를 다시 시작했습니다": ["서버", "시작", "다시"],
    "สวัสดีครับทุกคน": ["ครับ", "สวัสดี"],
    "हिन्दी में खोज": ["हिन्दी", "खोज"],
    "the call of foo_bar(x) in src/main.py failed": ["foo_bar", "main.py", '"src main"', "fail*", "FOO"],
    "don't e-mail ada@example.org v1.2.3": ["don't", "e-mail", "ada@example.org", "V1.2.3"],
    "ﬁne ① ⑴ ½ ﷺ": ["fine", "1", "12"],
}


async def elsewhere(upstream: Upstream, session: str, text: str) -> None:
    """Store a message past the server."""
    body = {"format": "acontext", "blob": {"role": "user", "parts": [{"type": "text", "text": text}]}}
    await upstream.ask("POST", f"/session/{session}/messages", json=body)


async def kept() -> list[str]:
    """Give all texts that are in the database, however often."""
    connection = SessionMapping._meta.db
    words = "SELECT rowid FROM message_words" if connection.capabilities.dialect == "sqlite" else ""
    rows = await connection.execute_query_dict("SELECT text FROM message_texts")
    assert not words or len(await connection.execute_query_dict(words)) == len(rows)
    return [row["text"] for row in rows]


async def found(client: Client, query: str, **given: Any) -> list[str]:
    nodes = (await client.data(FIND, words=query, **given))["searchMessages"]["nodes"]
    return ["".join(piece["text"] for piece in node["snippet"]) for node in nodes]


async def test_a_message_is_found_as_soon_as_it_is_stored_with_the_way_to_it(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, "first of all", "The quick brown fox", "and last")
    page = (await client.data(SEARCH, words="QUICK fox"))["searchMessages"]
    [edge] = page["edges"]
    hit = edge["node"]
    assert page["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": edge["cursor"],
        "endCursor": edge["cursor"],
    }
    assert hit["snippet"] == [
        {"text": "The ", "isMatch": False},
        {"text": "quick", "isMatch": True},
        {"text": " brown ", "isMatch": False},
        {"text": "fox", "isMatch": True},
    ]
    assert hit["session"] == {"id": session}
    assert hit["message"] == {"id": hit["messageId"], "text": "The quick brown fox"}
    assert hit["role"] == "USER"
    place = hit["pageCursor"]
    after = (await client.data(AT, id=session, after=place, first=2))["session"]["messages"]["nodes"]
    before = (await client.data(AT, id=session, before=place, last=2))["session"]["messages"]["nodes"]
    assert after == [{"text": "The quick brown fox"}, {"text": "and last"}]
    assert before == [{"text": "first of all"}]


@pytest.mark.parametrize("text", LANGUAGES)
async def test_texts_of_all_kinds_are_found(client: Client, text: str) -> None:
    session = (await client.create())["id"]
    await client.store(session, text, "something else")
    for query in LANGUAGES[text]:
        assert await found(client, query) == [text], query


async def test_words_are_whole_and_all_of_them_are_there(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, "red apples", "green apples and red pears", "red red wine")
    assert await found(client, "red") == ["red red wine", "green apples and red pears", "red apples"]
    assert await found(client, "red apples") == ["green apples and red pears", "red apples"]
    assert await found(client, '"red apples"') == ["red apples"]
    assert await found(client, "red -apples") == ["red red wine"]
    assert await found(client, "red -pears -wine") == ["red apples"]
    assert await found(client, 'apples -"green apples"') == ["red apples"]
    assert await found(client, "apple") == []
    assert await found(client, "apple*") == ["green apples and red pears", "red apples"]
    assert await found(client, "red OR wine") == []
    for nothing in ("-red", "!", '""', '"', "*", "   ", "- - -", "'\\:&|<->"):
        assert await found(client, nothing) == []


async def test_what_is_no_speech_is_not_searched(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    for role, parts in (
        ("user", [{"type": "tool-result", "text": "needle", "meta": {"tool_call_id": "1"}}]),
        ("assistant", [{"type": "tool-call", "meta": {"id": "1", "name": "needle", "arguments": '"needle"'}}]),
    ):
        body = {"format": "acontext", "blob": {"role": role, "parts": parts}}
        await upstream.ask("POST", f"/session/{made['acontextId']}/messages", json=body)
    assert len((await client.data(AT, id=made["id"]))["session"]["messages"]["nodes"]) == 2
    assert await found(client, "needle") == []


async def test_instructions_are_not_searched(client: Client) -> None:
    session = (await client.create())["id"]
    roles = ("SYSTEM", "DEVELOPER", "USER", "ASSISTANT")
    await client.store(session, *({"chat": {"role": role, "content": f"needle of {role}"}} for role in roles))
    page = (await client.data(SEARCH, words="needle"))["searchMessages"]
    assert [edge["node"]["role"] for edge in page["edges"]] == ["ASSISTANT", "USER"]


async def test_what_a_fork_copied_is_found_at_once_and_names_it(client: Client, upstream: Upstream) -> None:
    made = (await client.create())["id"]
    await client.store(made, chat("SYSTEM", "a walrus, by instruction"), "A walrus?", chat("ASSISTANT", "A walrus."))
    copy = (await forked(client, sessionId=made))["id"]
    found = (await client.data(SEARCH, words="walrus"))["searchMessages"]
    assert [edge["node"]["session"]["id"] for edge in found["edges"]] == [copy, copy, made, made]
    assert [edge["node"]["message"]["id"] for edge in found["edges"]] == [
        edge["node"]["messageId"] for edge in found["edges"]
    ]
    upstream.clear()
    named = await client.data("query ($id: ID!) { session(id: $id) { displayTitle } }", id=copy)
    assert (named["session"]["displayTitle"], upstream.calls) == ("A walrus?", [])


async def test_what_others_stored_is_found_once_it_is_read(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    await elsewhere(upstream, made["acontextId"], "a message from elsewhere")
    assert await found(client, "elsewhere") == []
    await client.data(AT, id=made["id"], last=1)
    assert await found(client, "elsewhere") == ["a message from elsewhere"]


async def test_of_a_deleted_session_nothing_is_found_or_kept(client: Client, upstream: Upstream) -> None:
    """Also where Acontext cannot be reached, and the deletion is finished later."""
    session, other = (await client.create())["id"], (await client.create())["id"]
    await client.store(session, "a secret", "another secret")
    await client.store(other, "no secret")
    assert len(await found(client, "secret")) == 3
    upstream.fault = lambda request: "before"
    await client.data(DELETE, id=session)
    assert await found(client, "secret") == ["no secret"]
    assert await kept() == ["no secret"]


async def test_what_waits_to_be_kept_is_not_once_its_session_is_deleted(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, "a secret")
    await client.data(DELETE, id=session)
    assert await found(client, "secret") == await kept() == []


async def test_a_hit_whose_conversation_is_gone_from_acontext_is_shown_without_its_message(
    client: Client, upstream: Upstream
) -> None:
    made = await client.create()
    await client.store(made["id"], "the needle")
    await upstream.ask("DELETE", f"/session/{made['acontextId']}")
    answer = await client.answer(SEARCH, words="needle")
    [edge] = answer["data"]["searchMessages"]["edges"]
    assert (edge["node"]["message"], edge["node"]["snippet"][1]["text"]) == (None, "needle")
    assert [error["path"][-1] for error in answer["errors"]] == ["message"]


async def test_whole_conversations_are_not_to_be_had_by_the_hit(client: Client) -> None:
    await client.store((await client.create())["id"], *["needle"] * 11)
    whole = 'query ($first: Int) { searchMessages(query: "needle", first: $first) { nodes { %s } } }'
    document = whole % "session { messages { nodes { id } } }"
    assert await client.code(document, first=11) == "COST_LIMIT_EXCEEDED"
    page = (await client.data(document, first=10))["searchMessages"]["nodes"]
    assert [len(hit["session"]["messages"]["nodes"]) for hit in page] == [11] * 10
    answer = await client.answer(document)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}


async def test_archived_sessions_are_searched_too(client: Client) -> None:
    session = (await client.create())["id"]
    await client.store(session, "packed away")
    document = "mutation ($id: ID!) { updateSession(input: {id: $id, archived: true}) { errors { code } } }"
    await client.data(document, id=session)
    assert await found(client, "packed") == ["packed away"]


async def test_others_find_nothing_of_it(client: Client) -> None:
    ada, bob = client.as_user("ada"), client.as_user("bob")
    await ada.store((await ada.create())["id"], "hers alone")
    await bob.store((await bob.create())["id"], "his alone")
    assert await found(ada, "alone") == ["hers alone"]
    assert await found(bob, "alone") == ["his alone"]
    page = (await client.data(SEARCH, words="alone", user="bob"))["searchMessages"]
    assert [edge["node"]["message"]["text"] for edge in page["edges"]] == ["his alone"]


async def test_pages_give_each_hit_once_newest_first(client: Client) -> None:
    sessions = [(await client.create())["id"] for _ in range(2)]
    for number in range(7):
        await client.store(sessions[number % 2], f"needle {number}", f"hay {number}")
    met, cursor = [], None
    for expected in (True, True, True, False):
        page = (await client.data(SEARCH, words="needle", first=2, after=cursor))["searchMessages"]
        assert page["totalCount"] == 7
        assert page["pageInfo"]["hasNextPage"] is expected
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        met += ["".join(piece["text"] for piece in edge["node"]["snippet"]) for edge in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]
    assert met == [f"needle {number}" for number in range(6, -1, -1)]


async def test_all_is_found_after_a_restart(start: Callable[..., AbstractAsyncContextManager[Client]]) -> None:
    async with start() as client:
        await client.store((await client.create())["id"], "before the restart")
    async with start() as client:
        assert await found(client, "restart") == ["before the restart"]


async def test_what_was_there_before_is_caught_up_with(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: Upstream
) -> None:
    """What was stored while search was off, and what others stored meanwhile; nobody reads it."""
    async with start(search=False) as client:
        made = await client.create()
        await client.store(made["id"], *(f"message {number}" for number in range(5)))
        assert await client.code(FIND, words="message") == "SEARCH_OFF"
        await elsewhere(upstream, made["acontextId"], "message from elsewhere")
    async with start(sweep_seconds=1) as client, asyncio.timeout(60):
        while len(await found(client, "message", first=100)) < 6:  # noqa: ASYNC110 - the sweep tells nobody
            await asyncio.sleep(0.05)
        assert await found(client, "elsewhere") == ["message from elsewhere"]


async def test_where_search_is_switched_off_all_that_was_kept_is_deleted(
    start: Callable[..., AbstractAsyncContextManager[Client]],
) -> None:
    async with start() as client:
        await client.store((await client.create())["id"], "a secret")
        assert await found(client, "secret") == ["a secret"]
    async with start(search=False, sweep_seconds=1) as client, asyncio.timeout(60):
        await client.store((await client.create())["id"], "another secret")
        while await kept():  # noqa: ASYNC110 - the sweep tells nobody
            await asyncio.sleep(0.05)
