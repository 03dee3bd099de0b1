"""Searches take PostgreSQL's patterns; each expectation here was asked of a PostgreSQL."""

import pytest

from embedded.opened import Client
from gql_api.embedded.patterns import BadPattern, Searcher


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (r"TODO", "a todo", "to do"),
        (r"^b", "b", "a\nb"),
        (r"b$", "ab", "b\n"),
        (r"a.b", "a\nb", "ab"),
        (r"\ytodo\y", "a todo!", "todos"),
        (r"\mto", "to do", "auto"),
        (r"to\M", "auto", "tox"),
        (r"\Yo", "to", "o"),
        (r"[[:<:]]to", "to", "auto"),
        (r"\Ab", "b", "ab"),
        (r"\bword", "\bword", "word"),
        (r"\B", "\\", "a"),
        (r"a{,2}", "a{,2}", "aa"),
        (r"a{x", "a{x", "a"),
        (r"a{2}", "aa", "a"),
        (r"(a)\1", "aa", "a"),
        (r"(?=ab)a", "ab", "ac"),
        (r"a(?!b)", "ac", "ab"),
        (r"(?<=a)b", "ab", "b"),
        (r"(?<!a)b", "b", "ab"),
        (r"a(?#note)b", "ab", "a"),
        (r"[]a]", "]", "b"),
        (r"[^]a]", "b", "]"),
        (r"[a-]", "-", "b"),
        (r"[\d-]x", "-x", "ax"),
        (r"[\D]", "a", "1"),
        (r"[^\D]", "1", "a"),
        (r"[\]]", "]", "["),
        (r"[[.-.]x]", "-", "a"),
        (r"[[:upper:]]", "a", "1"),
        (r"[[:alpha:]_]", "é", "1"),
        (r"\d{4}-\d{2}", "2024-05", "2024"),
        (r"\w", "日", "-"),
        (r"\x41", "a", "b"),
        (r"\u00e9", "É", "e"),
        (r"\101", "A", "1"),
        (r"\cA", "\x01", "A"),
        (r"\e\f\v", "\x1b\f\v", "efv"),
        (r"(?c)a", "a", "A"),
        (r"(?n)^b", "a\nb", "ab"),
        (r"(?n)a.b", "axb", "a\nb"),
        (r"(?p)a[^x]b", "ayb", "a\nb"),
        (r"(?w)a$", "a\nb", "ab"),
        (r"(?x)a b # both", "ab", "a b"),
        (r"(?q)a.b", "a.b", "axb"),
        (r"***=a.b", "A.B", "axb"),
        (r"***:a.b", "axb", "ab"),
        (r"a|", "", None),
        (r"()", "", None),
    ],
)
def test_a_pattern_means_what_postgresql_means(pattern: str, found: str, missed: str | None) -> None:
    searcher = Searcher(pattern)

    assert searcher.found_in(found)
    assert missed is None or not searcher.found_in(missed)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "a)", "[", "[a", "[c-a]", "[a-c-e]", r"[a-\d]", "[[:foo:]]", r"[\y]"),
        *("*a", "+", "a**", "a*+", "a???", "^*", "$*", r"\y*", "(?=a)*", "x{1}{2}", "(*a)"),
        *("a{256}", "a{2,1}", "a{1", "a{1e}", "a{1,"),
        *("\\", r"\z", r"\q", r"\p{L}", r"\x", r"\u004", r"\c", r"\1(a)", r"(a\1)", r"(?=(a))\1"),
        *("(?)", "(?z)a", "(?i:a)", "a(?i)b", "(?P<n>a)", "(?>a)", "***", "***x"),
    ],
)
def test_a_pattern_that_postgresql_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Searcher(pattern)


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("/?", ["/é", "/\\"]),
        ("/\\\\", ["/\\"]),
        ("/a\\_b", ["/a_b"]),
        ("/a_b", ["/a_b", "/axb"]),
        ("/A*", []),
        ("zz\\", []),
    ],
)
async def test_a_glob_is_a_like_pattern(client: Client, glob: str, found: list[str]) -> None:
    disk = await client.disk()
    for name in ("é", "a_b", "axb"):
        await client.put(disk, f"/{name}", b"x")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="\\\\"\r\n\r\nx\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    await client.call("POST", f"/disk/{disk}/artifact", content=body, headers=headers)

    files = await client.call("GET", f"/disk/{disk}/artifact/glob", params={"query": glob})

    assert sorted(f"{file['path']}{file['filename']}" for file in files) == sorted(found)


@pytest.mark.parametrize("glob", ["/a\\", "*\\", "/???\\"])
async def test_a_glob_whose_end_escapes_nothing_fails_once_a_path_comes_there(client: Client, glob: str) -> None:
    disk = await client.disk()
    await client.put(disk, "/axb.txt", b"x")

    refused = await client.refused("GET", f"/disk/{disk}/artifact/glob", params={"query": glob})

    assert refused == (500, 500, "database error")
