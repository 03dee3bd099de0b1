"""Context editing keeps to upstream's rules for every conversation, not only for the recorded ones."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embedded import editing_model as model
from embedded.editing_conversations import CONVERSATIONS, EDITINGS, KEEP_TOOLS, LIMITS, LISTS, STRATEGIES, as_json
from embedded.opened import Client
from gql_api import tokens
from gql_api.embedded.editing import Editable, edit
from gql_api.embedded.strategies import BadStrategy, NotStrategies, parse


def _edit(conversation: list[model.Message], wanted: list[model.Strategy]) -> list[Editable]:
    messages = [
        Editable(key=number, parts=parts, tokens=tokens.count_message(parts))
        for number, parts in enumerate(conversation)
    ]
    return edit(messages, parse(as_json(wanted)))


def _text(text: str) -> model.Part:
    return {"type": "text", "text": text}


def _call(tool_id: Any, name: Any = "search", arguments: str = "word") -> model.Part:
    return {"type": "tool-call", "meta": {"id": tool_id, "name": name, "arguments": arguments}}


def _result(tool_id: Any, text: str = "word") -> model.Part:
    return {"type": "tool-result", "text": text, "meta": {"tool_call_id": tool_id}}


WORD = tokens.count("word\n")
NO_RESULTS: dict[str, Any] = {"keep_recent_n_tool_results": 0}
NO_CALLS: dict[str, Any] = {"keep_recent_n_tool_calls": 0}


@example(([[_call("c", 5), _call("d", "")]], [("remove_tool_call_params", {**NO_CALLS, "keep_tools": [""]})]))
@example(
    ([[_call("c"), _call("c", "")], [_result("c")]], [("remove_tool_result", {**NO_RESULTS, "keep_tools": ["search"]})])
)
@example(
    ([[_call("")], [_result("", "long result")]], [("remove_tool_result", {**NO_RESULTS, "keep_tools": ["search"]})])
)
@example(([[_call("c", arguments="word word")]], [("remove_tool_call_params", {**NO_CALLS, "gt_token": 2})]))
@example(([[_result("c", "word word")]], [("remove_tool_result", {**NO_RESULTS, "gt_token": 2})]))
@example(
    (
        [[_call("c")], [_result("c"), _call("d")], [_text("word")], [_result("d")]],
        [("token_limit", {"limit_tokens": WORD})],
    )
)
@example(([[_call(5)], [_result("5")], [_text("word")]], [("token_limit", {"limit_tokens": 2 * WORD})]))
@example(([[_call("")], [_result("")], [_text("word")]], [("token_limit", {"limit_tokens": 2 * WORD})]))
@example(([[_text("word")], [_call("")], [_text("word")], [_result("")]], [("middle_out", {"token_reduce_to": 30})]))
@given(EDITINGS)
@settings(max_examples=300, deadline=None)
def test_editing_does_what_the_rules_say(editing: tuple[list[model.Message], list[model.Strategy]]) -> None:
    conversation, wanted = editing
    before = json.dumps(conversation)

    edited = _edit(conversation, wanted)

    assert [(each.key, list(each.parts)) for each in edited] == model.edited(list(enumerate(conversation)), wanted)
    assert [each.tokens for each in edited] == [tokens.count_message(each.parts) for each in edited]
    assert json.dumps(conversation) == before


@given(CONVERSATIONS, LISTS, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_different_kinds_does_not_count(
    conversation: list[model.Message], wanted: list[model.Strategy], random: Any
) -> None:
    one_of_a_kind = list(dict(wanted).items())
    shuffled = random.sample(one_of_a_kind, len(one_of_a_kind))

    assert _edit(conversation, shuffled) == _edit(conversation, one_of_a_kind)


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_what_is_shortened_first_need_not_go(order: tuple[int, ...]) -> None:
    long = "word " * 40
    conversation = [
        [{"type": "text", "text": "go"}],
        [{"type": "tool-call", "meta": {"id": "c", "name": "f", "arguments": long}}],
        [{"type": "tool-result", "text": long, "meta": {"tool_call_id": "c"}}],
        [{"type": "text", "text": "on"}],
    ]
    shorten: list[model.Strategy] = [
        ("remove_tool_result", {"keep_recent_n_tool_results": 0}),
        ("remove_tool_call_params", {"keep_recent_n_tool_calls": 0}),
    ]
    fitting = sum(each.tokens for each in _edit(conversation, shorten))
    cut = [("middle_out", {"token_reduce_to": fitting}), ("token_limit", {"limit_tokens": fitting})]

    edited = _edit(conversation, [[*shorten, *cut][place] for place in order])

    assert ([each.key for each in edited], sum(each.tokens for each in edited)) == ([0, 1, 2, 3], fitting)


@pytest.mark.parametrize("order", [1, -1])
def test_the_middle_goes_before_the_oldest(order: int) -> None:
    conversation = [[{"type": "text", "text": "word"}] for _ in range(5)]
    each = tokens.count("word\n")
    wanted = [("middle_out", {"token_reduce_to": 3 * each}), ("token_limit", {"limit_tokens": 2 * each})]

    assert [message.key for message in _edit(conversation, wanted[::order])] == [1, 4]


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
def test_a_token_limit_takes_no_more_than_it_must(conversation: list[model.Message], limit: int) -> None:
    kept = _edit(conversation, [("token_limit", {"limit_tokens": limit})])

    assert sum(each.tokens for each in kept) <= limit
    assert all(each.parts is conversation[each.key] for each in kept)
    left = [each.key for each in kept]
    gone = [number for number in range(len(conversation)) if number not in left]
    oldest_left = left[0] if left else len(conversation)
    # Whatever went from between what is left had a call before it.
    taken_along = [number for number in gone if number > oldest_left]
    calls = {tool_id for number in gone if number < oldest_left for tool_id in model.call_ids(conversation[number])}
    assert all(model.result_ids(conversation[number]) & calls for number in taken_along)
    if model.total(list(enumerate(conversation))) <= limit:
        assert not gone


@given(CONVERSATIONS, LIMITS)
@settings(max_examples=60, deadline=None)
def test_a_call_that_is_taken_takes_its_last_result_along(conversation: list[model.Message], limit: int) -> None:
    left = {each.key for each in _edit(conversation, [("token_limit", {"limit_tokens": limit})])}

    for number, parts in enumerate(conversation):
        before = [other for other in range(number) if other in left]
        # What holds a result may have been taken along itself, and then takes nothing along.
        if number in left or before or model.result_ids(parts):
            continue
        for tool_id in model.call_ids(parts):
            answers = [each for each, others in enumerate(conversation) if tool_id in model.result_ids(others)]
            assert not answers or answers[-1] not in left


@given(CONVERSATIONS, KEEP_TOOLS, st.integers(0, 4), st.integers(1, 12) | st.none())
@settings(max_examples=150, deadline=None)
def test_removing_results_leaves_the_newest_the_kept_and_the_short(
    conversation: list[model.Message], keep_tools: list[str], newest: int, size: int | None
) -> None:
    params = {"keep_recent_n_tool_results": newest, "keep_tools": keep_tools, "tool_result_placeholder": "(gone)"}
    edited = _edit(conversation, [("remove_tool_result", params | ({"gt_token": size} if size else {}))])

    names = {
        part["meta"]["id"]: part["meta"]["name"]
        for parts in conversation
        for part in parts
        if part["type"] == "tool-call" and model.meta_text(part, "id") and model.meta_text(part, "name")
    }
    pairs = [
        (old, new)
        for parts, each in zip(conversation, edited, strict=True)
        for old, new in zip(parts, each.parts, strict=True)
    ]
    touched = [(old, new) for old, new in pairs if old["type"] == "tool-result"]
    assert [new for old, new in pairs if old["type"] != "tool-result"] == [
        old for old, _ in pairs if old["type"] != "tool-result"
    ]
    kept = [(old, new) for old, new in touched if names.get(model.meta_text(old, "tool_call_id")) in keep_tools]
    others = [pair for pair in touched if pair not in kept]
    older = others[:-newest] if newest else others
    assert all(old == new for old, new in kept + others[len(older) :])
    for old, new in older:
        short = size is not None and tokens.count(old.get("text", "")) <= size
        assert new == (old if short else {**old, "text": "(gone)"})


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
