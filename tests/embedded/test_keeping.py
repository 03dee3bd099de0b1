"""What was answered is kept: over restarts, kills and many writers at once, in the order it was told."""

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

import httpx

from embedded.opened import API_KEY, Client, opened

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


async def test_a_reopened_folder_has_everything(folder: Path) -> None:
    async with opened(folder) as client:
        session = await client.session(user="ann", configs={"a": 1})
        await client.say(session, "hello", meta={"k": 1})
        await client.call("POST", f"/session/{session}/events", json={"type": "t", "data": {"n": 1}})
        disk = await client.disk(user="ann")
        await client.put(disk, "/docs/a.txt", b"text", meta='{"m": 2}')
        url = (await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/docs/a.txt"}))["public_url"]
        before = await _everything(client, session, disk)

    async with opened(folder) as client:
        assert await _everything(client, session, disk) == before
        assert (await client.http.get(url)).content == b"text"
        later = await client.say(session, "again")
        assert later["parent_id"] == before[1]["ids"][0]


async def _everything(client: Client, session: str, disk: str) -> list[object]:
    return [
        await client.call("GET", f"/session/{session}/configs"),
        await client.messages(session, format="acontext"),
        await client.call("GET", f"/session/{session}/events"),
        await client.call("GET", f"/session/{session}/token_counts"),
        await client.call("GET", f"/disk/{disk}/artifact/ls", params={"path": "/docs/"}),
        await client.call("GET", "/user/ann/resources"),
    ]


async def test_a_killed_server_has_kept_every_answered_message(folder: Path) -> None:
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0", "--data-dir", str(folder), "--api-key", API_KEY)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    address = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()[-1].removesuffix("/api/v1")
    answered: list[str] = []
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as http:
        client = Client(http)
        session = await client.session()

        async def talk(writer: int) -> None:
            for number in range(1000):
                answered.append((await client.say(session, f"{writer} says {number}"))["id"])

        writers = [asyncio.create_task(talk(writer)) for writer in range(4)]
        while len(answered) < 40:
            await asyncio.wait(writers, timeout=0.005)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await asyncio.gather(*writers, return_exceptions=True)

    async with opened(folder) as client:
        kept = (await client.messages(session))["ids"]
    assert set(answered) <= set(kept)
    assert Counter(kept).most_common(1)[0][1] == 1


async def test_messages_sent_at_once_form_one_chain(client: Client) -> None:
    session = await client.session()

    await asyncio.gather(*(client.say(session, str(number)) for number in range(60)))

    items = (await client.messages(session, format="acontext"))["items"]
    assert [item["parent_id"] for item in items] == [None, *(item["id"] for item in items[:-1])]
    times = [item["created_at"].removesuffix("Z").ljust(26, "0") for item in items]
    assert times == sorted(set(times))
    assert (await client.call("GET", f"/session/{session}/token_counts"))["total_tokens"] == 60 * 2


async def test_one_id_asked_for_at_once_makes_one_session(client: Client) -> None:
    wanted = "0e984725-c51c-4bf4-9960-e1c80e27aba0"

    answers = await asyncio.gather(
        *(client.http.post("/api/v1/session", json={"use_uuid": wanted, "user": "ann"}) for _ in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1


async def test_a_file_replaced_at_once_is_one_of_the_new_ones(client: Client) -> None:
    disk = await client.disk()
    written = [str(number).encode() * 2000 for number in range(8)]

    await asyncio.gather(*(client.put(disk, "/a.txt", data) for data in written))

    listing = await client.call("GET", f"/disk/{disk}/artifact/ls")
    assert [(file["path"], file["filename"]) for file in listing["artifacts"]] == [("/", "a.txt")]
    found = await client.http.get(f"/api/v1/disk/{disk}/artifact/download", params={"file_path": "/a.txt"})
    assert found.content in written


async def test_a_copy_keeps_the_order_and_stands_alone(client: Client) -> None:
    session = await client.session(configs={"k": 1}, user="ann")
    for number in range(30):
        await client.say(session, str(number), meta={"n": number})
    await client.call("POST", f"/session/{session}/events", json={"type": "t", "data": {}})
    await client.say(session, "last")

    copy = (await client.call("POST", f"/session/{session}/copy"))["new_session_id"]
    await client.call("DELETE", f"/session/{session}")

    copied = await client.messages(copy, format="acontext", with_events=True)
    items = copied["items"]
    assert [item["parts"][0]["text"] for item in items] == [*map(str, range(30)), "last"]
    assert [item["parent_id"] for item in items] == [None, *(item["id"] for item in items[:-1])]
    assert copied["metas"] == [*({"n": number} for number in range(30)), {}]
    assert [event["type"] for event in copied["events"]] == ["t"]


async def test_a_file_of_a_message_lives_as_long_as_one_copy(client: Client) -> None:
    session = await client.session()
    blob = '{"format": "acontext", "blob": {"role": "user", "parts": [{"type": "image", "file_field": "f"}]}}'
    files = {"f": ("pic.png", PNG)}
    await client.call("POST", f"/session/{session}/messages", data={"payload": blob}, files=files)
    copy = (await client.call("POST", f"/session/{session}/copy"))["new_session_id"]
    url = (await client.messages(copy))["items"][0]["content"][0]["image_url"]["url"]

    await client.call("DELETE", f"/session/{session}")
    assert (await client.http.get(url)).content == PNG

    await client.call("DELETE", f"/session/{copy}")
    assert (await client.http.get(url)).json() == {"code": 500, "msg": "failed to serve material"}


async def test_bytes_that_nobody_needs_are_gone_after_a_restart(folder: Path) -> None:
    async with opened(folder) as client:
        first, second = await client.disk(user="ann"), await client.disk()
        await client.put(first, "/a.txt", b"shared")
        await client.put(second, "/b.txt", b"shared")
        await client.put(first, "/c.txt", b"own")
        await client.call("DELETE", "/user/ann")
    (folder / "staging" / "left-by-a-crash").write_bytes(b"x")

    async with opened(folder) as client:
        left = [*(folder / "contents").glob("*/*"), *(folder / "staging").iterdir()]
        assert [path.read_bytes() for path in left] == [b"shared"]
        found = await client.http.get(f"/api/v1/disk/{second}/artifact/download", params={"file_path": "/b.txt"})
        assert found.content == b"shared"


async def test_a_conversation_of_thousands_of_messages_is_read_whole(client: Client) -> None:
    session = await client.session()
    count = 600
    for start in range(0, count, 100):
        await asyncio.gather(*(client.say(session, f"m{number}") for number in range(start, start + 100)))

    page = await client.messages(session, format="acontext")

    assert len(page["items"]) == count
    assert page["this_time_tokens"] == (await client.call("GET", f"/session/{session}/token_counts"))["total_tokens"]
