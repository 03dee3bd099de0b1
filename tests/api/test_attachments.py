"""What is attached to messages: uploads, files of disks, links and bytes in base64; a retry stores nothing twice."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from api.asking import Asking
from api.client import Client
from api.conftest import ADDRESS
from api.forms import post, sent, upload
from api.odd_upstream import OddUpstream
from api.test_admission import Held, app_of
from api.upstream import Upstream

PARTS = """
parts { __typename ... on TextPart { text } ... on MediaPart { kind filename size sha256 publicUrl { url } } }
"""
STORE = f"""
mutation ($input: StoreMessageInput!) {{
  storeMessage(input: $input) {{ message {{ role {PARTS} }} replayed errors {{ code path }} }}
}}
"""
STORE_ALL = """
mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) { storedCount messages { text } replayed errors { code path } }
}
"""
READ = f"query ($id: ID!) {{ session(id: $id) {{ messages(first: 10) {{ nodes {{ role {PARTS} }} }} }} }}"
PLACE = "input.message.chat.attachments.0.upload"
KIB = 1024


@pytest.fixture
async def session(client: Client) -> str:
    return str((await client.create())["id"])


def saying(session: str, *attachments: Any, role: str = "USER", content: str | None = "look", **more: Any) -> Any:
    chat = {"role": role, "content": content, "attachments": list(attachments)}
    return {"sessionId": session, "message": {"chat": chat}, **more}


async def store(client: Client, *given: Any, **more: Any) -> Any:
    return (await client.data(STORE, input=saying(*given, **more)))["storeMessage"]


async def read(client: Client, session: str) -> Any:
    return (await client.data(READ, id=session))["session"]["messages"]["nodes"]


def told(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


def at(*path: str) -> list[str]:
    return ["input", "message", "chat", "attachments", *path]


def media(kind: str, name: str | None, held: bytes | None) -> dict[str, Any]:
    part = {"__typename": "MediaPart", "kind": kind, "filename": name, "size": None, "sha256": None}
    return part if held is None else {**part, "size": len(held), "sha256": sha256(held).hexdigest(), "bytes": held}


async def test_all_forms_become_media_parts_in_their_order(client: Client, session: str) -> None:
    file = await client.upload(session, "/docs/plan.pdf", "a plan")
    data = bytes(range(256)) * 1000
    attachments = [
        {"upload": None},
        {"fileId": file["id"]},
        {"url": "https://media.example/cat.png?size=1"},
        {"base64": {"data": b64encode(b"moo").decode(), "filename": "cow.mp3"}},
        {"upload": None},
    ]
    files = {PLACE: ("café.jpeg", data), PLACE.replace("0", "4"): ("", b"plain")}
    payload = await sent(client, STORE, {"input": saying(session, *attachments)}, files)
    assert payload["errors"] == []
    message = payload["message"]
    for part in message["parts"][1:]:
        url = part.pop("publicUrl")["url"]
        if part["sha256"]:
            part["bytes"] = (await client.http.get(url.removeprefix(ADDRESS))).content
    assert message["role"] == "USER"
    assert message["parts"] == [
        {"__typename": "TextPart", "text": "look"},
        media("IMAGE", "café.jpeg", data),
        media("FILE", "plan.pdf", b"a plan"),
        media("IMAGE", None, None),
        media("AUDIO", "cow.mp3", b"moo"),
        media("FILE", "file", b"plain"),
    ]
    [found] = await read(client, session)
    assert [part.get("sha256") for part in found["parts"]] == [part.get("sha256") for part in message["parts"]]
    assert found["parts"][3]["publicUrl"] == {"url": "https://media.example/cat.png?size=1"}


async def test_nobody_opens_a_link(client: Client, session: str, upstream: Upstream) -> None:
    upstream.clear()
    payload = await store(client, session, {"url": "http://127.0.0.1:1/inside.png"})
    assert payload["errors"] == []
    assert upstream.calls == ["POST /session/{id}/messages"]


async def test_text_is_not_needed_beside_attachments(client: Client, session: str) -> None:
    link = {"url": "https://a.example/a.png"}
    for role in ("USER", "ASSISTANT"):
        for content in (None, ""):
            payload = await store(client, session, link, role=role, content=content)
            assert [part["__typename"] for part in payload["message"]["parts"]] == ["MediaPart"]
    for role in ("SYSTEM", "DEVELOPER"):
        assert told(await store(client, session, link, role=role)) == [("INVALID_INPUT", at())]


GOOD = {"data": "eA=="}


@pytest.mark.parametrize(
    ("attachment", "code", "path"),
    [
        ({"url": "file:///etc/passwd"}, "INVALID_INPUT", ["url"]),
        ({"url": "data:text/plain,x"}, "INVALID_INPUT", ["url"]),
        ({"url": "/relative"}, "INVALID_INPUT", ["url"]),
        ({"url": "https://"}, "INVALID_INPUT", ["url"]),
        ({"url": "https://a b"}, "INVALID_INPUT", ["url"]),
        ({"url": "https://a\n"}, "INVALID_INPUT", ["url"]),
        ({"url": "https://a.example/" + "x" * 2048}, "TOO_LARGE", ["url"]),
        ({"base64": {"data": "x"}}, "INVALID_INPUT", ["base64", "data"]),
        ({"base64": {**GOOD, "filename": "a/b"}}, "INVALID_INPUT", ["base64", "filename"]),
        ({"base64": {**GOOD, "filename": 'a"b'}}, "INVALID_INPUT", ["base64", "filename"]),
        ({"base64": {**GOOD, "filename": "a\nb"}}, "INVALID_INPUT", ["base64", "filename"]),
        ({"base64": {**GOOD, "filename": ".."}}, "INVALID_INPUT", ["base64", "filename"]),
        ({"base64": {**GOOD, "filename": "x" * 256}}, "TOO_LARGE", ["base64", "filename"]),
    ],
)
async def test_what_cannot_be_attached_is_refused(
    client: Client, session: str, attachment: Any, code: str, path: list[str], upstream: Upstream
) -> None:
    good = {"url": "https://a.example"}
    upstream.clear()
    assert told(await store(client, session, good, attachment)) == [(code, at("1", *path))]
    assert upstream.calls == []


async def test_a_message_has_at_most_ten_attachments(client: Client, session: str) -> None:
    link = {"url": "https://a.example"}
    assert told(await store(client, session, *[link] * 11)) == [("TOO_LARGE", at())]
    assert told(await store(client, session, *[link] * 10)) == []


async def test_exactly_one_form_is_given(client: Client, session: str) -> None:
    for attachment in ({}, {"url": "https://a.example", "base64": GOOD}, {"url": None}):
        assert await client.code(STORE, input=saying(session, attachment)) == "BAD_USER_INPUT"


async def test_the_names_of_uploads_are_checked(client: Client, session: str) -> None:
    for name, code in (("a/b", "INVALID_INPUT"), ("a\\\\b", "INVALID_INPUT"), ("x" * 256, "TOO_LARGE")):
        body = upload(STORE, {"input": saying(session, {"upload": None})}, {PLACE: (name, b"x")})
        payload = (await post(client, body)).json()["data"]["storeMessage"]
        assert told(payload) == [(code, at("0", "upload"))], name


async def test_files_of_disks_are_those_of_the_viewers_sessions(client: Client, session: str) -> None:
    bob = client.as_user("bob")
    foreign = await bob.upload((await bob.create())["id"], "/a.txt", "bob's")
    other = await client.upload((await client.create())["id"], "/a.txt", "mine")
    assert told(await store(client, session, {"fileId": other["id"]})) == []
    assert told(await store(client, session, {"fileId": foreign["id"]})) == [("NOT_FOUND", at("0", "fileId"))]
    gone = another(other["id"])
    assert told(await store(client, session, {"fileId": gone})) == [("NOT_FOUND", at("0", "fileId"))]
    assert await client.code(STORE, input=saying(session, {"fileId": session})) == "BAD_USER_INPUT"


def another(id: str) -> str:
    """Give the id of a file that is not there, on the same disk."""
    return b64encode(b64decode(id).replace(b"a.txt", b"b.txt")).decode()


async def test_files_of_disks_have_16_mib_together(client: Client, session: str) -> None:
    large = [(await client.upload(session, f"/{name}", "x" * 6 * KIB * KIB))["id"] for name in "abc"]
    assert told(await store(client, session, *({"fileId": id} for id in large))) == [("TOO_LARGE", at("2", "fileId"))]
    assert told(await store(client, session, *({"fileId": id} for id in large[:2]))) == []


async def test_the_same_file_under_the_same_key_is_stored_once(client: Client, session: str) -> None:
    large, other = b"a" * 100_000, b"b" * 100_000
    input = saying(session, {"upload": None}, idempotencyKey="key")
    first = await sent(client, STORE, {"input": input}, {PLACE: large})
    again = await sent(client, STORE, {"input": input}, {PLACE: large})
    assert (first["replayed"], again["replayed"]) == (False, True)
    sha = [payload["message"]["parts"][1]["sha256"] for payload in (first, again)]
    assert sha == [sha256(large).hexdigest()] * 2
    mismatch = [("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])]
    for files in ({PLACE: other}, {PLACE: ("other.bin", large)}):
        assert told(await sent(client, STORE, {"input": input}, files)) == mismatch
    assert len(await read(client, session)) == 1


async def test_a_replay_does_not_need_the_file_any_more(client: Client, session: str) -> None:
    file = await client.upload(session, "/a.txt")
    input = {"idempotencyKey": "key"}
    assert told(await store(client, session, {"fileId": file["id"]}, **input)) == []
    delete = "mutation ($id: ID!) { deleteFile(input: {file: {id: $id}}) { errors { code } } }"
    await client.data(delete, id=file["id"])
    again = await store(client, session, {"fileId": file["id"]}, **input)
    assert (again["replayed"], again["errors"]) == (True, [])
    assert told(await store(client, session, {"fileId": file["id"]})) == [("NOT_FOUND", at("0", "fileId"))]


async def test_all_files_of_a_list_are_looked_for_before_anything_is_stored(client: Client, session: str) -> None:
    file = await client.upload(session, "/a.txt")
    gone = another(file["id"])
    messages = [{"message": saying(session, {"fileId": id})["message"]} for id in (file["id"], gone)]
    input = {"sessionId": session, "messages": messages}
    payload = (await client.data(STORE_ALL, input=input))["storeMessages"]
    path = ["input", "messages", "1", "message", "chat", "attachments", "0", "fileId"]
    assert (payload["storedCount"], told(payload)) == (0, [("NOT_FOUND", path)])
    assert await read(client, session) == []


async def test_a_lost_answer_is_found_again_with_its_files(
    client: Client, session: str, upstream: Upstream, start: Callable[..., Any]
) -> None:
    input = saying(session, {"upload": None}, idempotencyKey="key")
    data = b"x" * 300_000
    upstream.fault = lambda request: "after" if request.method == "POST" else None
    first = await sent(client, STORE, {"input": input}, {PLACE: data})
    upstream.fault = None
    assert (first["errors"], first["message"]["parts"][1]["size"]) == ([], len(data))
    again = await sent(client, STORE, {"input": input}, {PLACE: data})
    assert (again["replayed"], len(await read(client, session))) == (True, 1)


async def test_a_file_that_cannot_be_read_from_its_disk_stops_nothing_for_later(
    client: Client, session: str, upstream: Upstream
) -> None:
    file = await client.upload(session, "/a.txt")
    upstream.fault = lambda request: "lost" if request.url.path.endswith("/download") else None
    input = saying(session, {"fileId": file["id"]}, idempotencyKey="key")
    assert await client.code(STORE, input=input) == "UPSTREAM_UNAVAILABLE"
    upstream.fault = None
    payload = (await client.data(STORE, input=input))["storeMessage"]
    assert (payload["errors"], payload["replayed"], len(await read(client, session))) == ([], False, 1)


async def test_a_call_that_was_cut_gives_nobody_a_file_of_others(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    """It is under way already when it is sent again, so it is not begun anew."""
    async with start(store_settling=0.001) as client:
        bob = client.as_user("bob")
        foreign = (await bob.upload((await bob.create())["id"], "/a.txt"))["id"]
        session = (await client.create())["id"]
        input = saying(session, {"fileId": foreign}, idempotencyKey="key", expectEmpty=True)
        held = Held(upstream)
        body = json.dumps({"query": STORE, "variables": {"input": input}}).encode()
        asked = Asking(app_of(client), pieces=[body])
        asked.send(b"", more=False)
        await held.until(1)
        asked.task.cancel()
        await asyncio.wait([asked.task], timeout=20)
        upstream.instead = None
        payload = (await client.data(STORE, input=input))["storeMessage"]
        assert told(payload) == [("NOT_FOUND", at("0", "fileId"))]
        assert await read(client, session) == []


async def test_no_file_is_taken_for_the_arguments_of_a_call(client: Client, session: str) -> None:
    call = {"callId": "1", "name": "tool", "arguments": {"a": None}}
    chat = {"role": "ASSISTANT", "toolCalls": [call]}
    input = {"sessionId": session, "message": {"chat": chat}}
    payload = await sent(client, STORE, {"input": input}, {"input.message.chat.toolCalls.0.arguments.a": b"x"})
    path = ["input", "message", "chat", "toolCalls", "0", "arguments"]
    assert told(payload) == [("INVALID_INPUT", path)]
    for form in ("openai", "anthropic", "gemini", "acontext"):
        input = {"sessionId": session, "message": {form: {"role": "user", "content": None}}}
        payload = await sent(client, STORE, {"input": input}, {f"input.message.{form}.content": b"x"})
        assert told(payload) == [("INVALID_INPUT", ["input", "message", form, "content"])]


async def test_attachments_are_told_to_providers_as_other_media(client: Client, session: str) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(100)
    await sent(client, STORE, {"input": saying(session, {"upload": None})}, {PLACE: ("a.png", png)})
    await store(client, session, {"url": "https://a.example/b.png"})
    shown = "formatted(as: OPENAI, media: INLINE) { messages }"
    document = f"query ($id: ID!) {{ session(id: $id) {{ messages(first: 10) {{ {shown} }} }} }}"
    formatted = (await client.data(document, id=session))["session"]["messages"]["formatted"]["messages"]
    urls = [message["content"][1]["image_url"]["url"] for message in formatted]
    assert urls == [f"data:image/png;base64,{b64encode(png).decode()}", "https://a.example/b.png"]
