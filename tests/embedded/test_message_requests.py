"""Requests about messages and events with something wrong in them: what is said, and of several things which first."""

from typing import Any

import pytest

from embedded.opened import Client

UNKNOWN = "11111111-1111-4111-8111-111111111111"
SAID = {"role": "user", "content": "x"}
DATABASE_ERROR = (400, 500, "database error")
BAD = (400, 400, "parameter error")
TOO_LARGE = (400, 400, "meta size exceeds 64KB limit")
JUST_FITTING = {"k": "<" * ((64 * 1024 - len('{"k":""}')) // 6)}
"""Each of these letters is written as six."""


@pytest.mark.parametrize(
    ("session", "body", "refused"),
    [
        ("odd", {"blob": {}}, (400, 400, "failed to normalize openai message")),
        ("odd", {"blob": SAID, "meta": {"k": "x" * 65536}}, TOO_LARGE),
        (UNKNOWN, {"blob": {}, "meta": {"k": "x" * 65536}}, TOO_LARGE),
        ("odd", {"blob": SAID, "format": "xml"}, BAD),
        ("odd", {"blob": SAID, "meta": {"k": "\0"}}, BAD),
        (UNKNOWN, {"blob": SAID, "meta": {"k": "\0"}}, DATABASE_ERROR),
        (UNKNOWN, {"blob": {}, "meta": {"k": "\0"}}, (400, 400, "failed to normalize openai message")),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_wrong_with_a_message_comes_before_its_session(
    client: Client, session: str, body: Any, refused: Any
) -> None:
    assert await client.refused("POST", f"/session/{session}/messages", json=body) == refused


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        ("", (400, 400, "failed to normalize openai message")),
        ("null", (400, 400, "failed to normalize openai message")),
        ('{"format": "gemini"}', (400, 400, "failed to normalize gemini message")),
        ('{"format": 5}', (400, 400, "invalid payload json")),
        ('{"meta": []}', (400, 400, "invalid payload json")),
        ("[]", (400, 400, "invalid payload json")),
        ('{"blob": 1} x', (400, 400, "invalid payload json")),
        ('{"format": "xml"}', (400, 400, "invalid format")),
    ],
)
async def test_a_payload_that_says_no_message_is_refused(client: Client, payload: str, refused: Any) -> None:
    session = await client.session()
    files = {"f": ("a", b"x")}

    assert (
        await client.refused("POST", f"/session/{session}/messages", data={"payload": payload}, files=files) == refused
    )


async def test_a_form_without_a_payload_is_refused_as_a_message(client: Client) -> None:
    session = await client.session()

    refused = await client.refused("POST", f"/session/{session}/messages", files={"payload": ("a", b"{}")})

    assert refused == (400, 400, "failed to normalize openai message")


async def test_a_payload_may_have_control_characters_and_names_in_any_case(client: Client) -> None:
    session = await client.session()
    payload = '{"BLOB": {"role": "user", "content": "a\n\tb"}, "Meta": {"k": 1}}'
    files = {"f": ("a", b"x")}

    stored = await client.call("POST", f"/session/{session}/messages", data={"payload": payload}, files=files)

    assert (stored["parts"], stored["meta"]) == ([{"type": "text", "text": "a\n\tb"}], {"k": 1})


async def test_only_json_is_a_message(client: Client) -> None:
    session = await client.session()
    body = b'{"blob": {"role": "user", "content": "x"}}'

    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        headers = {"content-type": kind}
        assert await client.refused("POST", f"/session/{session}/messages", content=body, headers=headers) == BAD


@pytest.mark.parametrize(
    "blob",
    [
        {"role": "user", "content": "x", "name": "a\0"},
        {"role": "user", "parts": [], "meta": {"k": ["\0"]}},
        {"role": "model", "parts": [{"functionCall": {"name": "f\0"}}]},
    ],
    ids=str,
)
async def test_the_server_s_own_metadata_hold_no_nul_either(client: Client, blob: Any) -> None:
    session = await client.session()
    message_format = "gemini" if blob["role"] == "model" else "openai" if "content" in blob else "acontext"

    refused = await client.refused(
        "POST", f"/session/{session}/messages", json={"blob": blob, "format": message_format}
    )

    assert refused == DATABASE_ERROR


async def test_metadata_are_measured_as_go_writes_them(client: Client) -> None:
    session = await client.session()
    stored = await client.say(session, "x", meta=JUST_FITTING)
    larger = {"k": JUST_FITTING["k"] + "<"}
    path = f"/session/{session}/messages"

    assert stored["meta"] == JUST_FITTING
    assert await client.refused("POST", path, json={"blob": SAID, "meta": larger}) == TOO_LARGE
    assert await client.refused("PATCH", f"{path}/{stored['id']}/meta", json={"meta": larger}) == TOO_LARGE


async def test_only_the_change_of_metadata_is_measured(client: Client) -> None:
    session = await client.session()
    stored = await client.say(session, "x", meta=JUST_FITTING)
    path = f"/session/{session}/messages/{stored['id']}/meta"

    changed = await client.call("PATCH", path, json={"meta": {"more": "x"}})

    assert changed == {"meta": {**JUST_FITTING, "more": "x"}}


async def test_a_change_of_metadata_is_looked_at_before_its_ids(client: Client) -> None:
    session = await client.session()
    stored = await client.say(session, "x")
    change = {"json": {"meta": {"a": 1}}}
    large = {"json": {"meta": {"k": "x" * 65536}}}

    assert await client.refused("PATCH", "/session/odd/messages/odd/meta", json={}) == BAD
    assert await client.refused("PATCH", "/session/odd/messages/odd/meta", **large) == TOO_LARGE
    assert await client.refused("PATCH", "/session/odd/messages/odd/meta", **change) == (400, 400, "invalid session_id")
    assert await client.refused("PATCH", f"/session/{UNKNOWN}/messages/odd/meta", **change) == (
        400,
        400,
        "invalid message_id",
    )
    failed = await client.refused(
        "PATCH", f"/session/{session}/messages/{stored['id']}/meta", json={"meta": {"k": "\0"}}
    )
    assert failed == (500, 500, "database error")


async def test_metadata_in_the_blob_under_the_caller_s_key_are_the_caller_s(client: Client) -> None:
    session = await client.session()
    path = f"/session/{session}/messages"
    for posing in ({"a": 1}, "text"):
        blob = {"role": "user", "parts": [], "meta": {"__user_meta__": posing}}
        await client.call("POST", path, json={"blob": blob, "format": "acontext", "meta": {}})

    page = await client.messages(session, format="acontext")

    assert page["metas"] == [{"a": 1}, {}]
    assert [item["meta"]["__user_meta__"] for item in page["items"]] == [{"a": 1}, "text"]


async def test_an_event_is_looked_at_before_its_session(client: Client) -> None:
    session = await client.session()
    path = f"/session/{UNKNOWN}/events"

    assert await client.refused("POST", "/session/odd/events", json={}) == (400, 400, "invalid session_id")
    assert await client.refused("GET", "/session/odd/events") == (400, 400, "invalid session_id")
    assert await client.refused("POST", path, json={"type": "t", "data": []}) == DATABASE_ERROR
    assert await client.refused("POST", path, json={"type": "t\0", "data": {}}) == (404, 404, "session not found")
    told = {"type": "t\0", "data": {}}
    assert await client.refused("POST", f"/session/{session}/events", json=told) == DATABASE_ERROR


async def test_a_list_of_tasks_checks_its_place_and_order(client: Client) -> None:
    session = await client.session()
    path = f"/session/{session}/task"

    assert await client.refused("GET", path, params={"time_desc": "maybe"}) == BAD
    assert await client.refused("GET", path, params={"cursor": "bad"}) == DATABASE_ERROR
    assert await client.refused("GET", f"/session/{UNKNOWN}/task", params={"cursor": "bad"}) == (
        404,
        404,
        "session not found",
    )
    assert await client.call("GET", path) == {"items": [], "has_more": False}


async def test_an_asset_is_looked_for_in_its_session_first(client: Client) -> None:
    session = await client.session()

    async def refused(where: str, **query: str) -> tuple[int, int, str]:
        return await client.refused("GET", f"/session/{where}/asset/download", params=query)

    assert await refused("odd") == (400, 400, "invalid session_id")
    assert await refused(UNKNOWN) == (404, 404, "session not found")
    assert await refused(session) == BAD
    denied = (403, 403, "access denied: asset does not belong to this project")
    assert await refused(session, s3_key="parts/x") == denied


@pytest.mark.parametrize(("name", "ending"), [("a.TAR.GZ", ".gz"), (".PNG", ".png"), ("a.", "."), ("plain", "")])
async def test_the_key_of_an_asset_ends_like_its_name(client: Client, name: str, ending: str) -> None:
    session = await client.session()
    payload = '{"format": "acontext", "blob": {"role": "user", "parts": [{"type": "file", "file_field": "f"}]}}'

    stored = await client.call(
        "POST", f"/session/{session}/messages", data={"payload": payload}, files={"f": (name, b"x")}
    )

    asset = stored["parts"][0]["asset"]
    assert asset["s3_key"].rpartition("/")[2] == asset["sha256"] + ending


async def test_answers_without_a_name_and_calls_that_are_none_are_refused(client: Client) -> None:
    session = await client.session()
    path = f"/session/{session}/messages"

    async def wait(calls: Any) -> None:
        blob = {"role": "assistant", "parts": [], "meta": {"__gemini_call_info__": calls}}
        await client.call("POST", path, json={"blob": blob, "format": "acontext"})

    def answer(name: str) -> Any:
        blob = {"role": "user", "parts": [{"functionResponse": {"name": name, "response": {}}}]}
        return {"blob": blob, "format": "gemini"}

    await wait([])
    await wait([{"id": "c1", "name": ""}])
    assert await client.refused("POST", path, json=answer("")) == DATABASE_ERROR
    other = await client.session()
    path = f"/session/{other}/messages"
    await wait([])
    await wait([{"name": "f"}])
    assert await client.refused("POST", path, json=answer("f")) == DATABASE_ERROR


async def test_copies_are_tracked_whatever_their_session_says(client: Client) -> None:
    session = await client.session(disable_task_tracking=True)
    stored = await client.say(session, "x")

    copy = (await client.call("POST", f"/session/{session}/copy"))["new_session_id"]

    items = (await client.messages(copy, format="acontext"))["items"]
    assert stored["session_task_process_status"] == "disable_tracking"
    assert [item["session_task_process_status"] for item in items] == ["pending"]


async def test_strategies_may_have_control_characters_and_names_in_any_case(client: Client) -> None:
    session = await client.session()
    await client.say(session, "some words")
    strategies = '[{"Type": "token_limit", "PARAMS": {"limit_tokens": 1, "note": "a\tb"}}]'

    page = await client.messages(session, edit_strategies=strategies)

    assert page["items"] == []
