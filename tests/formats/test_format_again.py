"""What Acontext keeps of a message is kept once more when it is stored again as is said here."""

from typing import Any

import pytest
from format_recordings import FORMATS, SCENARIOS, sources
from hypothesis import given
from hypothesis import strategies as st

from gql_api.formats import FormatError, Source
from gql_api.formats.again import Again, again, is_same

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
THOUGHT = {"type": "thinking", "thinking": "", "signature": "s"}
USE = {"type": "tool_use", "id": "1", "name": "f", "input": {"a": [1, None], "b": "<&>"}}
EMPTY: list[tuple[str, dict[str, Any]]] = [
    ("openai", {"role": "user", "content": ""}),
    ("openai", {"role": "system", "content": "", "name": "n"}),
    ("openai", {"role": "developer", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "b"}]}),
    ("openai", {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "image_url", "image_url": {}}]}),
    (
        "openai",
        {
            "role": "user",
            "content": [
                {"type": "text", "text": ""},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "f"}},
            ],
        },
    ),
    ("openai", {"role": "assistant", "content": [{"type": "text", "text": ""}, {"type": "refusal", "refusal": "n"}]}),
    ("openai", {"role": "assistant", "content": [{"type": "text", "text": ""}], "tool_calls": [CALL]}),
    ("openai", {"role": "function", "name": "f", "content": "x"}),
    ("anthropic", {"role": "user", "content": ""}),
    ("anthropic", {"role": "assistant", "content": [THOUGHT, {"type": "redacted_thinking", "data": "q"}, USE]}),
    (
        "anthropic",
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": "hi", "is_error": True},
                {"type": "text", "text": "", "cache_control": {"type": "ephemeral"}},
                {"type": "document", "source": {"type": "url", "url": "http://x"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ],
        },
    ),
]


def kept(found: Again) -> Source:
    """Give what Acontext keeps of it, the files in their places."""
    read = FORMATS[found.format].to_acontext(found.blob)
    files = {file.field: file.part for file in found.files}
    parts = [_with_asset(part, files) for part in read["parts"]]
    return Source("x", read["role"], parts, read["meta"])


def _with_asset(part: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    if "file_field" not in part:
        return part
    given = files[part["file_field"]]
    rest = {key: value for key, value in part.items() if key != "file_field"}
    return {**rest, "asset": given["asset"], "filename": given["filename"]}


def check(message: Source) -> None:
    found = again(message)
    assert found is not None, message
    copy = kept(found)
    assert (copy.role, copy.meta) == (message.role, message.meta)
    assert is_same(copy.parts, message.parts)


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "messages_refused"])
def test_all_that_the_real_server_was_seen_to_keep(scenario: str) -> None:
    found = sources(scenario)
    assert found
    for message in found:
        check(message)


@pytest.mark.parametrize(("format", "blob"), EMPTY)
def test_what_its_own_form_would_refuse_goes_in_its_providers(format: str, blob: dict[str, Any]) -> None:
    read = FORMATS[format].to_acontext(blob)
    check(Source("x", read["role"], read["parts"], read["meta"]))
    found = again(Source("x", read["role"], read["parts"], read["meta"]))
    assert found
    assert found.format == format


def test_what_no_form_keeps_is_not_chosen() -> None:
    for parts in (
        [{"type": "hologram", "text": "x"}],
        [{"type": "text"}, {"type": "data", "meta": {"data_type": "d"}}],
    ):
        assert again(Source("x", "user", parts, {"source_format": "acontext"})) is None
    assert again(Source("x", "system", [{"type": "text", "text": "x"}], {})) is None
    empty = {"type": "text"}
    image = {"type": "image", "asset": {"sha256": "0"}, "filename": "a.png"}
    assert again(Source("x", "user", [empty, image], {"source_format": "acontext"})) is None
    broken = {"type": "tool-call", "meta": {"id": "1", "name": "f", "arguments": "{broken"}}
    assert again(Source("x", "assistant", [empty, broken], {"source_format": "anthropic"})) is None


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
ITEMS = st.one_of(
    WORDS.map(lambda text: {"type": "text", "text": text}),
    WORDS.map(lambda url: {"type": "image_url", "image_url": {"url": url}}),
)
BLOCKS = st.one_of(
    WORDS.map(lambda text: {"type": "text", "text": text}),
    st.tuples(WORDS, WORDS).map(lambda two: {"type": "thinking", "thinking": two[0], "signature": two[1]}),
    st.tuples(WORDS, WORDS).map(lambda two: {"type": "tool_use", "id": two[0], "name": "f", "input": {two[1]: 1.5}}),
    st.tuples(WORDS, WORDS).map(lambda two: {"type": "tool_result", "tool_use_id": two[0], "content": two[1]}),
)
OPENAI = st.tuples(st.sampled_from(["user"]), st.lists(ITEMS, min_size=1, max_size=4))
ANTHROPIC = st.tuples(st.sampled_from(["user", "assistant"]), st.lists(BLOCKS, max_size=4))


@given(OPENAI.map(lambda one: ("openai", *one)) | ANTHROPIC.map(lambda one: ("anthropic", *one)))
def test_what_providers_write_is_kept_as_it_was(one: tuple[str, str, list[Any]]) -> None:
    format, role, content = one
    try:
        read = FORMATS[format].to_acontext({"role": role, "content": content})
    except FormatError:
        return
    check(Source("x", read["role"], read["parts"], read["meta"]))
