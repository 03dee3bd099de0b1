"""Whatever is written and whatever is asked: both databases find the same, and no query is a fault."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.test_search import FIND, SEARCH, found
from api.test_session_paging import spelled
from gql_api.searching.lexemes import cut, lexemes
from gql_api.searching.query import terms
from gql_api.searching.snippet import LONGEST

HOSTILE = {
    "quotes": "'\"' OR 1=1 -- \"; DROP TABLE message_texts",
    "operators of PostgreSQL": "a & b | !c <-> d:*A (e",
    "operators of FTS5": "words : a NEAR(b c, 2) AND NOT ^d* + {e}",
    "backslashes": "\\ \\' \\\\ a\\",
    "nothing but punctuation": "?!.,;:()[]{}<>|&*-+=/\\^~`'\"",
    "a NUL": "a\0b",
    "signs of directions and no width": "\u202ea\u200bb\ufeff",
    "one letter of many marks": "a" + "\u0301" * 400,
    "a long word": "x" * 500,
    "many words": "a " * 250,
    "many phrases": '"a b" ' * 80,
    "many beginnings": "a* " * 160,
    "many that must not be there": "a " + "-b " * 160,
    "a long run": "猫" * 500,
    "open quotes": '"' * 500,
}
LETTERS = st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters='"*-')
WORD = st.one_of(
    st.sampled_from(["a", "b", "ab", "ba", "aa", "猫", "猫犬", "犬猫猫", "ส", "สว", "é", "e", "É", "a_b", "b.a"]),
    st.text(LETTERS, min_size=1, max_size=4),
)
MESSAGES = st.lists(st.lists(WORD, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6, unique=True)
MANNERS = ("{}", '"{}"', "{}*", "a -{}", '-"{}" e')


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_query_is_a_fault(client: Client, kind: str) -> None:
    await client.store((await client.create())["id"], "a b", "c")
    answer = await client.answer(FIND, words=HOSTILE[kind])
    assert answer.get("errors", []) == []
    assert set(answer["data"]["searchMessages"]) == {"nodes"}


@pytest.mark.parametrize("query", ["", "x" * 501, "a " * 5000])
async def test_a_query_of_no_length_or_too_much_is_refused(client: Client, query: str) -> None:
    answer = await client.answer(FIND, words=query)
    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["message"]) == ("BAD_USER_INPUT", "query: 1 to 500 characters.")


async def test_what_is_looked_through_for_snippets_is_bounded(client: Client) -> None:
    session = (await client.create())["id"]
    for _ in range(3):
        await client.store(session, *[("hay " * 5000)[:19_999]] * 17)
    assert len(await found(client, "hay", first=50)) == 50
    assert await client.code(FIND, words="hay", first=51) == "COST_LIMIT_EXCEEDED"
    without = FIND.replace("snippet { text isMatch }", "messageId")
    assert len((await client.data(without, words="hay", first=51))["searchMessages"]["nodes"]) == 51


async def test_cursors_and_sizes_are_those_of_this_list(client: Client) -> None:
    for cursor in (
        "x",
        spelled("session", 1, uuid4()),
        spelled("message-hit", -1, uuid4()),
        spelled("message-hit", 1, 1),
    ):
        assert await client.code(FIND, words="a", after=cursor) == "BAD_USER_INPUT"
    for size in (0, 101, -1):
        assert await client.code(FIND, words="a", first=size) == "BAD_USER_INPUT"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, others=MESSAGES, size=st.integers(1, 3), data=st.data())
async def test_a_word_of_a_message_finds_all_of_its_owners_that_have_it_and_no_others(
    client: Client, messages: list[str], others: list[str], size: int, data: st.DataObject
) -> None:
    user, stranger = client.as_user(str(uuid4())), client.as_user(str(uuid4()))
    await user.store((await user.create())["id"], *messages)
    await stranger.store((await stranger.create())["id"], *others)
    word = data.draw(st.sampled_from(sorted({word for text in messages for word in text.split()})))
    query = data.draw(st.sampled_from(MANNERS)).format(word)
    met: list[str] = []
    cursor, more = None, True
    while more:
        page = (await user.data(SEARCH, words=query, first=size, after=cursor))["searchMessages"]
        for edge in page["edges"]:
            met.append(edge["node"]["message"]["text"])
        assert page["totalCount"] == sum(matches(text, query) for text in messages)
        more, cursor = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert met == [text for text in messages[::-1] if matches(text, query)]
    if query == word and any(lexemes(word)):
        assert met != []


@given(st.text(max_size=300) | st.text(st.characters(max_codepoint=127), max_size=300))
@example("Two words_and OTHERS, 3 of them; " + "long" * 40)
def test_words_that_are_kept_are_those_that_are_searched_for(text: str) -> None:
    assert [*cut(text)] == [lexeme.text for lexeme in lexemes(text)]


def matches(text: str, query: str) -> bool:
    """Tell in the plainest way whether a text has what is asked for."""
    said = [lexeme.text for lexeme in lexemes(text)]
    asked = terms(query)
    return bool(asked) and all(any(_standing(said, term)) != term.is_unwanted for term in asked)


def _standing(said: list[str], term: object) -> Iterator[bool]:
    *first, last = term.lexemes  # type: ignore[attr-defined]
    for at in range(len(said) - len(first)):
        end = said[at + len(first)]
        ends = end.startswith(last) if term.is_start else end == last  # type: ignore[attr-defined]
        yield said[at : at + len(first)] == first and ends


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300),
    after=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300),
)
@example(before="x" * 300, after="")
@example(before="<b>", after="</b>")
async def test_a_snippet_is_plain_and_has_what_was_looked_for(client: Client, before: str, after: str) -> None:
    user = client.as_user(str(uuid4()))
    await user.store((await user.create())["id"], f"{before} Needle {after}")
    [hit] = (await user.data(FIND, words="needle"))["searchMessages"]["nodes"]
    assert [piece["text"] for piece in hit["snippet"] if piece["isMatch"]][:1] == ["Needle"]
    assert sum(len(piece["text"]) for piece in hit["snippet"]) <= LONGEST + 2
    [shown] = await found(user, "needle")
    assert "Needle" in shown
