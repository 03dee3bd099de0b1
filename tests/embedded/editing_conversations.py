"""Generated conversations with parts of every kind, and strategies with every sort of parameter."""

import json
from typing import Any

from hypothesis import strategies as st

from gql_api import tokens

WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "<tag>", "日本", "x" * 40]), max_size=8).map(" ".join)
SAID = st.lists(st.sampled_from(["alpha", "beta", "gamma delta"]), min_size=1, max_size=4).map(" ".join)
TOOLS = st.sampled_from(["search", "read"])
IDS = st.sampled_from(["c0", "c1", "c2", "c3"])
ODD_IDS = IDS | st.sampled_from(["", 5, None, ["c0"]])
ODD_TOOLS = TOOLS | st.sampled_from(["", 5, None])
ARGUMENTS = st.one_of(
    WORDS,
    st.builds(lambda text: json.dumps({"q": text}), WORDS),
    st.dictionaries(st.sampled_from(["q", "a<b"]), WORDS | st.sampled_from([1.5, 10**16, None]), max_size=2),
    st.sampled_from(["", "{}", None, 5, True, [1, "two"]]),
)


def _part(kind: str, text: str | None = None, **meta: Any) -> dict[str, Any]:
    """A part as it is stored: what is empty is not there."""
    return {"type": kind, **({"text": text} if text else {}), **({"meta": meta} if meta else {})}


def _call(tool_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    return _part("tool-call", id=tool_id, name=name, arguments=arguments)


CALLS = st.builds(_call, IDS, TOOLS, ARGUMENTS)
ODD_CALLS = st.one_of(
    st.builds(_call, ODD_IDS, ODD_TOOLS, ARGUMENTS),
    st.builds(lambda name, arguments: _part("tool-call", name=name, arguments=arguments), TOOLS, ARGUMENTS),
)
RESULTS = st.builds(lambda tool_id, text: _part("tool-result", text, tool_call_id=tool_id), IDS, WORDS)
ODD_RESULTS = st.builds(
    lambda tool_id, text: _part("tool-result", text, tool_call_id=tool_id, name="f"), ODD_IDS, WORDS
)
OTHERS = st.one_of(
    st.builds(lambda text: _part("thinking", text, signature="s"), SAID),
    st.builds(lambda text: _part("data", text, data_type="json", id="c0", tool_call_id="c1"), WORDS),
    st.builds(lambda text: _part("video", text), WORDS),
    st.sampled_from(
        [
            _part("redacted_thinking", data="zz"),
            _part("image", url="https://e.invalid/i.png"),
            _part("image"),
            _part("audio", data="aGk=", format="wav"),
            _part("file", file_id="f-1"),
            _part("text", "said", id="c2", tool_call_id="c3", name="search"),
        ]
    ),
)
# Calls and results stand there twice, so that they meet often.
PARTS = st.one_of(
    st.builds(_part, st.just("text"), SAID), CALLS, RESULTS, CALLS, RESULTS, ODD_CALLS, ODD_RESULTS, OTHERS
)
LINKED = st.lists(
    st.lists(CALLS | RESULTS | st.builds(_part, st.just("text"), SAID), min_size=1, max_size=2), min_size=4, max_size=12
)
CONVERSATIONS = st.one_of(st.lists(st.lists(PARTS, max_size=3), max_size=12), LINKED, LINKED)

KEEP_TOOLS = st.one_of(
    st.lists(st.sampled_from(["search", "read", "none", ""]), max_size=2),
    st.sampled_from([["search"], ["read"], ["read", "search"], [""]]),
)
LIMITS = st.integers(1, 120)
NEWEST = st.integers(0, 1) | st.integers(0, 4) | st.floats(-0.9, 4)
SIZES = st.integers(1, 12) | st.floats(1, 12)
UNKNOWN = {"unheard_of": st.sampled_from([None, "x", -1, [{}]])}


def _fields(needed: dict[str, Any] | None = None, **optional: Any) -> Any:
    return st.fixed_dictionaries(needed or {}, optional={**optional, **UNKNOWN})


REMOVING = [
    st.tuples(
        st.just("remove_tool_result"),
        _fields(
            keep_recent_n_tool_results=NEWEST,
            tool_result_placeholder=st.sampled_from(
                ["gone", " [gone]\n", "  ", "", "\t\u00a0\u3000", "\x1f", "\x1fgone ", "Done"]
            ),
            keep_tools=KEEP_TOOLS,
            gt_token=SIZES,
        ),
    ),
    st.tuples(
        st.just("remove_tool_call_params"),
        _fields(keep_recent_n_tool_calls=NEWEST, keep_tools=KEEP_TOOLS, gt_token=SIZES),
    ),
]


def _cutting(limits: st.SearchStrategy[int]) -> list[st.SearchStrategy[Any]]:
    fractions = st.floats(0, 0.9).flatmap(lambda fraction: limits.map(lambda limit: limit + fraction))
    return [
        st.tuples(st.just("middle_out"), _fields({"token_reduce_to": limits | limits.map(float)})),
        st.tuples(st.just("token_limit"), _fields({"limit_tokens": limits | fractions})),
    ]


STRATEGIES = st.one_of(*REMOVING, *_cutting(LIMITS))
LISTS = st.lists(STRATEGIES, max_size=4)


@st.composite
def lists_for(draw: st.DrawFn, conversation: list[list[dict[str, Any]]]) -> list[Any]:
    """Strategies whose limits lie where it matters: at the tokens of some of the messages, or one beside."""
    sizes = [tokens.count_message(parts) for parts in conversation]
    some = st.lists(st.sampled_from(sizes), max_size=len(sizes)) if sizes else st.just([])
    limits = st.tuples(some.map(sum), st.sampled_from([-1, 0, 0, 1])).map(lambda pair: max(1, sum(pair)))
    return draw(st.lists(st.one_of(*REMOVING, *_cutting(limits)), min_size=1, max_size=3))


EDITINGS = CONVERSATIONS.flatmap(lambda conversation: st.tuples(st.just(conversation), lists_for(conversation)))

_NO_NUMBER = ["5", "", True, False, None, [], [5], {}, {"n": 5}]
_TOO_SMALL = [0, -1, 0.9, -0.5, -1e300]
_TOO_LARGE = [2**63, 1e19, 1e300]
_NO_TEXTS = ["search", None, 5, {}, ["search", 5], [None], [["search"]]]


def _wrong(kind: str, name: str, values: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, {name: value}) for value in values]


WRONG = [
    ("token_limit", {}),
    ("middle_out", {}),
    ("middle_out", {"limit_tokens": 5}),
    ("token-limit", {"limit_tokens": 5}),
    ("Token_Limit", {"limit_tokens": 5}),
    ("", {}),
    *_wrong("token_limit", "limit_tokens", _NO_NUMBER + _TOO_SMALL + _TOO_LARGE),
    *_wrong("middle_out", "token_reduce_to", [*_NO_NUMBER, *_TOO_SMALL, *_TOO_LARGE, 1.5, 99.000001]),
    *_wrong("remove_tool_result", "gt_token", _NO_NUMBER + _TOO_SMALL + _TOO_LARGE),
    *_wrong("remove_tool_call_params", "gt_token", _NO_NUMBER + _TOO_SMALL + _TOO_LARGE),
    *_wrong("remove_tool_result", "keep_recent_n_tool_results", [*_NO_NUMBER, -1, -1.5, *_TOO_LARGE]),
    *_wrong("remove_tool_call_params", "keep_recent_n_tool_calls", [*_NO_NUMBER, -1, -1.5, *_TOO_LARGE]),
    *_wrong("remove_tool_result", "keep_tools", _NO_TEXTS),
    *_wrong("remove_tool_call_params", "keep_tools", _NO_TEXTS),
    *_wrong("remove_tool_result", "tool_result_placeholder", [None, 5, True, [], {}]),
]
"""Each is refused, wherever in a list it stands."""


def as_json(strategies: list[tuple[str, dict[str, Any]]]) -> str:
    """Write strategies as clients do; no parameters at all are left out."""
    return json.dumps([{"type": kind, **({"params": params} if params else {})} for kind, params in strategies])
