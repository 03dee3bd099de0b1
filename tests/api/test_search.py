"""Messages found by what they say, on both databases alike."""

from typing import Any

import pytest

from api.client import Client
from api.upstream import Upstream

SEARCH = """
query ($words: String!, $first: Int, $after: String, $user: String) {
  searchMessages(query: $words, first: $first, after: $after, user: $user) {
    edges {
      cursor
      node { snippet { text isMatch } session { id } messageId role createdAt pageCursor message { id text } }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
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
    "ﬁne ① ⑴ ½ ﷺ 𝐛𝐨𝐥𝐝": ["fine", "1", "12", "bold"],
}


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
