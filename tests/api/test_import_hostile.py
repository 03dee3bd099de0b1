"""Archives that nobody should upload: each is refused before anything is made, in bounds, and others are served on."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from api.client import Client
from api.exporting import until
from api.forking import whole
from api.forms import Spool, post, upload
from api.importing import ARCHIVE, RIGHT, answer_to, bring, brought, told
from api.odd_upstream import OddUpstream
from archives.forging import FILE, FOLDER, HASH, MANIFEST, RECORD, SESSION, line, members, summed, taped
from archives.test_hostile import CONTAINERS, SESSIONS
from databases import Databases

MIB = 1024 * 1024
ELSEWHERE = """
mutation ($archive: Upload!, $id: ID!) {
  uploadFile(input: {sessionId: $id, path: "/x", content: {upload: $archive}}) { errors { code path } }
}
"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it comes to a database."""
    return sqlite_databases


@pytest.mark.parametrize("what", CONTAINERS)
async def test_nothing_is_made_of_what_is_no_whole_archive(client: Client, upstream: OddUpstream, what: str) -> None:
    content, reason = CONTAINERS[what]
    upstream.clear()
    code, path, message = told(await bring(client, content))
    assert (code, path) == ("INVALID_INPUT", ARCHIVE)
    assert (reason.partition(": unpack")[0] in message) != (what == "a session twice")
    assert upstream.calls == []


@pytest.mark.parametrize("what", SESSIONS)
async def test_nothing_is_made_of_what_cannot_be_stored(client: Client, upstream: OddUpstream, what: str) -> None:
    changes, reason = SESSIONS[what]
    upstream.clear()
    code, path, message = told(await bring(client, taped(summed(members(**changes)))))
    assert code in {"INVALID_INPUT", "TOO_LARGE"}
    assert path == ARCHIVE
    assert reason in message
    assert upstream.calls == []


async def test_archives_of_several_and_of_none_are_refused(client: Client) -> None:
    other = SESSION.replace("1111", "2222", 1)
    second = (f"sessions/{other}/session.json", line({**RECORD, "id": other, "messages": 0, "files": 0}))
    assert "several sessions" in told(await bring(client, taped(summed([*members(), second]))))[2]
    none = taped(summed([("archive.json", line(MANIFEST))]))
    assert "has no session" in told(await bring(client, none))[2]
    gone = (
        ("archive.json", line(MANIFEST)),
        (f"{FOLDER}/left-out.json", line({"id": SESSION, "reason": "It was gone."})),
    )
    assert told(await bring(client, taped(summed(list(gone)))))[2] == "The export has left it out: It was gone."


async def test_other_content_under_the_same_id_is_not_mixed_with_it(client: Client) -> None:
    await brought(client, RIGHT)
    other = taped(summed(members(record={**RECORD, "title": "another"})))
    assert told(await bring(client, other))[:2] == ("IDEMPOTENCY_MISMATCH", ARCHIVE)


def deep() -> bytes:
    found = members()
    found[1] = (found[1][0], b'{"role":' + b"[" * 1_000_000 + b"\n")
    return taped(summed(found))


def tiny(count: int) -> bytes:
    found = [(f"{FOLDER}/messages/{number + 1:06}.ndjson", b"") for number in range(count)]
    return taped(summed([("archive.json", line(MANIFEST)), *found, (f"{FOLDER}/session.json", line(RECORD))]))


def long(name: str) -> bytes:
    found = [(given, content + b" " * 9 * MIB if given.endswith(name) else content) for given, content in members()]
    return taped(summed(found))


def claiming(size: int) -> bytes:
    """Give an archive whose header tells of more than there is."""
    raw = bytearray(RIGHT)
    at = raw.index(HASH.encode()) // 512 * 512
    raw[at + 124 : at + 135] = b"%011o" % size
    raw[at + 148 : at + 156] = b" " * 8
    raw[at + 148 : at + 155] = b"%06o\0" % sum(raw[at : at + 512])
    return bytes(raw)


def of_data(item: bytes, count: int, *, lists: int) -> bytes:
    """Give an archive of lists with one message each, which has so much data."""
    start = b'{"role":"user","meta":{},"metadata":{},"parts":[{"type":"data","meta":{"data_type":"x","a":['
    message = start + b",".join([item] * count) + b"]}}]}\n"
    found = [(f"{FOLDER}/messages/{number + 1:06}.ndjson", message) for number in range(lists)]
    record = line({**RECORD, "messages": lists, "files": 0})
    return taped(summed([("archive.json", line(MANIFEST)), *found, (f"{FOLDER}/session.json", record)]))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nested a million deep": (deep, "is not JSON"),
    "six million values": (lambda: of_data(b"[]", 2_000_000, lists=3), "at most 2000000 values of JSON"),
    "twenty thousand empty lists": (lambda: tiny(20_000), "at most 20000 files"),
    "a beginning without end": (lambda: long("archive.json"), "has more than 8388608 bytes"),
    "a record without end": (lambda: long("session.json"), "has more than 8388608 bytes"),
    "a line without end": (lambda: long("messages/000001.ndjson"), "has more than 8388608 bytes"),
    "a header of eight gigabytes": (lambda: claiming(2**33 - 1), "it is cut off"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_archives_are_refused_and_others_are_served_meanwhile(client: Client, what: str) -> None:
    make, reason = HOSTILE[what]
    content = make()
    served = 0

    async def others() -> None:
        nonlocal served
        while True:
            await client.data("{ viewer { identifier } }")
            served += 1
            await asyncio.sleep(0)

    asking = asyncio.create_task(others())
    code, path, message = told(await bring(client, content))
    asking.cancel()
    assert code in {"INVALID_INPUT", "TOO_LARGE"}
    assert (path, reason in message) == (ARCHIVE, True), message
    assert served > 3


async def test_commas_in_texts_are_no_values(client: Client) -> None:
    text = b'"\\"' + b"1,[2],{3}" * 400 + b'\\\\"'
    payload = await bring(client, of_data(text, 800, lists=2), dryRun=True)
    assert (payload["progress"], payload["errors"]) == ({"done": 0, "total": 2}, [])


async def test_an_archive_may_be_larger_than_other_files(start: Callable[..., Any], spool: Spool) -> None:
    found = [("archive.json", line(MANIFEST))]
    lines = []
    for number in range(3):
        content = bytes([number]) * 7 * MIB
        sha256 = hashlib.sha256(content).hexdigest()
        found.append((f"{FOLDER}/blobs/{sha256}", content))
        lines.append(line({**FILE, "path": f"/{number}", "sha256": sha256, "size": len(content)}))
    found.append((f"{FOLDER}/files/000001.ndjson", b"".join(lines)))
    found.append((f"{FOLDER}/session.json", line({**RECORD, "messages": 0, "files": 3})))
    archive = taped(summed(found))
    async with start() as client:
        session = await brought(client, archive)
        assert len((await whole(client, session["id"]))["files"]["nodes"]) == 3
        assert spool.files == []
    async with start(max_archive_size=20 * MIB) as client:
        answer = await answer_to(client, archive)
        assert answer["errors"][0]["extensions"]["code"] == "TOO_LARGE"
    async with start(max_upload_file_size=MIB) as client:
        # A place of another kind takes no more for being called so.
        body = upload(ELSEWHERE, {"archive": None, "id": session["id"]}, {"archive": bytes(2 * MIB)})
        refused = (await post(client, body)).json()["data"]["uploadFile"]["errors"]
        assert refused == [{"code": "TOO_LARGE", "path": ["input", "content", "upload"]}]


async def test_so_many_of_one_user_at_once(client: Client, upstream: OddUpstream) -> None:
    gate = asyncio.Event()

    async def wait(body: Any) -> None:
        await gate.wait()

    upstream.meanwhile = wait
    archives = [taped(summed(members(manifest={**MANIFEST, "id": f"{number:032}"}))) for number in range(3)]
    first = [asyncio.create_task(bring(client, archive)) for archive in archives[:2]]

    async def are_two() -> bool:
        return len(upstream.calls) > 1

    await until(are_two)
    code, path, _ = told(await bring(client, archives[2]))
    assert (code, path) == ("BUSY", ARCHIVE)
    upstream.meanwhile = None
    gate.set()
    assert [payload["errors"] for payload in await asyncio.gather(*first)] == [[], []]
