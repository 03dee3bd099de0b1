"""Carries out edit strategies on a page of messages, exactly as upstream does; pure functions that store nothing."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gql_api import gojson, tokens
from gql_api.embedded.strategies import (
    MiddleOut,
    RemoveToolCallParams,
    RemoveToolResult,
    Strategy,
    TokenLimit,
)

_HEAD_AND_TAIL = 2
_NO_ARGUMENTS = "{}"

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Editable:
    """A message as far as editing looks into it; `key` tells the caller which it is."""

    key: int
    parts: Sequence[Part]
    tokens: int


def edit(messages: Sequence[Editable], strategies: Sequence[Strategy]) -> list[Editable]:
    """Apply the strategies, which `strategies.parse` has put in their order."""
    edited = list(messages)
    for strategy in strategies:
        edited = _apply(edited, strategy)
    return edited


def _apply(messages: list[Editable], strategy: Strategy) -> list[Editable]:
    match strategy:
        case RemoveToolResult():
            return _remove_tool_results(messages, strategy)
        case RemoveToolCallParams():
            return _remove_tool_call_params(messages, strategy)
        case MiddleOut():
            return _middle_out(messages, strategy.tokens)
        case TokenLimit():
            return _token_limit(messages, strategy.tokens)


def _remove_tool_results(messages: list[Editable], strategy: RemoveToolResult) -> list[Editable]:
    tool_of = {_call_id(part): _name(part) for _, part in _parts(messages, "tool-call") if _name(part)}

    def shortened(part: Part) -> Part:
        result = part.get("text", "")
        if strategy.only_above and tokens.count(result) <= strategy.only_above:
            return part
        return {**part, "text": strategy.placeholder}

    candidates = [
        place
        for place, part in _parts(messages, "tool-result")
        if not _result_id(part) or tool_of.get(_result_id(part)) not in strategy.keep_tools
    ]
    return _change(messages, _all_but_newest(candidates, strategy.keep_newest), shortened)


def _remove_tool_call_params(messages: list[Editable], strategy: RemoveToolCallParams) -> list[Editable]:
    def emptied(part: Part) -> Part:
        meta = part.get("meta")
        if not meta:
            return part
        if strategy.only_above and _argument_tokens(meta) <= strategy.only_above:
            return part
        return {**part, "meta": {**meta, "arguments": _NO_ARGUMENTS}}

    candidates = [place for place, part in _parts(messages, "tool-call") if not _is_of(part, strategy.keep_tools)]
    return _change(messages, _all_but_newest(candidates, strategy.keep_newest), emptied)


def _token_limit(messages: list[Editable], limit: int) -> list[Editable]:
    total = sum(message.tokens for message in messages)
    answer_of = {_result_id(part): index for (index, _), part in _parts(messages, "tool-result") if _result_id(part)}
    removed: set[int] = set()
    for index, message in enumerate(messages):
        if total <= limit:
            break
        if index in removed:
            continue
        answers = {answer_of[call] for call in _call_ids(message) if call in answer_of}
        going = ({index} | answers) - removed
        total -= sum(messages[each].tokens for each in going)
        removed |= going
    return [message for index, message in enumerate(messages) if index not in removed]


def _middle_out(messages: list[Editable], target: int) -> list[Editable]:
    total = sum(message.tokens for message in messages)
    halves = _Halves(len(messages))
    linked = _links(messages)
    while total > target and halves.count:
        first = halves.oldest() if halves.count <= _HEAD_AND_TAIL else halves.middle()
        for index in _closure(first, linked, halves.there):
            halves.remove(index)
            total -= messages[index].tokens
    return [message for index, message in enumerate(messages) if halves.there[index]]


class _Halves:
    """A row of places that tells its middle while places go, so that long conversations stay cheap to edit."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.there = [True] * count
        self._split = count // 2
        self._left, self._right = deque(range(self._split)), deque(range(self._split, count))
        self._left_count = self._split

    def remove(self, index: int) -> None:
        self.there[index] = False
        self.count -= 1
        self._left_count -= index < self._split

    def oldest(self) -> int:
        return next(index for half in (self._left, self._right) for index in half if self.there[index])

    def middle(self) -> int:
        """Give the place that as many as half of the others, rounded down, stand before."""
        while self._left_count > self.count // 2:
            self._move(self._left.pop(), self._right.appendleft, step=-1)
        while self._left_count < self.count // 2:
            self._move(self._right.popleft(), self._left.append, step=1)
        while not self.there[self._right[0]]:
            self._right.popleft()
        self._split = self._right[0]
        return self._right[0]

    def _move(self, index: int, put: Callable[[int], None], *, step: int) -> None:
        if self.there[index]:
            put(index)
            self._left_count += step


def _links(messages: Sequence[Editable]) -> tuple[list[set[str]], Mapping[str, list[int]]]:
    """Give the tool ids of each message, and the messages of each tool id."""
    ids = [set(_call_ids(message)) | set(_result_ids(message)) for message in messages]
    having: dict[str, list[int]] = defaultdict(list)
    for index, named in enumerate(ids):
        for tool_id in named:
            having[tool_id].append(index)
    return ids, having


def _closure(first: int, linked: tuple[list[set[str]], Mapping[str, list[int]]], there: Sequence[bool]) -> set[int]:
    """Give the message and all that hang together with it by tool ids."""
    ids, having = linked
    found, waiting = {first}, [first]
    while waiting:
        others = {other for tool_id in ids[waiting.pop()] for other in having[tool_id] if there[other]}
        waiting.extend(others - found)
        found |= others
    return found


def _change(
    messages: list[Editable], places: Sequence[tuple[int, int]], change: Callable[[Part], Part]
) -> list[Editable]:
    """Change parts, each named by its message and its place there, and count the tokens anew."""
    touched: dict[int, set[int]] = defaultdict(set)
    for index, place in places:
        touched[index].add(place)
    edited = list(messages)
    for index, changing in touched.items():
        old = messages[index].parts
        parts = [change(part) if place in changing else part for place, part in enumerate(old)]
        if any(part is not was for part, was in zip(parts, old, strict=True)):
            edited[index] = replace(messages[index], parts=parts, tokens=tokens.count_message(parts))
    return edited


def _all_but_newest(places: list[tuple[int, int]], kept: int) -> list[tuple[int, int]]:
    return places[: max(0, len(places) - kept)]


def _parts(messages: Sequence[Editable], kind: str) -> Iterator[tuple[tuple[int, int], Part]]:
    for index, message in enumerate(messages):
        for place, part in enumerate(message.parts):
            if part.get("type") == kind:
                yield (index, place), part


def _call_ids(message: Editable) -> Iterator[str]:
    return (_call_id(part) for _, part in _parts([message], "tool-call") if _call_id(part))


def _result_ids(message: Editable) -> Iterator[str]:
    return (_result_id(part) for _, part in _parts([message], "tool-result") if _result_id(part))


def _call_id(part: Part) -> str:
    return _text(part, "id")


def _result_id(part: Part) -> str:
    return _text(part, "tool_call_id")


def _name(part: Part) -> str:
    return _text(part, "name")


def _is_of(call: Part, tools: frozenset[str]) -> bool:
    name = (call.get("meta") or {}).get("name")
    return isinstance(name, str) and name in tools


def _text(part: Part, key: str) -> str:
    value = (part.get("meta") or {}).get(key)
    return value if isinstance(value, str) else ""


def _argument_tokens(meta: Mapping[str, Any]) -> int:
    """Count the tokens of the arguments' text; a call without any has none."""
    if "arguments" not in meta:
        return 0
    arguments = meta["arguments"]
    return tokens.count(arguments if isinstance(arguments, str) else gojson.dumps(arguments))
