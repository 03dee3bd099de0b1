"""Generated conversations as Acontext may hold them, orderly or not; what is made of them, the tests say."""

from typing import Any

from hypothesis import strategies as st

from gql_api.formats import InlineMedia, LinkedMedia, Source

MEDIA = {
    "a" * 64: InlineMedia("aGk=", "image/png"),
    "b" * 64: LinkedMedia("https://files.invalid/b", "application/pdf"),
    "c" * 64: InlineMedia("aGk=", "text/plain; charset=utf-8"),
    "d" * 64: InlineMedia("aGk=", "audio/wav"),
    "e" * 64: LinkedMedia("https://files.invalid/e", "video/mp4"),
}
"""The asset «f…» is known to nobody."""

TEXTS = st.sampled_from(["", " ", "hello", "grüß dich 👋", '{"a": 1}', "[1]"]) | st.text(max_size=5)
CALL_IDS = st.sampled_from(["", "a", "b", "c d", "call.1/ü", "call_0"])
NAMES = st.sampled_from(["f", "g", "look_up"])
ARGUMENTS = (
    st.sampled_from(["", "null", "{}", '{"q": "ü"}', "{broken", "[1]", "NaN"]) | st.just({"q": 1}) | st.just([1])
)


def asset_part(kind: str, sha256: str) -> dict[str, Any]:
    return {"type": kind, "asset": {"sha256": sha256, "mime": "x/y"}, "filename": "notes.txt"}


TEXT_PARTS = st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
CALL_PARTS = st.builds(
    lambda call_id, name, arguments: {
        "type": "tool-call",
        "meta": {"id": call_id, "name": name, "arguments": arguments},
    },
    CALL_IDS,
    NAMES | st.just(""),
    ARGUMENTS,
)
RESULT_PARTS = st.builds(
    lambda text, meta: {"type": "tool-result", "text": text, "meta": meta},
    TEXTS,
    st.fixed_dictionaries({"tool_call_id": CALL_IDS, "name": NAMES, "is_error": st.booleans()}),
)
MEDIA_PARTS = st.builds(
    asset_part, st.sampled_from(["image", "audio", "video", "file"]), st.sampled_from([*MEDIA, "f" * 64])
)
OTHER_PARTS = st.sampled_from(
    [
        {"type": "image", "meta": {"url": "https://e.invalid/i.png", "detail": "low"}},
        {"type": "image", "meta": {"url": "data:image/png;base64,aGk="}},
        {"type": "image", "meta": {"type": "base64", "media_type": "image/svg+xml", "data": "aGk="}},
        {"type": "image"},
        {"type": "audio", "meta": {"data": "aGk=", "format": "wav"}},
        {"type": "audio", "meta": {"data": "aGk=", "format": "ogg"}},
        {"type": "file", "meta": {"file_id": "f-1"}},
        {"type": "file", "meta": {"type": "url", "url": "https://e.invalid/d.pdf"}},
        {"type": "file", "meta": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
        {"type": "video", "text": "caption"},
        {"type": "data", "meta": {"data_type": "json", "v": 1}},
        {"type": "text", "text": "no", "meta": {"is_refusal": True}},
        {"type": "text", "text": "kept", "meta": {"cache_control": {"type": "ephemeral"}}},
        {"type": "thinking", "text": "hm", "meta": {"signature": "s"}},
        {"type": "thinking", "text": "hm"},
        {"type": "redacted_thinking", "meta": {"data": "zz"}},
        {"type": "tool-call"},
        {"type": "tool-result"},
        {"type": "type-of-tomorrow", "meta": {"a": 1}},
    ]
)
METAS = st.sampled_from(
    [
        {},
        {"source_format": "openai"},
        {"source_format": "anthropic"},
        {"source_format": "gemini", "__gemini_call_info__": []},
        {"original_role": "system"},
        {"original_role": "developer", "name": "ann"},
        {"name": "bob"},
    ]
)
PART_LISTS = st.lists(st.one_of(TEXT_PARTS, CALL_PARTS, RESULT_PARTS, MEDIA_PARTS, OTHER_PARTS), max_size=4)
TURNS = st.tuples(st.sampled_from(["user", "assistant"]), PART_LISTS, METAS)


def numbered(turns: list[tuple[str, list[dict[str, Any]], dict[str, Any]]]) -> list[Source]:
    return [Source(f"m{number}", role, parts, meta) for number, (role, parts, meta) in enumerate(turns)]


def orderly(turns: list[tuple[list[str], bool]]) -> list[Source]:
    """Turns of parallel calls, of which the last may lack an answer."""
    sources: list[Source] = []
    for number, (texts, complete) in enumerate(turns):
        ids = [f"t{number}_{place}" for place in range(len(texts))]
        calls = [
            {"type": "tool-call", "meta": {"id": call_id, "name": "f", "arguments": '{"q": 1}'}} for call_id in ids
        ]
        results = [
            {"type": "tool-result", "text": text, "meta": {"tool_call_id": call_id}}
            for call_id, text in zip(ids, texts, strict=True)
        ]
        sources.append(Source(f"q{number}", "user", [{"type": "text", "text": "go"}], {}))
        sources.append(Source(f"c{number}", "assistant", calls or [{"type": "text", "text": "done"}], {}))
        kept = results if complete else results[1:]
        sources += [Source(f"r{number}_{place}", "user", [part], {}) for place, part in enumerate(kept)]
    return sources


ORDERLY = st.lists(st.tuples(st.lists(TEXTS, max_size=3), st.booleans()), max_size=4).map(orderly)
CONVERSATIONS = st.lists(TURNS, max_size=8).map(numbered) | ORDERLY
