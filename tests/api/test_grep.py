"""Searching the texts of a disk: by one call of Acontext, in one order, and never by what would be much work."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.odd_upstream import OddUpstream, answering
from databases import Databases

GREP = """
query ($id: ID!, $pattern: String!, $first: Int) {
  session(id: $id) { disk { grep(pattern: $pattern, first: $first) { path mimeType } } }
}
"""
FILES = {
    "/notes/z.md": "# Plan\nSee the Cat in Oslo",
    "/notes/a.txt": "a cat, a category",
    "/data.json": '{"animal": "CAT"}',
    "/run.py": "def main():\n    pass  # TODO",
    "/empty.txt": "",
    "/dog.txt": "dog",
}
SEARCHES: list[tuple[str, list[str]]] = [
    ("cat", ["/data.json", "/notes/a.txt", "/notes/z.md"]),
    (r"\mcat\M", ["/data.json", "/notes/a.txt", "/notes/z.md"]),
    ("(?c)cat", ["/notes/a.txt"]),
    (r"categor(y|ies)", ["/notes/a.txt"]),
    ("(?n)^see", ["/notes/z.md"]),
    ("^see", []),
    ("plan.*oslo", ["/notes/z.md"]),
    ("(?n)plan.*oslo", []),
    ("TODO|dog", ["/dog.txt", "/run.py"]),
    (r"***=main():", ["/run.py"]),
    ("nothing of the kind", []),
]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> str:
    made = str((await client.create())["id"])
    for path, text in FILES.items():
        await client.upload(made, path, text)
    return made


async def found(client: Client, session: str, pattern: str, **more: Any) -> list[str]:
    data = await client.data(GREP, id=session, pattern=pattern, **more)
    return [file["path"] for file in data["session"]["disk"]["grep"]]


@pytest.mark.parametrize(("pattern", "paths"), SEARCHES)
async def test_files_are_found_by_what_is_written_in_them(
    client: Client, session: str, upstream: OddUpstream, pattern: str, paths: list[str]
) -> None:
    other = str((await client.create())["id"])
    await client.upload(other, "/cat.txt", "cat TODO see")
    upstream.clear()
    assert await found(client, session, pattern) == paths
    assert upstream.calls == ["GET /disk/{id}/artifact/grep"]
    for first in (1, 2, 100):
        assert await found(client, session, pattern, first=first) == paths[:first]


async def test_what_is_no_text_is_not_searched(client: Client, session: str) -> None:
    mutation = """
    mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { mimeType } errors { code } } }
    """
    input = {"sessionId": session, "path": "/cat.bin", "content": {"base64": "AGNhdAD/"}}
    payload = (await client.data(mutation, input=input))["uploadFile"]
    assert payload == {"file": {"mimeType": "application/octet-stream"}, "errors": []}
    assert "/cat.bin" not in await found(client, session, "cat")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "1 to 256 characters"),
        ("a" * 257, "1 to 256 characters"),
        ("(", "a parenthesis is not closed"),
        ("[a", "a bracket is not closed"),
        ("a\0", "NUL"),
        (r"(a)\1", "back references"),
        ("(?=.*a)b", "looking ahead"),
        ("(?:(?:a{255}){255}){255}", "too complex"),
        ("(.{1,9}){1,99}", "written out"),
    ],
)
async def test_what_is_wrong_or_could_be_much_work_is_never_sent(
    client: Client, session: str, upstream: OddUpstream, pattern: str, words: str
) -> None:
    upstream.clear()
    answer = await client.answer(GREP, id=session, pattern=pattern)
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["session", "disk", "grep"], "BAD_USER_INPUT")
    assert error["message"].startswith("pattern: ")
    assert words in error["message"]
    assert answer["data"] == {"session": {"disk": {"grep": None}}}
    assert upstream.calls == []


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_how_many_are_given_has_its_bounds(
    client: Client, session: str, upstream: OddUpstream, first: int
) -> None:
    upstream.clear()
    assert await client.code(GREP, id=session, pattern="a", first=first) == "BAD_USER_INPUT"
    assert upstream.calls == []


async def test_a_search_that_fails_takes_its_own_field_alone(
    client: Client, session: str, upstream: OddUpstream
) -> None:
    query = (
        'query ($id: ID!) { session(id: $id) { disk { grep(pattern: "a") { path } file(path: "/dog.txt") { path } } } }'
    )
    upstream.is_odd = lambda request: request.url.path.endswith("/grep")
    upstream.instead = answering(500, {"code": 500, "msg": "database error"})
    answer = await client.answer(query, id=session)
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["session", "disk", "grep"], "UPSTREAM_UNAVAILABLE")
    assert answer["data"]["session"]["disk"] == {"grep": None, "file": {"path": "/dog.txt"}}


async def test_searches_of_one_operation_are_made_one_after_the_other_and_each_once(
    client: Client, session: str, upstream: OddUpstream
) -> None:
    under_way: list[int] = []
    now = 0

    async def count(_: Any) -> None:
        nonlocal now
        now += 1
        under_way.append(now)
        await asyncio.sleep(0.01)  # whoever does not wait for it would begin
        now -= 1

    upstream.clear()
    upstream.meanwhile = count
    query = """
    query ($id: ID!) { session(id: $id) { disk {
      cats: grep(pattern: "cat") { path } again: grep(pattern: "cat", first: 1) { path }
      wrong: grep(pattern: "(") { path } dogs: grep(pattern: "dog") { path } none: grep(pattern: "none") { path }
    } } }
    """
    answer = await client.answer(query, id=session)
    disk = answer["data"]["session"]["disk"]
    assert disk.pop("wrong") is None
    assert {name: len(files) for name, files in disk.items()} == {"cats": 3, "again": 1, "dogs": 1, "none": 0}
    assert upstream.calls == ["GET /disk/{id}/artifact/grep"] * 3
    assert under_way == [1, 1, 1]


async def test_what_a_search_costs_is_told(client: Client, session: str) -> None:
    answer = await client.answer(GREP, id=session, pattern="cat", first=10)
    assert answer["extensions"]["cost"] == {"estimated": 1 + 1 + 500 + 10, "actual": 1 + 500 + 3}


async def test_of_very_many_files_acontext_gives_some(client: Client, session: str, upstream: OddUpstream) -> None:
    disk = (await client.data("query ($id: ID!) { session(id: $id) { disk { acontextId } } }", id=session))["session"][
        "disk"
    ]
    artifact = {"disk_id": disk["acontextId"], "filename": "x", "meta": {}}
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
    many = [{**artifact, **times, "path": f"/{number:03}/"} for number in reversed(range(200))]
    upstream.is_odd = lambda request: request.url.params.get("limit") == "200"
    upstream.instead = answering(200, {"code": 0, "data": many})
    assert await found(client, session, "x") == [f"/{number:03}/x" for number in range(200)]
    assert await found(client, session, "x", first=2) == ["/000/x", "/001/x"]


class TestMany:
    """Any literal text, escaped, is found where it is written."""

    TEXTS = ("a.b*", "[ab]", "a\\b", "A.B", "(a|b)$", "a{2}", "^ab?", "é+É")

    @pytest.fixture
    async def session(self, client: Client) -> str:
        made = str((await client.create())["id"])
        for number, text in enumerate(self.TEXTS):
            await client.upload(made, f"/{number}.txt", text)
        return made

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text("ab.*[]\\(|)${}2^?é+", min_size=1, max_size=3))
    async def test_it_is(self, client: Client, session: str, text: str) -> None:
        escaped = "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text)
        expected = [f"/{number}.txt" for number, one in enumerate(self.TEXTS) if text.lower() in one.lower()]
        for pattern in (escaped, f"***={text}"):
            assert await found(client, session, pattern) == expected
