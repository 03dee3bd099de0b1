"""A provider's conversation that `prepare` lets through is stored and comes back as it was."""

from typing import Any

from format_recordings import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api.formats import InlineMedia, Source, acontext

FEW = settings(max_examples=50, deadline=None)
Message = dict[str, Any]

SAID = st.text(min_size=1, max_size=8).filter(str.strip)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6)
OBJECTS = st.dictionaries(st.text(max_size=4), st.text(max_size=4) | NUMBERS | st.booleans() | st.none(), max_size=3)
PICTURE = "data:image/png;base64,aGk="


def stored(name: str, messages: list[Message]) -> list[Source]:
    sources = []
    for number, message in enumerate(messages):
        prepared = FORMATS[name].prepare(message)
        assert FORMATS[name].prepare(prepared) == prepared
        made = FORMATS[name].to_acontext(prepared)
        sources.append(Source(f"m{number}", made["role"], made["parts"], made["meta"]))
    return sources


def comes_back(name: str, messages: list[Message]) -> None:
    result = FORMATS[name].from_acontext(stored(name, messages), media={})

    assert result.messages == messages
    assert result.warnings == []
    assert result.message_ids == [[f"m{number}"] for number in range(len(messages))]


@st.composite
def openai_turn(draw: st.DrawFn, number: int) -> list[Message]:
    user: Message = {"role": draw(st.sampled_from(["user", "system", "developer"])), "content": draw(SAID)}
    if draw(st.booleans()):
        user["name"] = "ann"
    picture = {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}
    texts = [{"type": "text", "text": text} for text in draw(st.lists(SAID, max_size=2))]
    seen = {"role": "user", "content": [picture, *texts]}
    answer: Message = {"role": "assistant", "content": draw(SAID)}
    refused = {"role": "assistant", "content": [{"type": "refusal", "refusal": draw(SAID)}]}
    results = draw(st.lists(st.text(max_size=8), max_size=3))
    calls = [
        {
            "id": f"c{number}_{place}",
            "type": "function",
            "function": {"name": "f", "arguments": draw(st.text(max_size=8))},
        }
        for place in range(len(results))
    ]
    if calls:
        answer["tool_calls"] = calls
    tools = [
        {"role": "tool", "tool_call_id": call["id"], "content": text} for call, text in zip(calls, results, strict=True)
    ]
    return [user, seen, answer, *tools, refused]


@FEW
@given(st.data(), st.integers(1, 3))
def test_an_openai_conversation_comes_back(data: st.DataObject, turns: int) -> None:
    comes_back("openai", [message for number in range(turns) for message in data.draw(openai_turn(number))])


@st.composite
def anthropic_turn(draw: st.DrawFn, number: int) -> list[Message]:
    cached = {"type": "text", "text": draw(SAID), "cache_control": {"type": "ephemeral"}}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    linked = {"type": "document", "source": {"type": "url", "url": "https://e.invalid/a.pdf"}}
    user = {"role": "user", "content": [cached, image, linked]}
    inputs = draw(st.lists(OBJECTS, min_size=1, max_size=3))
    calls = [
        {"type": "tool_use", "id": f"t{number}_{place}", "name": "f", "input": given_input}
        for place, given_input in enumerate(inputs)
    ]
    thinking = {"type": "thinking", "thinking": draw(st.text(max_size=8)), "signature": "s"}
    redacted = {"type": "redacted_thinking", "data": "zz"}
    answers = []
    for call in calls:
        content = [{"type": "text", "text": draw(SAID)}]
        answers.append(
            {"type": "tool_result", "tool_use_id": call["id"], "is_error": draw(st.booleans()), "content": content}
        )
    more = {"type": "text", "text": draw(SAID)}
    return [
        user,
        {"role": "assistant", "content": [thinking, redacted, {"type": "text", "text": draw(SAID)}, *calls]},
        {"role": "user", "content": [*answers, more]},
        {"role": "assistant", "content": [{"type": "text", "text": draw(SAID)}]},
    ]


@FEW
@given(st.data(), st.integers(1, 3))
def test_an_anthropic_conversation_comes_back(data: st.DataObject, turns: int) -> None:
    comes_back("anthropic", [message for number in range(turns) for message in data.draw(anthropic_turn(number))])


@st.composite
def gemini_turn(draw: st.DrawFn, number: int) -> list[Message]:
    arguments = draw(st.lists(OBJECTS, min_size=1, max_size=3))
    ids = [f"g{number}_{place}" for place in range(len(arguments))]
    calls = [
        {"functionCall": {"id": call_id, "name": f"f{place}", "args": args}}
        for place, (call_id, args) in enumerate(zip(ids, arguments, strict=True))
    ]
    answers = [
        {"functionResponse": {"id": call_id, "name": f"f{place}", "response": draw(OBJECTS)}}
        for place, call_id in enumerate(ids)
    ]
    thought = {"text": draw(SAID), "thought": True, "thoughtSignature": "aGk="}
    sound = {"inlineData": {"mimeType": "audio/ogg", "data": "aGk="}}
    return [
        {"role": "user", "parts": [{"text": draw(SAID)}, sound]},
        {"role": "model", "parts": [thought, {"text": draw(SAID)}, *calls]},
        {"role": "user", "parts": answers},
        {"role": "model", "parts": [{"text": draw(SAID)}]},
    ]


@FEW
@given(st.data(), st.integers(1, 3))
def test_a_gemini_conversation_comes_back(data: st.DataObject, turns: int) -> None:
    comes_back("gemini", [message for number in range(turns) for message in data.draw(gemini_turn(number))])


@FEW
@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), SAID, OBJECTS), max_size=4))
def test_an_acontext_conversation_comes_back(turns: list[tuple[str, str, dict[str, Any]]]) -> None:
    messages = [
        {
            "role": role,
            "parts": [
                {"type": "text", "text": text, "meta": {"own": meta}},
                {"type": "tool-call", "meta": {"id": "1", "name": "f", "arguments": meta}},
                {"type": "data", "meta": {"data_type": "json", "v": meta}},
            ],
            "meta": {"source_format": "acontext", "name": text.replace("\0", "")},
        }
        for role, text, meta in turns
    ]
    comes_back("acontext", messages)


def test_what_is_written_for_acontext_can_be_stored_again_with_its_files() -> None:
    asset = {"bucket": "b", "s3_key": "k", "etag": "", "sha256": "a" * 64, "mime": "image/png", "size_b": 2}
    part = {"type": "image", "asset": asset, "filename": "p.png", "meta": {"own": 1}}
    source = Source("m0", "user", [part], {"source_format": "acontext", "__user_meta__": {"k": "v"}})
    media = {"a" * 64: InlineMedia("aGk=", "image/png")}

    item = acontext.from_acontext([source], media=media).messages[0]

    inlined = {"type": "base64", "media_type": "image/png", "data": "aGk=", "filename": "p.png", "own": 1}
    assert item == {
        "role": "user",
        "parts": [{"type": "image", "asset": asset, "filename": "p.png", "meta": inlined}],
        "meta": {"source_format": "acontext"},
    }
    assert acontext.prepare(item)["parts"] == [{"type": "image", "meta": inlined}]
