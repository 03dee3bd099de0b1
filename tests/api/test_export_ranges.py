"""An export that was cut off is gone on with where it was: byte for byte, by any server, or from the beginning."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.client import Client
from api.exporting import cut_off, on_port, path_of, sessions_in, url_of, url_of_all
from api.odd_upstream import OddUpstream
from archives import reader
from archives.servers import DELETE
from gql_api.settings import Settings

ENDLESS = 9007199254740991
OTHER_KEY = SecretStr("another-key-of-at-least-32-characters")


async def filled(client: Client) -> dict[str, Any]:
    session = await client.create(title="Oslo")
    await client.store(session["id"], *(f"message {number}" for number in range(5)))
    for number in range(3):
        await client.upload(session["id"], f"/{number}.txt", text=f"{number} words\n" * 3000)
    return session


def id_in(archive: bytes) -> str:
    id: str = json.loads(reader.members(archive)["archive.json"])["id"]
    return id


async def rest(client: Client, url: str, tag: str, start: int, last: int | str = "") -> httpx.Response:
    return await client.http.get(url, headers={"range": f"bytes={start}-{last}", "if-range": tag})


async def test_the_rest_from_any_byte_is_what_the_whole_has_there(client: Client, tmp_path: Path) -> None:
    session = await filled(client)
    for url in (await url_of(client, session["id"], forms=["OPENAI"]), await url_of_all(client)):
        whole = await client.http.get(url)
        tag, content = whole.headers["etag"], whole.content
        assert whole.headers["accept-ranges"] == "bytes"
        assert "content-range" not in whole.headers
        for start in (0, 1, 511, 512, 70_000, len(content) - 1, len(content), len(content) + 1):
            for last in ("", ENDLESS, 999999999999):
                answer = await rest(client, url, tag, start, last)
                assert answer.status_code == 206
                assert answer.headers["content-range"] == f"bytes {start}-{last or ENDLESS}/*"
                assert answer.headers["etag"] == tag
                assert answer.content == content[start:], start
    assert session["acontextId"] in sessions_in(content, tmp_path)


async def test_the_archive_begins_with_what_its_tag_names(client: Client, tmp_path: Path) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    first, second = await client.http.get(url), await client.http.get(url)
    assert first.headers["etag"] != second.headers["etag"]
    for answer in (first, second):
        id = id_in(answer.content)
        assert answer.headers["etag"] == f'"{id}"'


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=100-"},
        {"range": "bytes=100-", "if-range": "Wed, 21 Oct 2015 07:28:00 GMT"},
        {"range": "bytes=100-", "if-range": 'W/"{tag}"'},
        {"range": "bytes=100-", "if-range": "{tag}"},
        {"range": "bytes=100-", "if-range": '"{upper}"'},
        {"range": "bytes=100-", "if-range": '"{tag} "'},
        {"range": "bytes=100-200", "if-range": '"{tag}"'},
        {"range": "bytes=100000000001-100000000000", "if-range": '"{tag}"'},
        {"range": "bytes=-100", "if-range": '"{tag}"'},
        {"range": "bytes=100-,200-", "if-range": '"{tag}"'},
        {"range": "bytes=1000000000000000-", "if-range": '"{tag}"'},
        {"range": "bytes=٣-", "if-range": '"{tag}"'},
        {"range": "lines=1-", "if-range": '"{tag}"'},
        {"if-range": '"{tag}"'},
    ],
)
async def test_what_is_no_rest_is_answered_with_a_whole_one(client: Client, headers: dict[str, str]) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    tag = (await client.http.get(url)).headers["etag"].strip('"')
    asked = {name: value.format(tag=tag, upper=tag.upper()).encode() for name, value in headers.items()}
    answer = await client.http.get(url, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["etag"].strip('"') != tag
    assert id_in(answer.content) != tag


async def test_a_tag_goes_with_one_url_and_one_key(start: Any) -> None:
    async with start() as client:
        session, other = await filled(client), await filled(client)
        url, elsewhere = await url_of(client, session["id"]), await url_of(client, other["id"])
        tag = (await client.http.get(url)).headers["etag"]
        assert (await rest(client, elsewhere, tag, 1)).status_code == 200
        for place in range(1, 33):
            changed = f"{tag[:place]}{'0' if tag[place] != '0' else '1'}{tag[place + 1 :]}"
            assert (await rest(client, url, changed, 1)).status_code == 200
        for forged in ('""', '"00"', f'"{tag.strip(chr(34))}00"', '"zz"'):
            assert (await rest(client, url, forged, 1)).status_code == 200
    async with start() as client:  # another server that has the same key
        assert (await rest(client, url, tag, 1)).status_code == 206
    async with start(signing_key=OTHER_KEY) as client:
        assert (await rest(client, url, tag, 1)).status_code == 404


async def test_one_that_was_cut_off_again_and_again_is_whole_in_the_end(
    settings: Settings, upstream: OddUpstream, tmp_path: Path
) -> None:
    async with on_port(settings, upstream) as (client, _):
        session = await filled(client)
        path = path_of(await url_of(client, session["id"]))
        left = 0

        def fault(request: httpx.Request) -> str | None:
            nonlocal left
            if request.url.path.endswith("/artifact/download"):
                left -= 1
                return "before" if left < 0 else None
            return None

        upstream.fault = fault
        came, tag, cuts = b"", "", 0
        for left in (0, 1, 2):  # noqa: B007 - it is counted down by the fault
            headers = {"range": f"bytes={len(came)}-", "if-range": tag} if tag else {}
            async with client.http.stream("GET", path, headers=headers) as answer:
                assert answer.status_code == (206 if tag else 200)
                tag = answer.headers["etag"]
                came += await cut_off(answer)
                cuts += 1
        upstream.fault = lambda request: None
        came += (await rest(client, path, tag, len(came))).content
        found = sessions_in(came, tmp_path)[session["acontextId"]]
        assert cuts == 3
        assert [message["parts"][0]["text"] for message in found["messages"]] == [f"message {n}" for n in range(5)]
        assert len(found["files"]) == 3


async def test_what_was_changed_meanwhile_is_seen_by_the_sums(client: Client, tmp_path: Path) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    whole = await client.http.get(url)
    size = len(whole.content) // 2
    await client.store(session["id"], "one more")
    changed = await rest(client, url, whole.headers["etag"], size)
    assert changed.status_code == 206
    with pytest.raises(reader.Broken):
        sessions_in(whole.content[:size] + changed.content, tmp_path)


async def test_who_may_not_read_it_gets_no_rest(client: Client) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    tag = (await client.http.get(url)).headers["etag"]
    await client.data(DELETE, i={"id": session["id"]})
    assert (await rest(client, url, tag, 100)).status_code == 404
