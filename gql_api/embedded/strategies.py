"""Reads edit strategies from their JSON and refuses what upstream refuses; editing.py carries them out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gql_api.embedded import gojson

_DEFAULT_KEPT = 3
_DEFAULT_PLACEHOLDER = "Done"
_TOO_LARGE = 2**63
"""What is no 64-bit integer becomes a negative one in Go, and is refused."""
_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's white space, which Go trims; Python takes U+001C to U+001F for blanks too."""


class NotStrategies(ValueError):
    """Text that is no JSON list of objects."""


class BadStrategy(ValueError):
    """A strategy of an unknown kind or with a parameter that cannot be."""


@dataclass(frozen=True, slots=True)
class RemoveToolResult:
    """Replace the text of all but the newest tool results. `only_above` 0: whatever their size."""

    keep_newest: int
    placeholder: str
    keep_tools: frozenset[str]
    only_above: int


@dataclass(frozen=True, slots=True)
class RemoveToolCallParams:
    """Empty the arguments of all but the newest tool calls. `only_above` 0: whatever their size."""

    keep_newest: int
    keep_tools: frozenset[str]
    only_above: int


@dataclass(frozen=True, slots=True)
class MiddleOut:
    """Take messages out of the middle until the tokens fit."""

    tokens: int


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """Take the oldest messages until the tokens fit."""

    tokens: int


Strategy = RemoveToolResult | RemoveToolCallParams | MiddleOut | TokenLimit
_ORDER = (RemoveToolResult, RemoveToolCallParams, MiddleOut, TokenLimit)
"""The order of execution, whatever the order of the list."""


def parse(text: str) -> list[Strategy]:
    """Give the strategies of a query parameter in the order of execution; null and [] are none.

    Raises NotStrategies or BadStrategy.
    """
    if not text:
        return []
    try:
        configs = gojson.loads(text, control_characters=True)
    except gojson.NotJson as error:
        raise NotStrategies(text) from error
    if not isinstance(configs, list | None):
        raise NotStrategies(text)
    read = [_strategy(config) for config in [_members(config) for config in configs or []]]
    return sorted(read, key=lambda strategy: _ORDER.index(type(strategy)))


def _members(config: Any) -> tuple[str, Mapping[str, Any]]:
    """Give kind and parameters; a config of another JSON type is no strategy at all."""
    if config is None:
        return "", {}
    if not isinstance(config, dict):
        raise NotStrategies(config)
    fields = {name.lower(): value for name, value in config.items()}
    kind, params = fields.get("type"), fields.get("params")
    if not isinstance(kind, str | None) or not isinstance(params, dict | None):
        raise NotStrategies(config)
    return kind or "", params or {}


def _strategy(config: tuple[str, Mapping[str, Any]]) -> Strategy:
    kind, params = config
    if kind not in _READERS:
        raise BadStrategy(kind)
    return _READERS[kind](params)


def _remove_tool_result(params: Mapping[str, Any]) -> Strategy:
    placeholder = params.get("tool_result_placeholder", _DEFAULT_PLACEHOLDER)
    if not isinstance(placeholder, str):
        raise BadStrategy("tool_result_placeholder")
    return RemoveToolResult(
        keep_newest=_kept(params, "keep_recent_n_tool_results"),
        placeholder=placeholder.strip(_BLANKS) or _DEFAULT_PLACEHOLDER,
        keep_tools=_keep_tools(params),
        only_above=_only_above(params),
    )


def _remove_tool_call_params(params: Mapping[str, Any]) -> Strategy:
    return RemoveToolCallParams(
        keep_newest=_kept(params, "keep_recent_n_tool_calls"),
        keep_tools=_keep_tools(params),
        only_above=_only_above(params),
    )


def _middle_out(params: Mapping[str, Any]) -> Strategy:
    value = _number(params, "token_reduce_to")
    if value != int(value):
        raise BadStrategy("token_reduce_to")
    return MiddleOut(_positive(value, "token_reduce_to"))


def _token_limit(params: Mapping[str, Any]) -> Strategy:
    return TokenLimit(_positive(_number(params, "limit_tokens"), "limit_tokens"))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Strategy]] = {
    "remove_tool_result": _remove_tool_result,
    "remove_tool_call_params": _remove_tool_call_params,
    "middle_out": _middle_out,
    "token_limit": _token_limit,
}


def _number(params: Mapping[str, Any], name: str) -> float:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _TOO_LARGE:
        raise BadStrategy(name)
    return value


def _positive(value: float, name: str) -> int:
    if int(value) <= 0:
        raise BadStrategy(name)
    return int(value)


def _kept(params: Mapping[str, Any], name: str) -> int:
    if name not in params:
        return _DEFAULT_KEPT
    value = int(_number(params, name))
    if value < 0:
        raise BadStrategy(name)
    return value


def _only_above(params: Mapping[str, Any]) -> int:
    return _positive(_number(params, "gt_token"), "gt_token") if "gt_token" in params else 0


def _keep_tools(params: Mapping[str, Any]) -> frozenset[str]:
    tools = params.get("keep_tools", [])
    if not isinstance(tools, list) or not all(isinstance(tool, str) for tool in tools):
        raise BadStrategy("keep_tools")
    return frozenset(tools)
