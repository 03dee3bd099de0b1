"""Files of a disk: how paths are cut, types told, directories listed and texts searched."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.opened import Client
from gql_api.embedded import mime, paths
from gql_api.embedded.envelope import Refusal
from gql_api.embedded.patterns import BadPattern, Searcher

SEGMENTS = st.text(st.sampled_from("ab .%é\\"), min_size=1, max_size=4)
FILES = st.lists(st.tuples(st.lists(SEGMENTS, max_size=3), SEGMENTS), max_size=12)


@given(st.text(st.sampled_from("/ab. \\é\t"), max_size=12))
@settings(max_examples=300, deadline=None)
def test_a_path_is_cut_at_its_last_slash_or_refused(file_path: str) -> None:
    trimmed = file_path.strip()
    whole = trimmed if trimmed.startswith("/") else f"/{trimmed}"
    directory = whole[: whole.rindex("/") + 1]

    if ".." in directory:
        with pytest.raises(Refusal, match="invalid path"):
            paths.split(file_path)
    else:
        assert paths.split(file_path) == (directory, whole[len(directory) :])


@given(FILES)
@settings(max_examples=150, deadline=None)
def test_directories_are_those_on_the_way_to_files(files: list[tuple[list[str], str]]) -> None:
    directories = ["/" + "".join(f"{segment}/" for segment in way) for way, _ in files]
    for listed in {"/", *directories}:
        depth = listed.count("/") - 1
        below = [way for way, _ in files if len(way) > depth and "/".join(["", *way[:depth], ""]) == listed]

        assert paths.children(listed, directories) == sorted({way[depth] for way in below})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../evil", "evil"),
        ("/abs/x", "x"),
        ("a/b/", "b"),
        ("..", ".."),
        ("/", "/"),
        ("a\\b", "a\\b"),
    ],
)
def test_a_file_name_is_its_last_element(sent: str, kept: str) -> None:
    assert paths.base_name(sent) == kept


async def test_listings_come_sorted(client: Client) -> None:
    disk = await client.disk()
    for path in ("/z.txt", "/a.txt", "/é/x", "/b/x", "/B/x", "/m.txt"):
        await client.put(disk, path, b"x")

    listing = await client.call("GET", f"/disk/{disk}/artifact/ls")
    found = await client.call("GET", f"/disk/{disk}/artifact/glob", params={"query": "*"})

    assert [file["filename"] for file in listing["artifacts"]] == ["a.txt", "m.txt", "z.txt"]
    assert listing["directories"] == ["B", "b", "é"]
    assert [file["path"] + file["filename"] for file in found] == ["/a.txt", "/m.txt", "/z.txt", "/B/x", "/b/x", "/é/x"]


async def test_a_replaced_file_is_new_and_has_no_old_metadata(client: Client) -> None:
    disk = await client.disk()
    old = await client.put(disk, "/a.txt", b"one", meta='{"k": 1.0}')

    new = await client.put(disk, "/a.txt", b"second")

    assert old["meta"]["k"] == 1
    assert new["created_at"] > old["created_at"]
    info = {"filename": "a.txt", "mime": "text/plain; charset=utf-8", "path": "/", "size": 6}
    assert new["meta"] == {"__artifact_info__": info}


async def test_bytes_that_are_no_utf8_are_shown_with_replacements(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/latin.txt", "naïve".encode("latin-1"))

    file = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/latin.txt"})

    assert file["content"] == {"type": "text", "raw": "na\ufffdve"}
    assert file["artifact"]["meta"]["__artifact_info__"]["mime"] == "text/plain; charset=iso-8859-1"


@pytest.mark.parametrize(
    ("name", "data", "content"),
    [
        ("a.csv", "a,b\n1\n", None),
        ("a.csv", 'a,"b\n', None),
        ("a.csv", "one\n", {"type": "csv", "raw": "one\n"}),
        ("a.jsonl", '{"a":1}\n{"a":2}\n', {"type": "text", "raw": '{"a":1}\n{"a":2}\n'}),
        ("a.rs", "fn main() {}", {"type": "code", "raw": "fn main() {}"}),
        ("data", '{"a": 1}', {"type": "json", "raw": '{"a": 1}'}),
    ],
)
async def test_the_content_is_shown_if_it_is_what_it_claims(
    client: Client, name: str, data: str, content: dict[str, str] | None
) -> None:
    disk = await client.disk()
    await client.put(disk, f"/{name}", data.encode())

    file = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": f"/{name}"})

    assert file.get("content") == content


async def test_exactly_sixteen_mebibytes_are_taken(client: Client) -> None:
    disk = await client.disk()

    stored = await client.put(disk, "/big.bin", bytes(16 * 1024 * 1024))

    assert stored["meta"]["__artifact_info__"]["size"] == 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("hello", "say HELLO", True),
        ("^print", "x\nprint", False),
        ("a.b", "a\nb", True),
        ("x$", "x\n", False),
        ("x$", "y\nx", True),
        (r"\yone\y", "the one", True),
        (r"\yone\y", "alone", False),
        (r"\mon", "the one", True),
        (r"\mne", "the one", False),
        (r"e\M", "the one.", True),
        (r"\bone", "the one", False),
        ("[[:digit:]]+", "a1", True),
        ("[$]5", "costs $5", True),
        (r"\$5", "costs $5", True),
        ("(?i)x", "X", True),
        ("(a|b){2}", "ab", True),
        (r"\d\s\w", "1 a", True),
    ],
)
def test_a_pattern_means_what_postgresql_means(pattern: str, text: str, found: bool) -> None:
    assert Searcher(pattern).found_in(text) is found


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*", "(?P<x"])
def test_a_broken_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Searcher(pattern)


async def test_a_pattern_that_explodes_is_cut_short(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"a" * 5000 + b"!")
    question = {"query": "(a|aa)+$|(a|a?)+b"}

    assert await client.refused("GET", f"/disk/{disk}/artifact/grep", params=question) == (500, 500, "database error")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/a%b.txt", ["/a%b.txt", "/axb.txt"]),
        (r"/a\%b.txt", ["/a%b.txt"]),
        ("/A*", []),
        ("/?xb.txt", ["/axb.txt"]),
        ("**/x_b.txt", []),
        ("**b.txt", ["/a%b.txt", "/axb.txt"]),
    ],
)
async def test_a_glob_is_a_like(client: Client, pattern: str, found: list[str]) -> None:
    disk = await client.disk()
    for path in ("/a%b.txt", "/axb.txt", "/c"):
        await client.put(disk, path, b"x")

    hits = await client.call("GET", f"/disk/{disk}/artifact/glob", params={"query": pattern})

    assert [hit["path"] + hit["filename"] for hit in hits] == found
    ends_in_escape = {"query": "/a\\"}
    refused = await client.refused("GET", f"/disk/{disk}/artifact/glob", params=ends_in_escape)
    assert refused == (500, 500, "database error")


async def test_hits_stop_at_the_limit(client: Client) -> None:
    disk = await client.disk()
    for number in range(5):
        await client.put(disk, f"/{number}.txt", b"needle")

    for kind, query in (("grep", "needle"), ("glob", "*.txt")):
        hits = await client.call("GET", f"/disk/{disk}/artifact/{kind}", params={"query": query, "limit": 3})
        assert [hit["filename"] for hit in hits] == ["0.txt", "1.txt", "2.txt"]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", b"", "text/plain"),
        ("a.md", b"# x", "text/markdown; charset=utf-8"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("lies.txt", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.zip", b"PK\x03\x04rest", "application/zip"),
        ("a.bin", bytes(range(256)), "application/octet-stream"),
        ("a.py", b"#!/usr/bin/env python\n", "text/x-python"),
        ("a.html", b"<!DOCTYPE html><p>x", "text/html; charset=utf-8"),
        ("a.xml", b"<?xml version='1.0'?><a/>", "text/xml; charset=utf-8"),
        ("a.svg", b"<svg xmlns='x'/>", "image/svg+xml"),
        ("a.json", b'{"a": [1]}', "application/json"),
        ("a.json", b'"text"', "application/json; charset=utf-8"),
        ("a.jsonl", b'{"a":1}\n{"a":2}\n', "application/x-ndjson"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("notes.txt", b"one\ttwo\nthree\tfour\n", "text/tab-separated-values"),
        ("a.txt", "naïve".encode(), "text/plain; charset=utf-8"),
        ("a.txt", "naïve".encode("latin-1"), "text/plain; charset=iso-8859-1"),
        ("a.txt", "“x”".encode("cp1252"), "text/plain; charset=windows-1252"),
        ("a.txt", "x".encode("utf-16"), "text/plain; charset=utf-16le"),
        ("A.YML", b"a: 1", "text/yaml; charset=utf-8"),
        ("cut.txt", b"x" * 3071 + "é".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_the_type_is_told_by_the_bytes_then_by_the_name(name: str, data: bytes, expected: str) -> None:
    assert mime.detect(data, name) == expected


async def test_metadata_that_cannot_be_is_refused(client: Client) -> None:
    disk = await client.disk()
    path = f"/disk/{disk}/artifact"

    async def refused(meta: str) -> Any:
        form: dict[str, Any] = {"data": {"meta": meta}, "files": {"file": ("a", b"x")}}
        return await client.refused("POST", path, **form)

    assert await refused("{bad") == (400, 400, "invalid meta JSON format")
    assert await refused("5") == (400, 400, "invalid meta JSON format")
    assert await refused(json.dumps({"__artifact_info__": 1})) == (400, 400, "parameter error")
    assert (await client.call("GET", f"{path}/ls")) == {"artifacts": [], "directories": []}
