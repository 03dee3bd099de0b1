"""The rules of context editing a second time, as plainly as they can be said: lists are walked again and again.

A message is the list of its parts. What is edited are pairs of a message's number and its parts.
"""

from typing import Any

import regex

from gql_api import gojson, tokens

Part = dict[str, Any]
Message = list[Part]
Strategy = tuple[str, dict[str, Any]]
Numbered = list[tuple[int, Message]]

ORDER = ["remove_tool_result", "remove_tool_call_params", "middle_out", "token_limit"]


def page(count: int, *, limit: int, after: int | None, newest_first: bool) -> tuple[list[int], bool]:
    """Which of `count` messages are on a page, oldest first, and whether there are more.

    `after` is the place of the message that the cursor names; it counts only with a limit. Backwards the server takes
    one message too many and then keeps the oldest ones.
    """
    if limit == 0:
        return list(range(count)), False
    if newest_first:
        older = range(count if after is None else after)
        taken = list(older)[-(limit + 1) :]
    else:
        newer = range(0 if after is None else after + 1, count)
        taken = list(newer)[: limit + 1]
    return taken[:limit], len(taken) > limit


def pinned(messages: Numbered, strategies: list[Strategy], pin: int | None) -> tuple[Numbered, int | None]:
    """Edit up to the message with the number `pin`, all when it is not there; tell the last message that was edited."""
    if not messages:
        return [], None
    last = messages[-1][0]
    if strategies and pin in [number for number, _ in messages]:
        last = pin
    reached = [message for message in messages if message[0] <= last]
    return edited(reached, strategies) + [message for message in messages if message[0] > last], last


def edited(messages: Numbered, strategies: list[Strategy]) -> Numbered:
    """Apply the kinds in their order, those of one kind in the order of the list."""
    for kind in ORDER:
        for name, params in strategies:
            if name == kind:
                messages = RULES[kind](messages, params)
    return messages


def total(messages: Numbered) -> int:
    return sum(tokens.count_message(parts) for _, parts in messages)


def whole(number: float) -> int:
    """A fraction is cut off."""
    return int(number)


def trimmed(text: str) -> str:
    """Blanks are Unicode's White_Space, as the `regex` package knows it; Python's own strip takes some others too."""
    return regex.sub(r"^\p{White_Space}+|\p{White_Space}+$", "", text)


def meta_text(part: Part, key: str) -> str:
    """Ids and names are texts; anything else is none."""
    value = part.get("meta", {}).get(key)
    return value if isinstance(value, str) else ""


def remove_tool_result(messages: Numbered, params: dict[str, Any]) -> Numbered:
    def is_of_a_kept_tool(result: Part) -> bool:
        tool_id, name = meta_text(result, "tool_call_id"), None
        for _, parts in messages:
            for part in parts:
                if tool_id and part["type"] == "tool-call" and meta_text(part, "id") == tool_id:
                    name = meta_text(part, "name") or name
        return name is not None and name in params.get("keep_tools", [])

    def replaced(result: Part) -> Part:
        placeholder = trimmed(params.get("tool_result_placeholder", "Done")) or "Done"
        return {**result, "text": placeholder} if is_above(result.get("text", ""), params) else result

    old = all_but_the_newest(
        [
            (number, place)
            for number, parts in messages
            for place, part in enumerate(parts)
            if part["type"] == "tool-result" and not is_of_a_kept_tool(part)
        ],
        params.get("keep_recent_n_tool_results", 3),
    )
    return changed(messages, old, replaced)


def remove_tool_call_params(messages: Numbered, params: dict[str, Any]) -> Numbered:
    def emptied(call: Part) -> Part:
        meta = call["meta"]
        arguments = meta.get("arguments", "")
        text = arguments if isinstance(arguments, str) else gojson.dumps(arguments)
        return {**call, "meta": {**meta, "arguments": "{}"}} if is_above(text, params) else call

    old = all_but_the_newest(
        [
            (number, place)
            for number, parts in messages
            for place, part in enumerate(parts)
            if part["type"] == "tool-call" and part["meta"].get("name") not in params.get("keep_tools", [])
        ],
        params.get("keep_recent_n_tool_calls", 3),
    )
    return changed(messages, old, emptied)


def all_but_the_newest(places: list[tuple[int, int]], kept: float) -> list[tuple[int, int]]:
    return places[: max(0, len(places) - whole(kept))]


def changed(messages: Numbered, places: list[tuple[int, int]], change: Any) -> Numbered:
    return [
        (number, [change(part) if (number, place) in places else part for place, part in enumerate(parts)])
        for number, parts in messages
    ]


def is_above(text: str, params: dict[str, Any]) -> bool:
    return "gt_token" not in params or tokens.count(text) > whole(params["gt_token"])


def middle_out(messages: Numbered, params: dict[str, Any]) -> Numbered:
    while messages and total(messages) > params["token_reduce_to"]:
        place = 0 if len(messages) <= 2 else len(messages) // 2
        gone = hanging_together(messages, place)
        messages = [message for place, message in enumerate(messages) if place not in gone]
    return messages


def hanging_together(messages: Numbered, place: int) -> set[int]:
    """The message and all that share a tool id with it, or with one of those, and so on."""
    gone = {place}
    while True:
        ids = {tool_id for each in gone for tool_id in tool_ids(messages[each][1])}
        more = gone | {each for each, (_, parts) in enumerate(messages) if tool_ids(parts) & ids}
        if more == gone:
            return gone
        gone = more


def call_ids(parts: Message) -> set[str]:
    return {meta_text(part, "id") for part in parts if part["type"] == "tool-call"} - {""}


def result_ids(parts: Message) -> set[str]:
    return {meta_text(part, "tool_call_id") for part in parts if part["type"] == "tool-result"} - {""}


def tool_ids(parts: Message) -> set[str]:
    return call_ids(parts) | result_ids(parts)


def token_limit(messages: Numbered, params: dict[str, Any]) -> Numbered:
    last_answer = {tool_id: number for number, parts in messages for tool_id in result_ids(parts)}
    while messages and total(messages) > whole(params["limit_tokens"]):
        (oldest, parts), *_ = messages
        gone = {oldest} | {last_answer[tool_id] for tool_id in call_ids(parts) if tool_id in last_answer}
        messages = [message for message in messages if message[0] not in gone]
    return messages


RULES = {
    "remove_tool_result": remove_tool_result,
    "remove_tool_call_params": remove_tool_call_params,
    "middle_out": middle_out,
    "token_limit": token_limit,
}
