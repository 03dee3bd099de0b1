"""URLs that sessions are exported by: who has one has them, whole, and nobody else has anything."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from api.client import Client
from api.conftest import ADDRESS
from api.exporting import OF_SESSION, OF_VIEWER, refusal, sessions_in, until, url_of, url_of_all
from archives.servers import DELETE
from gql_api.store.models import SessionMapping

OTHER_KEY = SecretStr("another key of at least 32 characters".replace(" ", "-"))
GONE = (404, "NOT_FOUND")
PICTURE = {"base64": {"data": "iVBORw0KGgo=", "filename": "a.png"}}


async def filled(client: Client, title: str = "Oslo") -> dict[str, Any]:
    session = await client.create(title=title)
    shown = {"chat": {"role": "USER", "content": "look", "attachments": [PICTURE]}}
    await client.store(session["id"], "hello", shown)
    await client.upload(session["id"], "/a.txt", text="words")
    return session


async def test_a_session_is_read_whole_by_its_url(client: Client, tmp_path: Path) -> None:
    session = await filled(client)
    id = session["acontextId"]
    url = await url_of(client, session["id"])
    assert url.startswith(f"{ADDRESS}/api/v1/exports/")

    answer = await client.http.get(url)

    assert answer.status_code == 200
    told = {name: answer.headers[name] for name in ("content-type", "cache-control", "content-disposition")}
    assert told == {
        "content-type": "application/x-tar",
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="session-{id}.tar"',
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    found = sessions_in(answer.content, tmp_path)
    assert list(found) == [id]
    assert [[part.get("text") for part in message["parts"]] for message in found[id]["messages"]] == [
        ["hello"],
        ["look", None],
    ]
    assert found[id]["messages"][1]["parts"][1]["bytes"] == base64.b64decode("iVBORw0KGgo=")
    assert found[id]["files"]["/a.txt"][1] == b"words"
    assert found[id]["record"]["title"] == "Oslo"


async def test_all_of_a_user_are_read_by_one_url_and_nothing_of_others(client: Client, tmp_path: Path) -> None:
    ada, bob = client.as_user("ada"), client.as_user("bob")
    await filled(bob, "Bob's")
    ids = [(await filled(ada, title))["acontextId"] for title in ("one", "two")]

    answer = await client.http.get(await url_of_all(ada))

    assert answer.headers["content-disposition"] == 'attachment; filename="sessions.tar"'
    found = sessions_in(answer.content, tmp_path)
    assert sorted(found) == sorted(ids)
    assert {session["record"]["user"] for session in found.values()} == {"ada"}


async def test_who_has_none_gets_an_archive_of_none(client: Client, tmp_path: Path) -> None:
    url = await url_of_all(client.as_user("nobody"))
    assert sessions_in((await client.http.get(url)).content, tmp_path) == {}


async def test_a_head_is_answered_without_reading_anything(client: Client) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])

    head = await client.http.head(url)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == f'attachment; filename="session-{session["acontextId"]}.tar"'
    assert "content-length" not in head.headers  # 0 would be that of the archive
    missing = await client.http.head(url[:-1])
    assert (missing.status_code, missing.content) == (404, b"")
    posted = await client.http.post(url)
    assert (refusal(posted), posted.headers["allow"]) == ((405, "BAD_REQUEST"), "GET, HEAD")


async def test_a_token_that_was_changed_anywhere_opens_nothing(client: Client) -> None:
    ada = client.as_user("ada")
    session = await filled(ada)
    for url in (await url_of(ada, session["id"]), await url_of_all(ada)):
        start, _, token = url.rpartition("/")
        others = [f"{token[:place]}{'A' if was != 'A' else 'B'}{token[place + 1 :]}" for place, was in enumerate(token)]
        for other in (*others, token[:-1], token + "A", token + "=", "A" * 43, "A" * 3000, "é", "%00"):
            answer = await client.http.get(f"{start}/{other}")
            assert refusal(answer) == GONE, other
            assert session["acontextId"] not in answer.text


async def test_a_url_works_for_as_long_as_it_says(client: Client) -> None:
    session = await filled(client)
    made = (await client.data(OF_SESSION, id=session["id"], seconds=604800))["session"]["exportUrl"]
    end = datetime.fromisoformat(made["expiresAt"])
    assert timedelta(days=6, hours=23) < end - datetime.now(UTC) <= timedelta(days=7)
    url = await url_of(client, session["id"], seconds=1)

    async def is_over() -> bool:
        return (await client.http.head(url)).status_code == 410

    await until(is_over)
    assert refusal(await client.http.get(url)) == (410, "NOT_FOUND")
    assert (await client.http.head(made["url"])).status_code == 200
    for seconds in (0, -1, 604801):
        assert await client.code(OF_SESSION, id=session["id"], seconds=seconds) == "BAD_USER_INPUT"


async def test_what_was_deleted_is_not_exported_nor_what_has_its_id_since(client: Client) -> None:
    ada = client.as_user("ada")
    session = await filled(ada)
    id = UUID(session["acontextId"])
    url = await url_of(ada, session["id"])
    await SessionMapping.filter(id=id).update(user_identifier="bob")
    assert refusal(await client.http.get(url)) == GONE
    await SessionMapping.filter(id=id).update(user_identifier="ada")
    assert (await client.http.head(url)).status_code == 200

    await ada.data(DELETE, i={"id": session["id"]})

    assert refusal(await client.http.get(url)) == GONE


async def test_what_acontext_lost_is_not_exported(client: Client, upstream: Any) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    await upstream.ask("DELETE", f"/session/{session['acontextId']}")
    assert refusal(await client.http.get(url)) == GONE


async def test_servers_with_the_same_key_read_each_others_urls(start: Any) -> None:
    async with start() as client:
        session = await filled(client)
        url = await url_of(client, session["id"])
    async with start() as client:  # the key is the same after a start
        assert (await client.http.head(url)).status_code == 200
    async with start(signing_key=OTHER_KEY) as client:
        assert refusal(await client.http.get(url)) == GONE
        ours = await url_of(client, session["id"])
        assert (await client.http.head(ours)).status_code == 200
    async with start() as client:
        assert refusal(await client.http.get(ours)) == GONE


async def test_acontext_and_database_that_fail_before_it_begins_are_told(client: Client, upstream: Any) -> None:
    session = await filled(client)
    url = await url_of(client, session["id"])
    upstream.fault = lambda request: "before"
    assert refusal(await client.http.get(url)) == (503, "UPSTREAM_UNAVAILABLE")


async def test_pages_of_allowed_origins_may_read_it(start: Any) -> None:
    async with start(cors_origins=("https://app.example",)) as client:
        session = await filled(client)
        url = await url_of(client, session["id"])
        answer = await client.http.get(url, headers={"origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "content-disposition" in answer.headers["access-control-expose-headers"].lower()
        stranger = await client.http.get(url, headers={"origin": "https://other.example"})
        assert "access-control-allow-origin" not in stranger.headers


async def test_another_users_url_is_given_to_nobody(client: Client) -> None:
    session = await filled(client.as_user("ada"))
    found = await client.as_user("bob").data(OF_SESSION, id=session["id"], seconds=60)
    assert found == {"session": None}
    assert (await client.as_user("ada").data(OF_VIEWER))["viewer"]["exportUrl"]["url"]


async def test_each_message_is_there_in_providers_forms_too(client: Client, tmp_path: Path) -> None:
    session = await client.create()
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"a":1}'}}
    shown = {"chat": {"role": "USER", "content": "look", "attachments": [PICTURE]}}
    await client.store(
        session["id"],
        {"chat": {"role": "SYSTEM", "content": "Be brief."}},
        shown,
        {"openai": {"role": "assistant", "content": None, "tool_calls": [call]}},
        {"openai": {"role": "tool", "tool_call_id": "c1", "content": "found"}},
    )
    url = await url_of(client, session["id"], forms=["GEMINI", "OPENAI", "ANTHROPIC"])

    found = sessions_in((await client.http.get(url)).content, tmp_path)[session["acontextId"]]

    system, look, asked, answered = [message["forms"] for message in found["messages"]]
    sha256 = found["messages"][1]["parts"][1]["asset"]["sha256"]
    assert system == {
        "openai": [{"role": "system", "content": "Be brief."}],
        "anthropic": [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}],
        "gemini": [{"role": "system", "parts": [{"text": "Be brief."}]}],
    }
    assert look["openai"][0]["content"][1] == {"type": "image_url", "image_url": {"url": f"sha256:{sha256}"}}
    assert look["anthropic"][0]["content"][1]["source"] == {"type": "url", "url": f"sha256:{sha256}"}
    assert look["gemini"][0]["parts"][1]["fileData"]["fileUri"] == f"sha256:{sha256}"
    assert asked["openai"] == [{"role": "assistant", "tool_calls": [call]}]
    assert asked["anthropic"] == [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look_up", "input": {"a": 1}}]}
    ]
    assert answered["openai"] == [{"role": "tool", "tool_call_id": "c1", "content": "found"}]
    [turn] = answered["anthropic"]
    assert (turn["role"], turn["content"][0]["type"], turn["content"][0]["tool_use_id"]) == (
        "user",
        "tool_result",
        "c1",
    )
    none = sessions_in((await client.http.get(await url_of(client, session["id"]))).content, tmp_path)
    assert "forms" not in none[session["acontextId"]]["messages"][0]
