"""Files of a disk: how paths are cut, types told, and in which order files are listed and found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.opened import Client
from gql_api.embedded import mime, paths
from gql_api.embedded.envelope import Refusal

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


async def test_a_pattern_that_explodes_is_cut_short(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"a" * 5000 + b"!")
    question = {"query": "(a|aa)+$|(a|a?)+b"}

    assert await client.refused("GET", f"/disk/{disk}/artifact/grep", params=question) == (500, 500, "database error")


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
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("a.json", b'{"a": [1]}', "application/json"),
        ("a.json", b'"text"', "application/json; charset=utf-8"),
        ("a.jsonl", b'{"a":1}\n{"a":2}\n', "application/x-ndjson"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("notes.txt", b"one\ttwo\nthree\tfour\n", "text/tab-separated-values"),
        ("a.txt", "naïve".encode(), "text/plain; charset=utf-8"),
        ("a.txt", "naïve".encode("latin-1"), "text/plain; charset=iso-8859-1"),
        ("a.txt", "“x”".encode("cp1252"), "text/plain"),
        ("a.txt", "x".encode("utf-16"), "text/plain; charset=utf-16le"),
        ("A.YML", b"a: 1", "text/yaml; charset=utf-8"),
        ("cut.txt", b"x" * 3071 + "é".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_the_type_is_told_by_the_bytes_then_by_the_name(name: str, data: bytes, expected: str) -> None:
    assert mime.detect(data, name) == expected
