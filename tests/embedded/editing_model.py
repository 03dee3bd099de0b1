"""The rules of context editing a second time, as plainly as they can be said: lists are walked again and again."""

from typing import Any

from gql_api import tokens

Message = list[dict[str, Any]]
Strategy = tuple[str, dict[str, Any]]

ORDER = ["remove_tool_result", "remove_tool_call_params", "middle_out", "token_limit"]


def edited(messages: list[tuple[int, Message]], strategies: list[Strategy]) -> list[tuple[int, Message]]:
    """Give what is left; each message goes with its number."""
    for kind in ORDER:
        for name, params in strategies:
            if name == kind:
                messages = RULES[kind](messages, params)
    return messages


def total(messages: list[tuple[int, Message]]) -> int:
    return sum(tokens.count_message(parts) for _, parts in messages)


def remove_tool_result(messages: Any, params: dict[str, Any]) -> Any:
    names = {}
    for _, parts in messages:
        for part in parts:
            if part["type"] == "tool-call":
                names[part["meta"]["id"]] = part["meta"]["name"]
    candidates = [
        (number, place)
        for number, parts in messages
        for place, part in enumerate(parts)
        if part["type"] == "tool-result" and names.get(part["meta"]["tool_call_id"]) not in params.get("keep_tools", [])
    ]
    kept = params.get("keep_recent_n_tool_results", 3)
    old = set(candidates[: len(candidates) - kept] if kept < len(candidates) else [])
    placeholder = params.get("tool_result_placeholder", "Done").strip() or "Done"
    return [
        (
            number,
            [
                {**part, "text": placeholder} if (number, place) in old and _is_above(part["text"], params) else part
                for place, part in enumerate(parts)
            ],
        )
        for number, parts in messages
    ]


def remove_tool_call_params(messages: Any, params: dict[str, Any]) -> Any:
    candidates = [
        (number, place)
        for number, parts in messages
        for place, part in enumerate(parts)
        if part["type"] == "tool-call" and part["meta"]["name"] not in params.get("keep_tools", [])
    ]
    kept = params.get("keep_recent_n_tool_calls", 3)
    old = set(candidates[: len(candidates) - kept] if kept < len(candidates) else [])
    result = []
    for number, parts in messages:
        changed = []
        for place, part in enumerate(parts):
            if (number, place) in old and _is_above(part["meta"]["arguments"], params):
                changed.append({**part, "meta": {**part["meta"], "arguments": "{}"}})
            else:
                changed.append(part)
        result.append((number, changed))
    return result


def _is_above(text: str, params: dict[str, Any]) -> bool:
    return "gt_token" not in params or tokens.count(text) > params["gt_token"]


def middle_out(messages: Any, params: dict[str, Any]) -> Any:
    while total(messages) > params["token_reduce_to"] and messages:
        gone = {0 if len(messages) <= 2 else len(messages) // 2}
        while True:
            ids = {tool_id for index in gone for tool_id in tool_ids(messages[index][1])}
            more = {index for index, (_, parts) in enumerate(messages) if tool_ids(parts) & ids} | gone
            if more == gone:
                break
            gone = more
        messages = [message for index, message in enumerate(messages) if index not in gone]
    return messages


def tool_ids(parts: Message) -> set[str]:
    return {
        tool_id
        for part in parts
        for tool_id in (part.get("meta", {}).get("id"), part.get("meta", {}).get("tool_call_id"))
        if tool_id
    }


def token_limit(messages: Any, params: dict[str, Any]) -> Any:
    while total(messages) > params["limit_tokens"] and messages:
        (number, parts), *rest = messages
        del number
        for part in parts:
            answers = [
                message
                for message in rest
                if part["type"] == "tool-call"
                and any(other.get("meta", {}).get("tool_call_id") == part["meta"]["id"] for other in message[1])
            ]
            rest = [message for message in rest if message not in answers[-1:]]
        messages = rest
    return messages


RULES = {
    "remove_tool_result": remove_tool_result,
    "remove_tool_call_params": remove_tool_call_params,
    "middle_out": middle_out,
    "token_limit": token_limit,
}
