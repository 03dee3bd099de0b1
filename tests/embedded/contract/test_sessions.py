"""Sessions and users: how ids and cursors are read, and who owns what."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from embedded.opened import Client

NIL = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-1111-4111-8111-111111111111"


def cursor_of(item: dict[str, Any]) -> str:
    """Make the cursor that stands at an item of any list."""
    whole, _, fraction = item["created_at"].removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    plain = f"{seconds}{fraction.ljust(9, '0')}|{item['id']}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def cursor_before(item: dict[str, Any]) -> str:
    moment = datetime.fromisoformat(item["created_at"]) - timedelta(microseconds=1)
    return cursor_of({**item, "created_at": moment.isoformat().replace("+00:00", "Z")})


@pytest.mark.parametrize("form", ["{0}", "{{{0}}}", "urn:uuid:{0}", "{1}", "{2}"])
async def test_an_id_is_taken_in_every_form_that_go_takes(client: Client, form: str) -> None:
    session = await client.session()
    written = form.format(session, session.upper(), session.replace("-", ""))

    assert (await client.call("GET", f"/session/{written}/configs"))["id"] == session


@pytest.mark.parametrize("form", ["{0}x", "{0}-", "x{0}", "urn:{0}", "{1}"])
async def test_what_is_no_id_is_refused(client: Client, form: str) -> None:
    session = await client.session()
    written = form.format(session, session[:8] + session[9:] + "-")

    assert await client.refused("GET", f"/session/{written}/configs") == (400, 400, "parameter error")


async def test_a_cursor_can_be_made_for_any_item(client: Client) -> None:
    session = await client.session()
    stored = [(await client.say(session, f"m{number}"))["id"] for number in range(4)]
    items = (await client.messages(session, format="acontext"))["items"]

    for number, item in enumerate(items):
        page = await client.messages(session, limit=10, cursor=cursor_of(item))
        assert page["ids"] == stored[number + 1 :]
    of_nobody = cursor_of({**items[2], "id": NIL})
    assert (await client.messages(session, limit=10, cursor=of_nobody))["ids"] == stored


@pytest.mark.parametrize(
    "cursor", ["!", "é", "YQ", cursor_of({"created_at": "2026-01-01T00:00:00Z", "id": "x"}), "OXwx"]
)
async def test_a_bad_cursor_is_refused_if_a_page_is_asked_for(client: Client, cursor: str) -> None:
    session = await client.session()
    path = f"/session/{session}/messages"

    refused = await client.refused("GET", path, params={"limit": 1, "cursor": cursor})

    assert refused == (400, 500, "database error")
    assert (await client.messages(session, cursor=cursor))["ids"] == []


async def test_users_are_listed_in_pages(client: Client) -> None:
    """Others may come in between; the cursor is one that stands just before the first of ours."""
    ours = [client.user(name) for name in ("ann", "ben", "cho")]
    for name in ours:
        await client.session(user=name)
    newest = await client.call("GET", "/user/ls", params={"time_desc": "true", "limit": 100})
    mine = [user for user in newest["items"] if user["identifier"] in ours]

    found: list[str] = []
    cursor = cursor_before(mine[-1])
    while cursor:
        page = await client.call("GET", "/user/ls", params={"limit": 2, "cursor": cursor})
        assert len(page["items"]) == 2 or not page["has_more"]
        found += [user["identifier"] for user in page["items"] if user["identifier"] in ours]
        cursor = page.get("next_cursor")

    assert [user["identifier"] for user in mine] == ours[::-1]
    assert found == ours
    assert {frozenset(user) for user in mine} == {
        frozenset({"id", "project_id", "identifier", "created_at", "updated_at"})
    }


async def test_a_user_s_own_sessions_can_be_asked_for_by_place(client: Client) -> None:
    """The documented way to ask whether a session belongs to a user: a cursor just before it."""
    ann = client.user("ann")
    mine, other = await client.session(user=ann), await client.session(user=client.user("ben"))
    for session, owned in ((mine, True), (other, False)):
        shown = await client.call("GET", f"/session/{session}/configs")
        question = {"user": ann, "limit": 1, "cursor": cursor_before(shown)}
        page = await client.call("GET", "/session", params=question)
        assert ([item["id"] for item in page["items"]] == [session]) is owned


async def test_one_failing_write_takes_none_of_the_others_along(client: Client) -> None:
    session = await client.session()
    nowhere = f"/session/{UNKNOWN}/messages"
    body = {"blob": {"role": "user", "content": "lost"}}

    told = await asyncio.gather(
        *(client.say(session, str(number)) for number in range(10)),
        *(client.refused("POST", nowhere, json=body) for _ in range(10)),
    )

    assert told[10:] == [(400, 500, "database error")] * 10
    assert len((await client.messages(session))["ids"]) == 10


async def test_one_id_asked_for_at_once_makes_one_session(client: Client) -> None:
    wanted, user = str(uuid4()), client.user("ann")

    answers = await asyncio.gather(
        *(client.http.post("/api/v1/session", json={"use_uuid": wanted, "user": user}) for _ in range(8))
    )

    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert {answer.json()["data"]["id"] for answer in answers if answer.is_success} == {wanted}
    listed = await client.call("GET", "/session", params={"user": user})
    assert [session["id"] for session in listed["items"]] == [wanted]


async def test_a_copy_has_everything_and_stands_alone(client: Client) -> None:
    """In which order is not said: the real one loses it."""
    session = await client.session(configs={"k": 1}, user=client.user("ann"))
    for number in range(5):
        await client.say(session, str(number), meta={"n": number})
    await client.call("POST", f"/session/{session}/events", json={"type": "t", "data": {"a": 1}})

    copy = (await client.call("POST", f"/session/{session}/copy"))["new_session_id"]
    original = await client.call("GET", f"/session/{session}/configs")
    await client.call("DELETE", f"/session/{session}")

    copied = await client.call("GET", f"/session/{copy}/configs")
    page = await client.messages(copy)
    events = await client.call("GET", f"/session/{copy}/events")
    assert (copied["configs"], copied["user_id"]) == (original["configs"], original["user_id"])
    assert sorted(item["content"] for item in page["items"]) == ["0", "1", "2", "3", "4"]
    assert sorted(meta["n"] for meta in page["metas"]) == [0, 1, 2, 3, 4]
    assert [(event["type"], event["data"]) for event in events["items"]] == [("t", {"a": 1})]
