"""Edited pages, asked for as clients do, are what the rules say: any conversation, strategies, page and pin."""

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded import editing_model as model
from embedded.editing_conversations import CONVERSATIONS, LISTS, PARTS, STRATEGIES, WRONG, as_json
from embedded.opened import Client, opened
from gql_api import tokens

# A store of its own for every example takes a while, on a busy machine more.
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

OWN_TURNS = st.builds(
    lambda role, parts, meta: {"format": "acontext", "blob": {"role": role, "parts": parts}, **meta},
    st.sampled_from(["user", "assistant"]),
    st.lists(PARTS, max_size=3),
    st.sampled_from([{}, {}, {"meta": {"k": "v"}}]),
)
OTHER_TURNS = st.sampled_from(
    [
        {"blob": {"role": "system", "content": "alpha beta"}},
        {"blob": {"role": "function", "name": "search", "content": "gamma delta epsilon"}},
        {"blob": {"role": "assistant", "function_call": {"name": "read", "arguments": '{"q": "alpha"}'}}},
        {"blob": {"role": "tool", "content": "gamma delta"}},
        {"blob": {"role": "tool", "tool_call_id": "c1", "content": ""}},
        {
            "format": "anthropic",
            "blob": {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "read"}]},
        },
    ]
)
STORES = st.lists(OWN_TURNS | OTHER_TURNS, max_size=9)


@dataclass(frozen=True)
class Question:
    """A page and how to edit it; places count from the oldest message and may lie behind the newest."""

    strategies: list[model.Strategy]
    limit: int
    cursor: int | None
    newest_first: bool
    pin: int | None
    pin_spoilt: str | None


QUESTIONS = st.builds(
    Question,
    strategies=LISTS,
    limit=st.just(0) | st.integers(1, 6),
    cursor=st.none() | st.integers(0, 8),
    newest_first=st.booleans(),
    pin=st.none() | st.integers(0, 8),
    pin_spoilt=st.sampled_from([None, None, None, "upper case", "with braces", "of nobody"]),
)


def spoilt(pin: str, how: str | None) -> str:
    ways = {"upper case": pin.upper(), "with braces": f"{{{pin}}}", "of nobody": str(uuid.UUID(int=5))}
    return ways[how] if how else pin


def cursor_of(item: dict[str, Any]) -> str:
    microseconds = (datetime.fromisoformat(item["created_at"]) - EPOCH) // timedelta(microseconds=1)
    text = f"{microseconds * 1000}|{item['id']}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def query(question: Question, items: list[dict[str, Any]]) -> dict[str, str]:
    asked = {"format": "acontext", "time_desc": str(question.newest_first).lower()}
    if question.strategies:
        asked["edit_strategies"] = as_json(question.strategies)
    if question.limit:
        asked["limit"] = str(question.limit)
    if question.cursor is not None and question.cursor < len(items):
        asked["cursor"] = cursor_of(items[question.cursor])
    if question.pin is not None and question.pin < len(items):
        asked["pin_editing_strategies_at_message"] = spoilt(items[question.pin]["id"], question.pin_spoilt)
    return asked


def answer(question: Question, everything: dict[str, Any]) -> dict[str, Any]:
    """The whole answer by the rules."""
    items = everything["items"]
    after = question.cursor if question.cursor is not None and question.cursor < len(items) else None
    places, has_more = model.page(len(items), limit=question.limit, after=after, newest_first=question.newest_first)
    pin = None if question.pin_spoilt else question.pin
    shown, last = model.pinned([(place, items[place]["parts"]) for place in places], question.strategies, pin)
    expected = {
        "items": [{**items[place], "parts": parts} for place, parts in shown],
        "ids": [everything["ids"][place] for place, _ in shown],
        "metas": [everything["metas"][place] for place, _ in shown],
        "has_more": has_more,
        "this_time_tokens": model.total(shown),
    }
    if has_more:
        expected["next_cursor"] = cursor_of(items[places[-1]])
    if last is not None:
        expected["edit_at_message_id"] = items[last]["id"]
    return expected


async def store_all(client: Client, stores: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Store in a session of its own and give it with all that is read from it unedited."""
    session = await client.session()
    answers = [await client.call("POST", f"/session/{session}/messages", json=each) for each in stores]
    everything = await client.messages(session, format="acontext")
    assert [(item["id"], item["parts"]) for item in everything["items"]] == [
        (stored["id"], stored["parts"]) for stored in answers
    ]
    return session, everything


@FEW
@given(stores=STORES, questions=st.lists(QUESTIONS, min_size=4, max_size=8))
async def test_a_page_is_edited_by_the_rules_and_nothing_is_stored(
    tmp_path_factory: pytest.TempPathFactory, stores: list[dict[str, Any]], questions: list[Question]
) -> None:
    async with opened(tmp_path_factory.mktemp("store")) as client:
        session, everything = await store_all(client, stores)
        for item, store in zip(everything["items"], stores, strict=True):
            assert store.get("format") != "acontext" or item["parts"] == store["blob"]["parts"]

        for question in questions:
            page = await client.messages(session, **query(question, everything["items"]))
            assert page == answer(question, everything)

        assert await client.messages(session, format="acontext") == everything
        counted = await client.call("GET", f"/session/{session}/token_counts")
        assert counted == {"total_tokens": sum(tokens.count_message(item["parts"]) for item in everything["items"])}


@FEW
@given(
    stores=st.lists(OWN_TURNS, min_size=1, max_size=6),
    strategies=st.lists(STRATEGIES, min_size=1, max_size=3),
    data=st.data(),
)
async def test_a_pin_edits_what_a_shorter_conversation_would_have(
    tmp_path_factory: pytest.TempPathFactory,
    stores: list[dict[str, Any]],
    strategies: list[model.Strategy],
    data: st.DataObject,
) -> None:
    place = data.draw(st.integers(0, len(stores) - 1))
    asked = {"format": "acontext", "edit_strategies": as_json(strategies)}
    async with opened(tmp_path_factory.mktemp("store")) as client:
        session, everything = await store_all(client, stores)
        pin = everything["ids"][place]

        pinned = await client.messages(session, **asked, pin_editing_strategies_at_message=pin)
        shorter = await client.messages(session, **asked, limit=place + 1)

    rest = everything["items"][place + 1 :]
    assert pinned["items"] == shorter["items"] + rest
    assert pinned["ids"] == shorter["ids"] + everything["ids"][place + 1 :]
    assert pinned["metas"] == shorter["metas"] + everything["metas"][place + 1 :]
    assert pinned["edit_at_message_id"] == shorter["edit_at_message_id"] == pin
    unedited = sum(tokens.count_message(item["parts"]) for item in rest)
    assert pinned["this_time_tokens"] == shorter["this_time_tokens"] + unedited


@FEW
@given(
    stores=st.lists(OWN_TURNS, max_size=6),
    strategies=st.lists(STRATEGIES, min_size=1, max_size=3),
    message_format=st.sampled_from(["openai", "anthropic", "gemini"]),
)
async def test_messages_are_edited_before_they_are_converted(
    tmp_path_factory: pytest.TempPathFactory,
    stores: list[dict[str, Any]],
    strategies: list[model.Strategy],
    message_format: str,
) -> None:
    edit = as_json(strategies)
    async with opened(tmp_path_factory.mktemp("store")) as client:
        session, _ = await store_all(client, stores)
        left = (await client.messages(session, format="acontext", edit_strategies=edit))["items"]
        again, _ = await store_all(
            client, [{"format": "acontext", "blob": {"role": one["role"], "parts": one["parts"]}} for one in left]
        )

        converted = await client.messages(session, format=message_format, edit_strategies=edit)
        stored_edited = await client.messages(again, format=message_format)

    for same in ("items", "this_time_tokens", "has_more"):
        assert converted[same] == stored_edited[same]
    assert converted["ids"] == [item["id"] for item in left]
    assert len(converted["metas"]) == len(left)


@FEW
@given(
    conversation=CONVERSATIONS.map(lambda messages: messages[:2]),
    around=LISTS,
    wrong=st.lists(st.sampled_from(WRONG), min_size=25, max_size=25, unique_by=repr),
    data=st.data(),
)
async def test_a_list_with_one_wrong_strategy_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    conversation: list[model.Message],
    around: list[model.Strategy],
    wrong: list[model.Strategy],
    data: st.DataObject,
) -> None:
    stores = [{"format": "acontext", "blob": {"role": "user", "parts": parts}} for parts in conversation]
    async with opened(tmp_path_factory.mktemp("store")) as client:
        session, _ = await store_all(client, stores)
        for strategy in wrong:
            place = data.draw(st.integers(0, len(around)))
            params = {"edit_strategies": as_json([*around[:place], strategy, *around[place:]])}
            refused = await client.refused("GET", f"/session/{session}/messages", params=params)
            assert refused == (400, 500, "database error"), strategy


async def test_without_strategies_a_pin_is_ignored(client: Client) -> None:
    session = await client.session()
    first, second = [await client.say(session, text) for text in ("one", "two")]

    page = await client.messages(session, pin_editing_strategies_at_message=first["id"])

    assert (page["ids"], page["edit_at_message_id"]) == ([first["id"], second["id"]], second["id"])


async def test_an_edited_page_may_be_empty_and_still_goes_on(client: Client) -> None:
    session = await client.session()
    stored = [await client.say(session, f"message {number}") for number in range(4)]
    nothing = as_json([("token_limit", {"limit_tokens": 1})])

    page = await client.messages(session, limit=2, edit_strategies=nothing)

    assert page == {
        "items": [],
        "ids": [],
        "metas": [],
        "has_more": True,
        "this_time_tokens": 0,
        "next_cursor": cursor_of(stored[1]),
        "edit_at_message_id": stored[1]["id"],
    }
