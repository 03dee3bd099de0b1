"""Globs against simpler accounts of what they are, and what they may cost."""

import asyncio
import tracemalloc
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.globs import matched
from gql_api.errors import Correctable, CostLimitExceeded
from gql_api.model import File
from gql_api.services import globs

SEGMENTS = st.text(st.sampled_from("abc."), min_size=1, max_size=3)
FOUND = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda pieces: "/" + "/".join(pieces))
PIECES = (
    st.just("**") | st.text(st.sampled_from("abc.*?"), max_size=3) | st.sampled_from(["[ab]", "[!a]*", "[a-b]c", "["])
)
PATTERNS = st.lists(PIECES, min_size=1, max_size=5).map(lambda pieces: "/" + "/".join(pieces))


@given(PATTERNS, FOUND)
def test_a_glob_matches_what_a_simpler_matcher_matches(pattern: str, path: str) -> None:
    assert globs.Glob(pattern).matches(path) is matched(pattern, path)


@given(PATTERNS, FOUND)
def test_all_that_matches_lies_below_one_directory(pattern: str, path: str) -> None:
    directory = globs.below(pattern)
    assert directory.startswith("/")
    assert directory.endswith("/")
    if globs.Glob(pattern).matches(path):
        assert path.startswith(directory)


@pytest.mark.parametrize(
    ("pattern", "directory"),
    [
        ("/*.md", "/"),
        ("/a.md", "/"),
        ("/docs/z/*.md", "/docs/z/"),
        ("/docs/**", "/docs/"),
        ("/docs/*/z/a", "/docs/"),
        ("/d?cs/z/a", "/"),
        ("/d[o]cs/z/a", "/"),
    ],
)
def test_a_glob_is_looked_for_as_deep_as_it_is_fixed(pattern: str, directory: str) -> None:
    assert globs.below(pattern) == directory


def test_a_glob_counts_from_its_directory_unless_it_begins_at_the_root() -> None:
    assert globs.absolute("*.md", "/docs/", ()) == "/docs/*.md"
    assert globs.absolute("/*.md", "/docs/", ()) == "/*.md"
    assert globs.absolute("x" * 512, "/", ()) == "/" + "x" * 512
    for bad in ("", "x" * 513):
        with pytest.raises(Correctable) as caught:
            globs.absolute(bad, "/", ("glob",))
        assert caught.value.path == ("glob",)


@given(
    st.text(st.sampled_from("ab*?[]!-^&|~\\:.=<>{}()+$#\n é,"), min_size=1), st.text(st.sampled_from("ab[]:\\-!^\n é"))
)
@example("[a[:alpha:]]", "a]")
@example("[[:alpha:]]", "b]")
@example("[:a]", ":")
@example("[a--b]", "-")
def test_a_segment_matches_what_the_shell_matches(pattern: str, segment: str) -> None:
    assert globs.Glob("/" + pattern).matches("/" + segment) is (pattern == "**" or fnmatchcase(segment, pattern))


def test_a_directory_is_no_pattern() -> None:
    pattern = globs.absolute("*.md", "/[a]/*/", ())
    assert globs.Glob(pattern).matches("/[a]/*/x.md")
    assert not globs.Glob(pattern).matches("/a/b/x.md")


def test_no_glob_is_kept_after_its_search() -> None:
    def search() -> None:
        for _ in range(100):
            assert not globs.Glob(f"/*{uuid4().hex * 4}").matches("/a.md")

    search()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        search()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100 * 32 * 4  # characters that were searched for


MANY = "/**" * 100
DEEP = "/a" * 500
"""A path that is compared with it in 53 000 steps."""
REST = "/a" * 239 + "/" + "a" * 521
"""One of 27 000 steps, which together with 91 of those are as many as may be."""


def files(*paths: str) -> list[File]:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    of = [path.rpartition("/") for path in paths]
    return [
        File(disk_id=uuid4(), directory=directory + slash, filename=name, mime_type="text/plain", size=1, metadata={},
             created_at=when, updated_at=when)
        for directory, slash, name in of
    ]  # fmt: skip


@pytest.mark.parametrize("search", ["in one", "in two"])
async def test_an_operation_compares_so_much_and_no_more(search: str) -> None:
    enough = files(*[DEEP] * 91, REST)
    if search == "in one":
        assert await globs.Globs().found(MANY, enough) == enough
        with pytest.raises(CostLimitExceeded, match=r"^glob: "):
            await globs.Globs().found(MANY, [*enough, *files("/a")])
        return
    both = globs.Globs()
    assert await both.found(MANY, enough[:50]) == enough[:50]
    assert await both.found(MANY, enough[50:]) == enough[50:]  # it is made once
    with pytest.raises(CostLimitExceeded, match=r"^glob: "):
        await both.found(MANY, files("/a"))


async def test_a_glob_is_made_only_if_there_are_steps_for_it() -> None:
    one = globs.Globs()
    made = globs.MOST_STEPS // (512 * globs.MAKING)
    for number in range(made):
        assert await one.found(f"/{number:03}" + "*a" * 254, []) == []
    with pytest.raises(CostLimitExceeded, match=r"^glob: "):
        await one.found("/abc" + "*a" * 254, [])


async def test_others_have_their_turn_while_much_is_compared() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    await globs.Globs().found(MANY, files(*[DEEP] * 90))
    waiting.cancel()
    assert turns >= 90
