"""Paths and globs against simpler accounts of what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.globs import matched
from gql_api.errors import Correctable, Invalid, TooLarge
from gql_api.services import paths

LETTERS = st.sampled_from('ab.* /\\"\n\x7f\ud800é')
TEXTS = st.text(LETTERS, max_size=8)
BAD_LETTERS = set('\\"\n\x7f\ud800')


def is_good(path: str) -> bool:
    """Tell whether a path from the root is one of a directory."""
    return is_good_file(path + "/x")


def is_good_file(path: str) -> bool:
    """Tell whether a path from the root, the name included, is one of a file."""
    *directories, name = path.split("/")[1:]
    return (
        not BAD_LETTERS & set(path)
        and all(segment and segment == segment.strip() for segment in (*directories, name))
        and not any(".." in segment or segment.strip(".") == "" for segment in directories)
        and name not in (".", "..")
    )


@given(TEXTS)
def test_a_file_has_one_path_from_the_root_and_what_is_none_is_refused(text: str) -> None:
    path = text if text.startswith("/") else "/" + text
    try:
        directory, name = paths.file(text, ("path",))
    except Invalid:
        assert not is_good_file(path)
    else:
        assert is_good_file(path)
        assert directory + name == path
        assert "/" not in name
        assert paths.file(path, ()) == paths.file(path[1:], ()) == (directory, name)
        assert paths.directory(directory, ()) == directory


@given(TEXTS)
def test_a_directory_has_one_path_however_it_is_spelled(text: str) -> None:
    inner = text.strip("/")
    try:
        directory = paths.directory(text, ("path",))
    except Invalid:
        assert not is_good("/" + inner)
    else:
        assert directory == (f"/{inner}/" if inner else "/")
        assert not inner or is_good("/" + inner)


def test_a_path_has_at_most_1024_characters() -> None:
    longest = "/" + "x" * 1023
    assert paths.file(longest, ()) == ("/", longest[1:])
    assert paths.directory(longest, ()) == longest + "/"
    for read in (paths.file, paths.directory):
        with pytest.raises(TooLarge) as caught:
            read(longest + "x", ("input", "path"))
        assert caught.value.path == ("input", "path")


SEGMENTS = st.text(st.sampled_from("abc."), min_size=1, max_size=3)
FOUND = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda pieces: "/" + "/".join(pieces))
PIECES = (
    st.just("**") | st.text(st.sampled_from("abc.*?"), max_size=3) | st.sampled_from(["[ab]", "[!a]*", "[a-b]c", "["])
)
PATTERNS = st.lists(PIECES, min_size=1, max_size=5).map(lambda pieces: "/" + "/".join(pieces))


@given(PATTERNS, FOUND)
def test_a_glob_matches_what_a_simpler_matcher_matches(pattern: str, path: str) -> None:
    assert paths.matches(pattern, path) is matched(pattern, path)


@given(PATTERNS, FOUND)
def test_all_that_matches_lies_below_one_directory(pattern: str, path: str) -> None:
    directory = paths.below(pattern)
    assert directory.startswith("/")
    assert directory.endswith("/")
    if paths.matches(pattern, path):
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
    assert paths.below(pattern) == directory


def test_a_glob_counts_from_its_directory_unless_it_begins_at_the_root() -> None:
    assert paths.absolute_glob("*.md", "/docs/", ()) == "/docs/*.md"
    assert paths.absolute_glob("/*.md", "/docs/", ()) == "/*.md"
    assert paths.absolute_glob("x" * 512, "/", ()) == "/" + "x" * 512
    for bad in ("", "x" * 513):
        with pytest.raises(Correctable) as caught:
            paths.absolute_glob(bad, "/", ("glob",))
        assert caught.value.path == ("glob",)
