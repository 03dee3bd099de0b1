"""Context editing: the strategies as inputs, brought into Acontext's spelling."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import strawberry

from gql_api.errors import BadUserInput

_MOST_STRATEGIES = 20
_LONGEST_PLACEHOLDER = 10_000

_KEEP_TOOLS = "Names of tools whose parts are never edited; they do not use up the number that is kept."


@strawberry.input(
    description="Removes the oldest messages until the conversation has at most so many tokens. A removed tool call "
    "takes the messages with its results along; system messages are not protected; the result may be empty."
)
class TokenLimitInput:
    """Acontext's token_limit."""

    limit_tokens: int = strawberry.field(description="The most tokens (o200k_base) that may stay; at least 1.")


@strawberry.input(
    description="Replaces the text of older tool results by a placeholder; the newest ones keep their text."
)
class RemoveToolResultInput:
    """Acontext's remove_tool_result."""

    keep_recent_n_tool_results: int = strawberry.field(
        default=3, description="How many of the newest tool results stay as they are; 0 or more."
    )
    tool_result_placeholder: str = strawberry.field(
        default="Done", description="The text put in place; outer blanks are cut, and a blank one is `Done`."
    )
    keep_tools: list[str] | None = strawberry.field(default=None, description=_KEEP_TOOLS)
    gt_token: int | None = strawberry.field(
        default=None, description="Edit only results of more tokens than this; at least 1. Null: all of them."
    )


@strawberry.input(description="Replaces the arguments of older tool calls by `{}`; the newest ones keep theirs.")
class RemoveToolCallParamsInput:
    """Acontext's remove_tool_call_params."""

    keep_recent_n_tool_calls: int = strawberry.field(
        default=3, description="How many of the newest tool calls stay as they are; 0 or more."
    )
    keep_tools: list[str] | None = strawberry.field(default=None, description=_KEEP_TOOLS)
    gt_token: int | None = strawberry.field(
        default=None, description="Edit only arguments of more tokens than this; at least 1. Null: all of them."
    )


@strawberry.input(
    description="Removes messages from the middle, with everything linked to them by tool calls, until the "
    "conversation has at most so many tokens."
)
class MiddleOutInput:
    """Acontext's middle_out."""

    token_reduce_to: int = strawberry.field(description="The most tokens (o200k_base) that may stay; at least 1.")


@strawberry.input(
    one_of=True,
    description="One way to edit a conversation. Whatever the order of the list, Acontext runs tool results first, "
    "then tool call parameters, middle out, and the token limit last; of one kind in the order of the list. "
    "What is stored never changes.",
)
class EditStrategyInput:
    """Exactly one of the strategies."""

    token_limit: strawberry.Maybe[TokenLimitInput] = strawberry.field(description="Keep within a number of tokens.")
    remove_tool_result: strawberry.Maybe[RemoveToolResultInput] = strawberry.field(
        description="Blank out older tool results."
    )
    remove_tool_call_params: strawberry.Maybe[RemoveToolCallParamsInput] = strawberry.field(
        description="Blank out the arguments of older tool calls."
    )
    middle_out: strawberry.Maybe[MiddleOutInput] = strawberry.field(
        description="Take messages out of the middle to keep within a number of tokens."
    )


def spelled(strategies: Sequence[EditStrategyInput] | None) -> str | None:
    """Return the strategies as the JSON text that Acontext takes, None for none; raise `BadUserInput`."""
    if not strategies:
        return None
    if len(strategies) > _MOST_STRATEGIES:
        raise BadUserInput(f"editStrategy: at most {_MOST_STRATEGIES} strategies.")
    return json.dumps([_spell(strategy, index) for index, strategy in enumerate(strategies)], sort_keys=True)


def digest(strategies: str) -> str:
    """Return a short mark of the strategies, for cursors that hold under these alone."""
    return hashlib.sha256(strategies.encode()).hexdigest()[:16]


def _spell(strategy: EditStrategyInput, index: int) -> dict[str, Any]:
    place = f"editStrategy.{index}"
    if strategy.token_limit:
        limit = _at_least(1, strategy.token_limit.value.limit_tokens, f"{place}.tokenLimit.limitTokens")
        return {"type": "token_limit", "params": {"limit_tokens": limit}}
    if strategy.middle_out:
        target = _at_least(1, strategy.middle_out.value.token_reduce_to, f"{place}.middleOut.tokenReduceTo")
        return {"type": "middle_out", "params": {"token_reduce_to": target}}
    if strategy.remove_tool_result:
        return _tool_results(strategy.remove_tool_result.value, f"{place}.removeToolResult")
    if strategy.remove_tool_call_params:
        return _tool_calls(strategy.remove_tool_call_params.value, f"{place}.removeToolCallParams")
    raise BadUserInput(f"{place}: exactly one strategy must be given.")


def _tool_results(given: RemoveToolResultInput, place: str) -> dict[str, Any]:
    if len(given.tool_result_placeholder) > _LONGEST_PLACEHOLDER:
        raise BadUserInput(f"{place}.toolResultPlaceholder: at most {_LONGEST_PLACEHOLDER} characters.")
    params: dict[str, Any] = {
        "keep_recent_n_tool_results": _at_least(0, given.keep_recent_n_tool_results, f"{place}.keepRecentNToolResults"),
        "tool_result_placeholder": given.tool_result_placeholder,
    }
    return {"type": "remove_tool_result", "params": params | _choice(given.keep_tools, given.gt_token, place)}


def _tool_calls(given: RemoveToolCallParamsInput, place: str) -> dict[str, Any]:
    kept = _at_least(0, given.keep_recent_n_tool_calls, f"{place}.keepRecentNToolCalls")
    params = {"keep_recent_n_tool_calls": kept} | _choice(given.keep_tools, given.gt_token, place)
    return {"type": "remove_tool_call_params", "params": params}


def _choice(keep_tools: list[str] | None, gt_token: int | None, place: str) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if keep_tools:
        params["keep_tools"] = keep_tools
    if gt_token is not None:
        params["gt_token"] = _at_least(1, gt_token, f"{place}.gtToken")
    return params


def _at_least(least: int, value: int, place: str) -> int:
    if value < least:
        raise BadUserInput(f"{place}: at least {least}.")
    return value
