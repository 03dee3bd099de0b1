"""Random messages in each of the formats, with odd and wrong content among them."""

import json
from typing import Any

from hypothesis import strategies as st

TEXTS = st.sampled_from(
    [
        "hello",
        "",
        " ",
        "a b  c",
        "日本語 ☃",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\ud800 alone",
        "<b>&",
        "x" * 300,
        "\u2028",
        "<|endoftext|>",
        "\x00",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, -1, 1.0, 0.1, 10**16 + 1, 1e300, -0.0]) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "é", ""]), inner, max_size=2)
    ),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "k<", "日"]), JSON, max_size=3)
WRONG: st.SearchStrategy[Any] = st.sampled_from([None, [], "text", 5, {}, [5], True])
CALL_IDS = st.sampled_from(["c1", "c2", ""])
TOOLS = st.sampled_from(["search", "read"])
ARGUMENTS = st.sampled_from(["{}", '{"q": 1, "a": "<"}', "", "no json", "null", "[1]"])


def objects(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in required.items()},
        optional=optional,
    )


_OPENAI_CALLS = st.lists(
    objects({"id": CALL_IDS, "type": "function", "function": objects({"name": TOOLS, "arguments": ARGUMENTS})}),
    min_size=1,
    max_size=2,
)
_OPENAI_PARTS = st.lists(
    objects({"type": "text", "text": TEXTS})
    | st.sampled_from(
        [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": {"url": "https://e.invalid/i.png", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f-1"}},
            {"type": "bogus"},
        ]
    ),
    max_size=3,
)
OPENAI = st.one_of(
    objects({"role": "user", "content": TEXTS | _OPENAI_PARTS}, name=TEXTS),
    objects({"role": "assistant"}, content=TEXTS | st.none(), tool_calls=_OPENAI_CALLS, refusal=TEXTS),
    objects({"role": "tool", "content": TEXTS}, tool_call_id=CALL_IDS),
    objects({"role": st.sampled_from(["system", "developer", "function", "nobody"]), "content": TEXTS}, name=TOOLS),
    objects({"role": st.sampled_from(["user", "assistant", "tool"]), "content": WRONG}, tool_calls=WRONG),
)
_TWO_ROLES = st.sampled_from(["user", "assistant"])
_ANTHROPIC_BLOCKS = st.one_of(
    objects({"type": "text", "text": TEXTS}, cache_control=st.just({"type": "ephemeral"})),
    objects({"type": "tool_use", "id": CALL_IDS, "name": TOOLS}, input=JSON),
    objects({"type": "tool_result", "tool_use_id": CALL_IDS}, content=TEXTS, is_error=st.booleans()),
    objects({"type": "thinking", "thinking": TEXTS, "signature": "s"}),
    st.sampled_from(
        [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}},
            {"type": "redacted_thinking", "data": "zz"},
            {"type": "bogus"},
        ]
    ),
)
ANTHROPIC = st.one_of(
    objects(
        {"role": st.sampled_from(["user", "assistant"]), "content": TEXTS | st.lists(_ANTHROPIC_BLOCKS, max_size=3)}
    ),
    objects({"role": st.sampled_from(["user", "system"]), "content": WRONG}),
)
_GEMINI_CALLS = objects({"functionCall": objects({"name": TOOLS}, id=CALL_IDS, args=OBJECTS)})
GEMINI = st.one_of(
    objects({"role": "user", "parts": st.lists(objects({"text": TEXTS}), max_size=2)}),
    objects({"role": "model", "parts": st.lists(_GEMINI_CALLS | objects({"text": TEXTS}), max_size=2)}),
    objects({"role": st.sampled_from(["model", "assistant"]), "parts": WRONG}),
    st.just({"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}),
)
GEMINI_ANSWERS = objects({"functionResponse": objects({"name": TOOLS}, id=CALL_IDS, response=OBJECTS)}).map(
    lambda part: {"role": "user", "parts": [part]}
)
_OWN_PARTS = st.one_of(
    objects({"type": st.sampled_from(["text", "thinking"]), "text": TEXTS}, meta=OBJECTS),
    objects({"type": "tool-call", "meta": objects({"name": TOOLS}, id=CALL_IDS, arguments=ARGUMENTS | JSON)}),
    objects({"type": "tool-result", "meta": objects({"tool_call_id": CALL_IDS})}, text=TEXTS),
    objects({"type": "data", "meta": objects({"data_type": "t"}, a=JSON)}, text=TEXTS),
    objects({"type": st.sampled_from(["image", "audio", "video", "file", "bogus"])}, text=TEXTS, meta=OBJECTS),
)
OWN = objects({"role": _TWO_ROLES | st.just("system")}, parts=st.lists(_OWN_PARTS, max_size=3))
STORES = st.one_of(
    objects({"blob": OPENAI}, format=st.sampled_from(["openai", ""]), meta=OBJECTS),
    objects({"blob": ANTHROPIC, "format": "anthropic"}, meta=OBJECTS),
    objects({"blob": GEMINI, "format": "gemini"}),
    objects({"blob": OWN, "format": "acontext"}, meta=OBJECTS),
    objects({"blob": OWN | WRONG}, format=st.sampled_from(["nothing", "openai", "acontext"]), meta=WRONG),
)


def as_text(value: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Write a value as the JSON text of a parameter; what was no character stays an escape."""
    return value.map(json.dumps)


_KEEP: dict[str, Any] = {"keep_tools": st.lists(TOOLS, max_size=1), "gt_token": st.sampled_from([1, 3, 1.9])}
_RECENT = st.sampled_from([0, 0, 1, 1.9])
_GOOD = st.one_of(
    objects({"type": "remove_tool_result"}, params=objects({"keep_recent_n_tool_results": _RECENT}, **_KEEP)),
    objects({"type": "remove_tool_call_params"}, params=objects({"keep_recent_n_tool_calls": _RECENT}, **_KEEP)),
    objects({"type": "middle_out", "params": objects({"token_reduce_to": st.sampled_from([1, 8, 20, 40])})}),
    objects({"type": "token_limit", "params": objects({"limit_tokens": st.sampled_from([1, 8, 20, 40.9])})}),
)
_ODD = st.sampled_from(
    [
        {"type": "bogus"},
        {"type": "token_limit"},
        {"type": "token_limit", "params": {"limit_tokens": "8"}},
        {"type": "middle_out", "params": {"token_reduce_to": 1.5}},
        {"type": "remove_tool_result", "params": {"keep_recent_n_tool_results": -1}},
        {"type": "remove_tool_call_params", "params": {"gt_token": 0}},
    ]
)
_LISTS = st.lists(_GOOD, min_size=1, max_size=3)
STRATEGIES = as_text(st.one_of(_LISTS, _LISTS, _LISTS, _LISTS, st.lists(_GOOD | _ODD, max_size=2) | WRONG))
