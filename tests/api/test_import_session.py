"""Sessions brought in by upload: whole and once, for who asks, and nothing of what is not as it must be."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.callers import BY_TOKEN, proven
from api.client import Client
from api.exporting import sessions_in, url_of
from api.forking import whole
from api.importing import ARCHIVE, RIGHT, answer_to, bring, brought, told
from api.odd_upstream import OddUpstream, answering
from archives import reader
from archives.forging import (
    CONTENT,
    FILE,
    FOLDER,
    HASH,
    MANIFEST,
    MESSAGE,
    RECORD,
    SESSION,
    line,
    members,
    summed,
    taped,
)
from archives.servers import DELETE, READ, UPDATE, Ask
from archives.test_round_trip import fill
from identity.issuing import SCOPE

LIST = "{ sessions { nodes { acontextId title } totalCount } }"
ONCE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def of_lists(lists: int, each: int = 1, *, files: int = 0) -> bytes:
    """Give an archive of a session with so many lists of so many messages, and files."""
    found = [("archive.json", line(MANIFEST))]
    for number in range(lists):
        texts = [{"type": "text", "text": f"message {number * each + place}"} for place in range(each)]
        messages = [{**MESSAGE, "parts": [text]} for text in texts]
        found.append((f"{FOLDER}/messages/{number + 1:06}.ndjson", b"".join(map(line, messages))))
    if files:
        found.append((f"{FOLDER}/blobs/{HASH}", CONTENT))
        lines = [line({**FILE, "path": f"/{number:03}"}) for number in range(files)]
        found.append((f"{FOLDER}/files/000001.ndjson", b"".join(lines)))
    record = {**RECORD, "messages": lists * each, "files": files}
    return taped(summed([*found, (f"{FOLDER}/session.json", line(record))]))


def asking(client: Client) -> Ask:
    async def ask(query: str, **variables: Any) -> Any:
        return await client.data(query, **variables)

    return ask


async def test_what_is_read_by_url_is_brought_in_elsewhere_as_it_was(start: Callable[..., Any], tmp_path: Path) -> None:
    async with start() as client:
        ada = client.as_user("ada")
        id = await fill(asking(ada))
        [before] = [one for one in (await ada.data(READ))["sessions"]["nodes"] if one["acontextId"] == id]
        archive = (await client.http.get(await url_of(ada, id))).content
        await ada.data(DELETE, i={"id": id})
        bob = client.as_user("bob")

        made = await bring(bob, archive)

        assert made["errors"] == []
        assert (made["progress"], made["replayed"]) == (None, False)
        session = made["session"]
        assert session["user"] == {"identifier": "bob"}
        assert made["sessionEdge"]["node"] == {"id": session["id"]}
        [after] = (await bob.data(READ))["sessions"]["nodes"]
        assert after == {**before, "acontextId": session["acontextId"]}
        again = (await client.http.get(await url_of(bob, session["id"]))).content
        [was], [now] = (reader.same_elsewhere(sessions_in(one, tmp_path)).values() for one in (archive, again))
        assert now == ({**was[0], "id": session["acontextId"], "user": "bob"}, *was[1:])


async def test_the_same_archive_makes_a_session_once(client: Client) -> None:
    ada = client.as_user("ada")
    first = await brought(ada, RIGHT)
    assert first["acontextId"] == SESSION  # its own id, which is free here
    second = await bring(ada, RIGHT)
    assert (second["session"], second["replayed"]) == (first, True)
    assert (await ada.data(LIST))["sessions"]["totalCount"] == 1
    assert len((await whole(ada, first["id"]))["messages"]["nodes"]) == 1

    other = await brought(client.as_user("bob"), RIGHT)  # another user's is another session
    assert other["acontextId"] != SESSION
    await ada.data(UPDATE, i={"id": first["id"], "title": "mine by now", "tags": ["kept"]})
    assert (await bring(ada, RIGHT))["replayed"]
    assert (await ada.data(LIST))["sessions"]["nodes"] == [{"acontextId": SESSION, "title": "mine by now"}]
    await ada.data(DELETE, i={"id": first["id"]})
    assert told(await bring(ada, RIGHT)) == ("INVALID_INPUT", ARCHIVE, "It was imported before, and deleted since.")


async def test_several_at_once_make_it_once(client: Client) -> None:
    archive = of_lists(5, 3, files=5)
    payloads = await asyncio.gather(bring(client, archive), bring(client, archive))
    for _ in range(20):
        payloads = [await bring(client, archive)]
        if payloads[0]["session"]:
            break
    session = payloads[0]["session"]
    seen = await whole(client, session["id"])
    assert [node["text"] for node in seen["messages"]["nodes"]] == [f"message {number}" for number in range(15)]
    assert len(seen["files"]["nodes"]) == 5
    assert (await client.data(LIST))["sessions"]["totalCount"] == 1


async def test_what_takes_longer_than_a_request_is_gone_on_with(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    archive = of_lists(12, 2, files=4)
    slow = 0.15

    async def wait(body: Any) -> None:
        await asyncio.sleep(slow)

    async with start(request_timeout=3.0) as client:
        upstream.meanwhile = wait
        seen: list[int] = []
        while not (payload := await bring(client, archive))["session"]:
            assert payload["errors"] == []
            assert payload["progress"]["total"] == 28
            seen.append(payload["progress"]["done"])
            assert len(seen) < 30
        upstream.meanwhile = None
        assert seen == sorted(seen)
        assert len(seen) > 1
        assert 0 < seen[-1] < 28
        assert (payload["progress"], payload["replayed"]) == (None, False)
        found = await whole(client, payload["session"]["id"])
        assert [node["text"] for node in found["messages"]["nodes"]] == [f"message {number}" for number in range(24)]
        assert len(found["files"]["nodes"]) == 4


async def test_an_acontext_that_fails_on_the_way_is_told_and_nothing_is_stored_twice(
    client: Client, upstream: OddUpstream
) -> None:
    archive = of_lists(4, 2, files=2)
    came = 0

    def fault(request: Any) -> str | None:
        nonlocal came
        came += request.url.path.endswith("/messages") and request.method == "POST"
        return "before" if came == 4 else None

    upstream.fault = fault
    answer = await answer_to(client, archive)
    [error] = answer["errors"]
    assert (error["extensions"]["code"], answer["data"]) == ("UPSTREAM_TIMEOUT", {"importSession": None})
    upstream.fault = None
    session = await brought(client, archive)
    found = await whole(client, session["id"])
    assert [node["text"] for node in found["messages"]["nodes"]] == [f"message {number}" for number in range(8)]


@ONCE
async def test_one_may_look_without_making_anything(client: Client, upstream: OddUpstream) -> None:
    upstream.clear()
    payload = await bring(client, RIGHT, dryRun=True)
    assert (payload["session"], payload["progress"], payload["errors"]) == (None, {"done": 0, "total": 2}, [])
    assert upstream.calls == []
    wrong = await bring(client, taped(members()), dryRun=True)
    assert told(wrong)[0] == "INVALID_INPUT"


@ONCE
async def test_only_who_may_act_for_others_names_another_owner(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    async with start(**BY_TOKEN) as client:
        bob, service = proven(client, "bob"), proven(client, "service", scope=SCOPE)
        upstream.clear()
        for name in ("anna", "nobody", "gql-api:disk:x", ""):
            response = await answer_to(bob, RIGHT, user=name)
            [error] = response["errors"]
            assert error["extensions"]["code"] == "FORBIDDEN"
        assert upstream.calls == []
        assert (await brought(bob, RIGHT, user="bob"))["user"] == {"identifier": "bob"}
        assert (await brought(service, RIGHT, user="anna"))["user"] == {"identifier": "anna"}
        bad = (await bring(service, RIGHT, user=" anna"))["errors"]
        assert [(one["code"], one["path"]) for one in bad] == [("INVALID_INPUT", ["input", "user"])]
        assert (await proven(client, "ada").data(LIST))["sessions"]["totalCount"] == 0


@ONCE
async def test_what_acontext_refuses_after_all_is_told_with_the_session_that_has_the_rest(
    client: Client, upstream: OddUpstream
) -> None:
    upstream.is_odd = lambda request: b"message 1" in request.content and request.url.path.endswith("/messages")
    upstream.instead = answering(400, {"code": 400, "data": None, "msg": "no"})
    code, path, message = told(await bring(client, of_lists(2)))
    [there] = (await client.data(LIST))["sessions"]["nodes"]
    assert (code, path) == ("INVALID_INPUT", ARCHIVE)
    assert message.endswith(f"Acontext refused this message. The rest is in session {there['acontextId']}.")
