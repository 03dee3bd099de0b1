"""Patterns that are much work to compile are refused before that, as PostgreSQL refuses bad ones."""

import re
import tracemalloc
from uuid import uuid4

import pytest

from embedded.opened import Client
from gql_api import expressions
from gql_api.embedded.patterns import BadPattern, Searcher

_LETTERS = 10
"""That a plain character takes, translated."""
_PLAIN = expressions.LONGEST // _LETTERS

ASKED = {
    "bounds": "(?:(?:a{255}){255}){255}",
    "bounds of captures": "((a{255}){255}){255}",
    "open bounds": "(?:(?:a{255,}){255,}){255,}",
    "optional bounds": "(?:(?:(?:ab){0,255}){0,255}){0,255}",
    "bounds of nothing": "(?:(?:(?:){255}){255}){255}",
    "small bounds": "(?:" * 20 + "ab" + "){2}" * 20,
    "pluses": "(?:" * 40 + "ab" + ")+" * 40,
    "bounds in a row": "a{255}" * 1_000,
    "parentheses": "(" * 5_000 + "a" + ")" * 5_000,
    "looks": "(?=" * 2_000 + "a" + ")" * 2_000,
    "alternatives": "(a|" * 1_000 + "b" + ")" * 1_000,
    "edges of words": r"\y" * 10_000,
}
LONG = {
    "parentheses": "(" * 60_000 + "a" + ")" * 60_000,
    "parentheses left open": "(" * 60_000,
    "edges of words": r"\y" * 100_000,
    "letters": "a" * 1_000_000,
    "literal letters": "***=" + "a" * 1_000_000,
    "literal letters by an option": "(?q)" + "a" * 99_000,
    "a note": "(?#" + "a" * 1_000_000 + ")b",
    "a bracket": "[" + "ab" * 200_000 + "]",
    "a bracket of classes": "[" + r"\D\W" * 20_000 + "]",
}


@pytest.mark.parametrize("pattern", [*ASKED.values(), *LONG.values()], ids=[*ASKED, *(f"long: {of}" for of in LONG)])
def test_a_pattern_that_is_much_work_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Searcher(pattern)


@pytest.mark.parametrize("pattern", ASKED.values(), ids=ASKED)
async def test_who_asks_for_it_hears_what_any_bad_pattern_is_told(client: Client, pattern: str) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"text")
    place = f"/disk/{disk}/artifact/grep"

    for given in (pattern, "("):
        refused = await client.refused("GET", place, params={"query": given})
        assert refused == (500, 500, "database error")
    assert [file["filename"] for file in await client.call("GET", place, params={"query": "T{1,2}"})] == ["a.txt"]


def group(opening: str, closing: str, depth: int) -> str:
    return opening * depth + "a" + closing * depth


_DEEPEST = expressions.DEEPEST
_ROOM = expressions.MOST_UNFOLDED
LIMITS = [
    *((group(*pair, _DEEPEST), group(*pair, _DEEPEST + 1)) for pair in (
        *(("(", ")"), ("(?:", ")"), ("(?=", ")"), ("(?!", ")"), ("(?<=", ")"), ("(?<!", ")")),
        *(("(?:", ")?"), ("(", ")*"), ("(x|", ")"), ("(", "|x)"), ("(?:[xy]|", ")??")),
    )),
    ("a" * _PLAIN, "a" * (_PLAIN + 1)),
    ("***=" + "a" * _PLAIN, "***=" + "a" * (_PLAIN + 1)),
    ("(?q)" + "a" * _PLAIN, "(?q)" + "a" * (_PLAIN + 1)),
    ("(?#" + "x" * (expressions.LONGEST - 5) + ")a", "(?#" + "x" * (expressions.LONGEST - 4) + ")a"),
    # Of each thing below there are as many copies as there may be, or one more than there must be.
    *(
        ((one + "b") * (_ROOM // (taken + _LETTERS)), (one + "b") * (_ROOM // (taken + _LETTERS) + 1))
        for one, taken in (
            ("a{99}", 100 * _LETTERS + _LETTERS),
            ("a{99,}", 100 * _LETTERS + _LETTERS),
            ("a{9,100}", 100 * _LETTERS + _LETTERS),
            ("(?:a{9}){19}", 20 * (10 + 1 + 2) * _LETTERS + _LETTERS),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("enough", "beyond"), LIMITS, ids=range(len(LIMITS)))
def test_what_is_within_a_limit_is_taken_and_one_more_is_not(enough: str, beyond: str) -> None:
    Searcher(enough)
    with pytest.raises(BadPattern, match=re.escape(beyond)):
        Searcher(beyond)


def test_a_search_that_would_take_all_memory_ends() -> None:
    with pytest.raises(BadPattern, match="takes too much"):
        Searcher(r"((a|aa)+)+\1b").found_in("a" * 4_000_000)


def test_no_pattern_is_kept_after_its_search() -> None:
    def search() -> None:
        for _ in range(20):
            assert not Searcher(f"{uuid4().hex * 5}").found_in("text")

    search()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        search()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20 * 32 * 5  # characters that were searched for
