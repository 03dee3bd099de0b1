"""What is large is answered rightly, up to the limits, and refused beyond them as upstream refuses."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from embedded.opened import Client, opened
from gql_api import tokens

MIB = 1024 * 1024
TOO_LARGE = (413, 400, "parameter error")
DENIED = "access denied: disk does not belong to this project"


def in_order(items: list[Any]) -> bool:
    # A time of a whole second has no fraction.
    parts = [item["created_at"].removesuffix("Z").partition(".") for item in items]
    times = [(second, fraction.ljust(6, "0")) for second, _, fraction in parts]
    parents = [None, *(item["id"] for item in items)][: len(items)]
    return times == sorted(set(times)) and [item["parent_id"] for item in items] == parents


async def test_64_writers_on_one_session_and_others_are_all_served(client: Client) -> None:
    shared, others = await client.session(), [await client.session() for _ in range(64)]

    async def write(writer: int) -> None:
        for number in range(4):
            await client.say(shared, f"{writer} {number}")
            await client.say(others[writer], f"own {number}")

    async def read() -> None:
        for _ in range(20):
            assert await client.call("GET", "/ping") is None
            page = await client.messages(shared, format="acontext")
            assert in_order(page["items"])

    await asyncio.gather(read(), *(write(writer) for writer in range(64)))

    page = await client.messages(shared, format="acontext")
    texts = [item["parts"][0]["text"] for item in page["items"]]
    assert in_order(page["items"])
    assert sorted(texts) == sorted(f"{writer} {number}" for writer in range(64) for number in range(4))
    assert all(texts.index(f"{writer} 0") < texts.index(f"{writer} 3") for writer in range(64))
    total = sum(tokens.count(f"{text}\n") for text in texts)
    assert page["this_time_tokens"] == total
    assert await client.call("GET", f"/session/{shared}/token_counts") == {"total_tokens": total}
    for session in others:
        own = await client.messages(session, format="acontext")
        assert in_order(own["items"])
        assert [item["parts"][0]["text"] for item in own["items"]] == [f"own {number}" for number in range(4)]


async def test_a_message_of_two_megabytes_is_kept_to_the_letter(client: Client) -> None:
    session = await client.session()
    text = "".join(f"line {number} of many, 漢字 and \U0001f600\n" for number in range(60_000))

    await client.say(session, text)

    page = await client.messages(session)
    assert len(text.encode()) > 2_000_000
    assert page["items"] == [{"role": "user", "content": text}]
    assert page["this_time_tokens"] == tokens.count(f"{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(200_000)),
        " " * 200_000,
        "\n" * 200_000,
        "!?#" * 66_667,
    ],
    ids=["letters", "CJK", "blanks", "line ends", "punctuation"],
)
async def test_an_unbroken_run_is_stored_and_counted(client: Client, text: str) -> None:
    session = await client.session()

    await client.say(session, text)

    page = await client.messages(session)
    assert page["items"] == [{"role": "user", "content": text}]
    assert page["this_time_tokens"] == tokens.count(f"{text}\n") > 0
    assert await client.call("GET", f"/session/{session}/token_counts") == {"total_tokens": page["this_time_tokens"]}


_MULTIPLIED = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count - 1)
"""
_MESSAGES = f"""
    {_MULTIPLIED}
    INSERT INTO messages
    SELECT printf('%s%012d', substr(id, 1, 24), n), session_id,
        CASE n WHEN 1 THEN id ELSE printf('%s%012d', substr(id, 1, 24), n - 1) END, role, meta, '{{"n":' || n || '}}',
        replace(parts, 'm0', 'm' || n), tokens, status, created_at + n, updated_at + n
    FROM numbers, messages WHERE session_id = :owner
"""  # noqa: S608
_FILES = f"""
    {_MULTIPLIED}
    INSERT INTO artifacts
    SELECT disk_id, path, printf('%05d.txt', n), meta, mime, size, sha256, material_id, content_type,
        created_at + n, updated_at + n
    FROM numbers, artifacts WHERE disk_id = :owner
"""  # noqa: S608


def multiply(folder: Path, statement: str, *, owner: str, count: int) -> None:
    """Make many of the one that was stored through the front door, as fast as only the file itself lets us."""
    with closing(sqlite3.connect(folder / "acontext.sqlite3")) as connection, connection:
        connection.execute(statement, {"owner": owner, "count": count})


async def said(folder: Path, count: int) -> str:
    """Give a session of so many messages, `m0` and on, each with the tokens of the first."""
    async with opened(folder) as client:
        session = await client.session()
        await client.say(session, "m0", meta={"n": 0})
    multiply(folder, _MESSAGES, owner=session, count=count)
    return session


def numbered(page: Any) -> list[str]:
    return [item["parts"][0]["text"] for item in page["items"]]


async def test_a_session_of_10_000_messages_is_read_counted_paged_and_edited(folder: Path) -> None:
    session = await said(folder, 10_000)
    texts = [f"m{number}" for number in range(10_000)]
    async with opened(folder) as client:
        last = await client.say(session, "m0 again")
        page = await client.messages(session, format="acontext")
        assert numbered(page) == [*texts, "m0 again"]
        assert in_order(page["items"])
        assert page["metas"] == [*({"n": number} for number in range(10_000)), {}]
        assert page["edit_at_message_id"] == last["id"]
        total = await client.call("GET", f"/session/{session}/token_counts")
        assert total == {"total_tokens": page["this_time_tokens"]}

        newest = 99 * tokens.count("m0\n") + tokens.count("m0 again\n")
        limit = json.dumps([{"type": "token_limit", "params": {"limit_tokens": newest}}])
        assert (await client.messages(session, format="acontext", edit_strategies=limit))["ids"] == page["ids"][-100:]
        beginning = await client.messages(session, format="acontext", limit=200)
        assert numbered(beginning) == texts[:200]
        following = await client.messages(session, format="acontext", limit=200, cursor=beginning["next_cursor"])
        assert numbered(following) == texts[200:400]
        assert await client.call("DELETE", f"/session/{session}") is None
        assert await client.refused("GET", f"/session/{session}/messages") == (400, 500, "database error")


async def test_5000_messages_are_copied_and_5001_are_too_many(folder: Path) -> None:
    session = await said(folder, 5000)
    async with opened(folder) as client:
        event = {"type": "t", "data": {"n": 1}}
        await client.call("POST", f"/session/{session}/events", json=event)
        copy = (await client.call("POST", f"/session/{session}/copy"))["new_session_id"]

        old, new = [await client.messages(each, format="acontext") for each in (session, copy)]
        assert numbered(new) == numbered(old) == [f"m{number}" for number in range(5000)]
        assert in_order(new["items"])
        assert new["metas"] == old["metas"]
        assert new["this_time_tokens"] == old["this_time_tokens"]
        assert not set(new["ids"]) & set(old["ids"])
        assert all(str(UUID(id, version=4)) == id for id in new["ids"])
        [copied] = (await client.call("GET", f"/session/{copy}/events"))["items"]
        assert {key: copied[key] for key in event} == event

        await client.say(session, "one more")
        assert await client.refused("POST", f"/session/{session}/copy") == (413, 413, "SESSION_TOO_LARGE")
        assert [each["id"] for each in (await client.call("GET", "/session"))["items"]] == [session, copy]


async def test_5000_files_of_one_disk_are_listed_and_found(folder: Path) -> None:
    async with opened(folder) as client:
        disk = await client.disk()
        await client.put(disk, "/all/00000.txt", b"a needle in a haystack")
    multiply(folder, _FILES, owner=disk, count=5000)
    async with opened(folder) as client:
        await client.put(disk, "/all/deep/z.txt", b"another needle")
        place = f"/disk/{disk}/artifact"
        listing = await client.call("GET", f"{place}/ls", params={"path": "/all/"})
        assert [file["filename"] for file in listing["artifacts"]] == [f"{number:05}.txt" for number in range(5000)]
        assert listing["directories"] == ["deep"]
        found = await client.call("GET", f"{place}/glob", params={"query": "/all/049*", "limit": 200})
        assert [file["filename"] for file in found] == [f"{number:05}.txt" for number in range(4900, 5000)]
        found = await client.call("GET", f"{place}/grep", params={"query": "^another"})
        assert [file["filename"] for file in found] == ["z.txt"]
        assert len(await client.call("GET", f"{place}/grep", params={"query": "NEEDLE", "limit": 200})) == 200
        assert await client.call("DELETE", f"/disk/{disk}") is None
        assert await client.refused("GET", f"{place}/ls") == (403, 403, DENIED)


async def test_metadata_of_64_kib_is_kept_and_one_byte_more_is_refused(client: Client) -> None:
    session = await client.session()
    most = {"k": "x" * (64 * 1024 - len('{"k":""}'))}
    more = {"k": most["k"] + "x"}

    message = await client.say(session, "hello", meta=most)

    assert message["meta"] == most
    assert (await client.messages(session))["metas"] == [most]
    body = {"blob": {"role": "user", "content": "hello"}, "meta": more}
    refusal = (400, 400, "meta size exceeds 64KB limit")
    assert await client.refused("POST", f"/session/{session}/messages", json=body) == refusal
    meta = f"/session/{session}/messages/{message['id']}/meta"
    assert await client.refused("PATCH", meta, json={"meta": more}) == refusal
    assert (await client.messages(session))["metas"] == [most]


async def test_a_file_of_16_mib_is_kept_and_one_byte_more_is_refused(client: Client) -> None:
    disk = await client.disk()
    data = b"line of text\r\n\xff\n" * (16 * MIB // 17)
    data += bytes(16 * MIB - len(data)).replace(b"\0", b".")

    await client.put(disk, "/a.txt", data)

    place = f"/disk/{disk}/artifact"
    got = await client.http.get(f"/api/v1{place}/download", params={"file_path": "/a.txt"})
    assert got.content == data
    shown = await client.call("GET", place, params={"file_path": "/a.txt"})
    assert shown["content"] == {"type": "text", "raw": data.decode(errors="replace")}
    assert await client.refused("POST", place, files={"file": ("b.txt", data + b".")}) == TOO_LARGE
    listing = await client.call("GET", f"{place}/ls")
    assert [file["filename"] for file in listing["artifacts"]] == ["a.txt"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/session"),
        ("POST", "/disk"),
        ("PUT", "/session/{session}/configs"),
        ("PATCH", "/session/{session}/configs"),
        ("POST", "/session/{session}/messages"),
        ("POST", "/session/{session}/events"),
        ("PUT", "/disk/{disk}/artifact"),
    ],
)
async def test_a_json_body_beyond_32_mib_is_refused_while_it_arrives(client: Client, method: str, path: str) -> None:
    place = path.format(session=await client.session(), disk=await client.disk())
    came = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal came
        yield b'{"blob": "'
        while True:
            came += MIB
            yield b"x" * MIB

    json_type = {"content-type": "application/json"}
    assert await client.refused(method, place, content=endless(), headers=json_type) == TOO_LARGE
    assert came <= 34 * MIB
