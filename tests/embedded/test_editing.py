"""Context editing keeps to upstream's rules for every conversation, not only for the recorded ones."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded import editing_model as model
from embedded.opened import Client
from gql_api import tokens
from gql_api.embedded.editing import Editable, edit
from gql_api.embedded.strategies import BadStrategy, NotStrategies, parse

WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "<tag>", "日本", "x" * 40]), max_size=8).map(" ".join)
TOOLS = st.sampled_from(["search", "read"])
IDS = st.sampled_from(["c0", "c1", "c2", "c3", "c4"])
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, WORDS),
    st.builds(
        lambda tool_id, name, text: {
            "type": "tool-call",
            "meta": {"id": tool_id, "name": name, "arguments": json.dumps({"q": text})},
        },
        IDS,
        TOOLS,
        WORDS,
    ),
    st.builds(
        lambda tool_id, text: {"type": "tool-result", "text": text, "meta": {"tool_call_id": tool_id}}, IDS, WORDS
    ),
)
CONVERSATIONS = st.lists(st.lists(PARTS, max_size=3), max_size=12)
KEEP_TOOLS = st.lists(st.sampled_from(["search", "read", "none"]), max_size=2)
LIMITS = st.integers(1, 120)


def _optional(**fields: Any) -> Any:
    return st.fixed_dictionaries({}, optional=fields)


STRATEGIES = st.one_of(
    st.tuples(
        st.just("remove_tool_result"),
        _optional(
            keep_recent_n_tool_results=st.integers(0, 4),
            tool_result_placeholder=st.sampled_from(["gone", " [gone] ", "  ", "Done"]),
            keep_tools=KEEP_TOOLS,
            gt_token=st.integers(1, 12),
        ),
    ),
    st.tuples(
        st.just("remove_tool_call_params"),
        _optional(keep_recent_n_tool_calls=st.integers(0, 4), keep_tools=KEEP_TOOLS, gt_token=st.integers(1, 12)),
    ),
    st.tuples(st.just("middle_out"), st.builds(lambda limit: {"token_reduce_to": limit}, LIMITS)),
    st.tuples(st.just("token_limit"), st.builds(lambda limit: {"limit_tokens": limit}, LIMITS)),
)


def _edit(conversation: list[model.Message], wanted: list[model.Strategy]) -> list[Editable]:
    text = json.dumps([{"type": kind, "params": params} for kind, params in wanted])
    messages = [
        Editable(key=number, parts=parts, tokens=tokens.count_message(parts))
        for number, parts in enumerate(conversation)
    ]
    return edit(messages, parse(text))


@given(CONVERSATIONS, st.lists(STRATEGIES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_editing_does_what_the_rules_say(conversation: list[model.Message], wanted: list[model.Strategy]) -> None:
    before = json.dumps(conversation)

    edited = _edit(conversation, wanted)

    assert [(each.key, list(each.parts)) for each in edited] == model.edited(list(enumerate(conversation)), wanted)
    assert [each.tokens for each in edited] == [tokens.count_message(each.parts) for each in edited]
    assert json.dumps(conversation) == before


@given(CONVERSATIONS, st.lists(STRATEGIES, max_size=4), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_different_kinds_does_not_count(
    conversation: list[model.Message], wanted: list[model.Strategy], random: Any
) -> None:
    one_of_a_kind = list(dict(wanted).items())
    shuffled = random.sample(one_of_a_kind, len(one_of_a_kind))

    assert _edit(conversation, shuffled) == _edit(conversation, one_of_a_kind)


@given(CONVERSATIONS, STRATEGIES)
@settings(max_examples=60, deadline=None)
def test_a_second_time_changes_nothing(conversation: list[model.Message], wanted: model.Strategy) -> None:
    once = _edit(conversation, [wanted])

    again = _edit([list(each.parts) for each in once], [wanted])

    assert [each.parts for each in again] == [each.parts for each in once]


@given(CONVERSATIONS, LIMITS)
@settings(max_examples=60, deadline=None)
def test_middle_out_fits_and_tears_no_pair_apart(conversation: list[model.Message], limit: int) -> None:
    kept = _edit(conversation, [("middle_out", {"token_reduce_to": limit})])

    assert sum(each.tokens for each in kept) <= limit
    left = {each.key for each in kept}
    gone = [parts for number, parts in enumerate(conversation) if number not in left]
    ids_left = {tool_id for each in kept for tool_id in model.tool_ids(list(each.parts))}
    assert not ids_left & {tool_id for parts in gone for tool_id in model.tool_ids(parts)}


@given(CONVERSATIONS, LIMITS)
@settings(max_examples=60, deadline=None)
def test_a_token_limit_fits_and_keeps_the_newest(conversation: list[model.Message], limit: int) -> None:
    kept = _edit(conversation, [("token_limit", {"limit_tokens": limit})])

    assert sum(each.tokens for each in kept) <= limit
    assert all(each.parts is conversation[each.key] for each in kept)


def test_a_long_conversation_is_edited_in_one_pass() -> None:
    count = 20_000
    conversation = [[{"type": "text", "text": "word"}] for _ in range(count)]

    kept = _edit(conversation, [("middle_out", {"token_reduce_to": 2000})])

    assert [each.key for each in kept] == [*range(500), *range(count - 500, count)]


@pytest.mark.parametrize("text", ["{bad", "{}", '"x"', "5", "[1]", '[{"type": 5}]', '[{"params": []}]', "[NaN]"])
def test_what_is_no_list_of_strategies_is_told_apart(text: str) -> None:
    with pytest.raises(NotStrategies):
        parse(text)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"type": "nope"},
        {"type": "token_limit"},
        {"type": "token_limit", "params": {"limit_tokens": True}},
        {"type": "token_limit", "params": {"limit_tokens": 0.9}},
        {"type": "middle_out", "params": {"token_reduce_to": 2.5}},
        {"type": "remove_tool_result", "params": {"keep_tools": None}},
        {"type": "remove_tool_result", "params": {"tool_result_placeholder": None}},
        {"type": "remove_tool_call_params", "params": {"gt_token": 0}},
        {"type": "remove_tool_call_params", "params": {"keep_recent_n_tool_calls": -1}},
    ],
)
def test_a_bad_strategy_is_refused(config: Any) -> None:
    with pytest.raises(BadStrategy):
        parse(json.dumps([config]))


async def test_a_pin_leaves_what_follows_untouched(client: Client) -> None:
    session = await client.session()
    stored = [await client.say(session, f"message {number}") for number in range(6)]
    cut = json.dumps([{"type": "token_limit", "params": {"limit_tokens": 4}}])

    page = await client.messages(session, edit_strategies=cut, pin_editing_strategies_at_message=stored[2]["id"])

    assert [item["content"] for item in page["items"]] == ["message 2", "message 3", "message 4", "message 5"]
    assert page["edit_at_message_id"] == stored[2]["id"]
    assert page["this_time_tokens"] == 4 * tokens.count("message 2\n")


async def test_editing_leaves_what_is_stored_alone(client: Client) -> None:
    session = await client.session()
    part = {"type": "tool-result", "text": "a long result", "meta": {"tool_call_id": "c"}}
    blob = {"role": "user", "parts": [part]}
    await client.call("POST", f"/session/{session}/messages", json={"blob": blob, "format": "acontext"})
    before = await client.messages(session, format="acontext")
    remove = json.dumps([{"type": "remove_tool_result", "params": {"keep_recent_n_tool_results": 0}}])

    edited = await client.messages(session, format="acontext", edit_strategies=remove)

    assert edited["items"][0]["parts"] == [{**part, "text": "Done"}]
    assert await client.messages(session, format="acontext") == before
