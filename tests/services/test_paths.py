"""Paths against a simpler account of what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.errors import Invalid, TooLarge
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
