"""Files of a disk: what is kept of them, how they are shown, and how they are found."""

import json
from typing import Any

import pytest

from embedded.opened import Client


async def test_a_replaced_file_is_new_and_has_no_old_metadata(client: Client) -> None:
    disk = await client.disk()
    old = await client.put(disk, "/a.txt", b"one", meta='{"k": 1.0}')

    new = await client.put(disk, "/a.txt", b"second")

    assert old["meta"]["k"] == 1
    assert new["created_at"].removesuffix("Z").ljust(29, "0") > old["created_at"].removesuffix("Z").ljust(29, "0")
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
        ("a.jsonl", '{"a":1}\n{"a":2}\n', None),
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


async def test_a_pattern_means_what_postgresql_means(client: Client) -> None:
    disk = await client.disk()
    path = f"/disk/{disk}/artifact"
    for pattern, text, expected in (
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
    ):
        await client.put(disk, "/a.txt", text.encode())
        hits = await client.call("GET", f"{path}/grep", params={"query": pattern})
        assert ([hit["filename"] for hit in hits] == ["a.txt"]) is expected, (pattern, text)


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*", "(?P<x"])
async def test_a_broken_pattern_is_refused(client: Client, pattern: str) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"text")

    refused = await client.refused("GET", f"/disk/{disk}/artifact/grep", params={"query": pattern})

    assert refused == (500, 500, "database error")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/a%b.txt", ["/a%b.txt", "/axb.txt"]),
        (r"/a\%b.txt", ["/a%b.txt"]),
        ("/A*", []),
        ("/?xb.txt", ["/axb.txt"]),
        ("/?", ["/c"]),
        ("/?c", []),
        ("**/x_b.txt", []),
        ("**b.txt", ["/a%b.txt", "/axb.txt"]),
    ],
)
async def test_a_glob_is_a_like(client: Client, pattern: str, found: list[str]) -> None:
    disk = await client.disk()
    for path in ("/a%b.txt", "/axb.txt", "/c"):
        await client.put(disk, path, b"x")

    hits = await client.call("GET", f"/disk/{disk}/artifact/glob", params={"query": pattern})

    assert sorted(hit["path"] + hit["filename"] for hit in hits) == found
    ends_in_escape = {"query": "/a\\"}
    refused = await client.refused("GET", f"/disk/{disk}/artifact/glob", params=ends_in_escape)
    assert refused == (500, 500, "database error")


async def test_hits_stop_at_the_limit(client: Client) -> None:
    """Which ones are left out is not said."""
    disk = await client.disk()
    names = {f"{number}.txt" for number in range(5)}
    for name in names:
        await client.put(disk, f"/{name}", b"needle")

    for kind, query in (("grep", "needle"), ("glob", "*.txt")):
        for limit, count in ((3, 3), (0, 5), (200, 5)):
            params = {"query": query, "limit": limit}
            hits = await client.call("GET", f"/disk/{disk}/artifact/{kind}", params=params)
            assert len({hit["filename"] for hit in hits} & names) == len(hits) == count


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


@pytest.mark.parametrize("body", [b"no form", b'--b\r\ncontent-disposition: form-data; name="file"\r\n'])
async def test_a_broken_form_is_refused(client: Client, body: bytes) -> None:
    disk = await client.disk()
    headers = {"content-type": "multipart/form-data; boundary=b"}

    refused = await client.refused("POST", f"/disk/{disk}/artifact", content=body, headers=headers)

    assert refused in ((400, 400, "parameter error"), (400, 400, "file is required"))


async def test_a_file_without_a_name_is_none(client: Client) -> None:
    disk = await client.disk()
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n--b--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}

    refused = await client.refused("POST", f"/disk/{disk}/artifact", content=head, headers=headers)

    assert refused == (400, 400, "file is required")
