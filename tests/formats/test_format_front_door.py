"""Any conversation of a provider's own types, stored by HTTP, says the same when it is read in each form."""

from pathlib import Path
from typing import Any

import format_meanings as meanings
import pytest
from format_recordings import FORMATS
from format_types import ANY_MESSAGE, CONVERSATIONS_OF, LOST_FIELDS, holds_something_lost
from format_validity import ANTHROPIC, CHECKS, OPENAI, check_gemini_part, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.opened import Client, opened
from gql_api.formats import FormatError, Formatted, Source, gemini

Message = dict[str, Any]

MEANINGS = {
    "openai": (meanings.of_openai, meanings.by_us_for_openai),
    "anthropic": (meanings.of_anthropic, meanings.by_us_for_anthropic),
}

# A store of its own for every example takes a while, on a busy machine more.
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def stored_as(name: str, prepared: Message) -> tuple[str, Message]:
    """As the gateway does: a message of Gemini's with signatures goes in Acontext's form."""
    signed = gemini.signed_as_acontext(prepared) if name == "gemini" else None
    return ("acontext", signed) if signed else (name, prepared)


async def store(client: Client, name: str, conversation: list[Message]) -> str:
    session = await client.session()
    for message in conversation:
        message_format, blob = stored_as(name, FORMATS[name].prepare(message))
        body = {"format": message_format, "blob": blob}
        await client.call("POST", f"/session/{session}/messages", json=body)
    return session


def sources(items: list[Message]) -> list[Source]:
    return [Source(item["id"], item["role"], item["parts"], item["meta"]) for item in items]


def comparable(name: str, message: Message) -> tuple[str, list[Message]]:
    """Gemini's calls have ids made up, and their answers the same, and here signatures that its own form would lose."""
    if name != "gemini":
        return message["role"], message["parts"]
    changing = {"tool-call": ("id", "signature"), "tool-result": ("tool_call_id",)}
    parts = [
        {**part, "meta": {k: v for k, v in part.get("meta", {}).items() if k not in changing.get(part["type"], ())}}
        for part in message["parts"]
    ]
    return message["role"], parts


async def read_back(folder: Path, name: str, conversation: list[Message]) -> tuple[Formatted, list[Message]]:
    """What we make of the stored conversation, and what Acontext makes of it."""
    async with opened(folder) as client:
        session = await store(client, name, conversation)
        own = (await client.messages(session, format="acontext"))["items"]
        by_upstream = (await client.messages(session, format=name))["items"]
    made = [FORMATS[name].to_acontext(FORMATS[name].prepare(message)) for message in conversation]
    assert [comparable(name, item) for item in own] == [comparable(name, message) for message in made]
    return FORMATS[name].from_acontext(sources(own), media={}), by_upstream


@FEW
@given(conversation=CONVERSATIONS_OF["openai"])
async def test_an_openai_conversation_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, conversation: list[Message]
) -> None:
    read(OPENAI, conversation)
    ours, by_upstream = await read_back(tmp_path_factory.mktemp("store"), "openai", conversation)

    sent = meanings.of_openai(conversation)
    CHECKS["openai"](ours.messages)
    assert meanings.of_openai(ours.messages) == meanings.by_us_for_openai(sent)
    assert ours.warnings == []
    read(OPENAI, by_upstream)
    lost = meanings.by_upstream_for_openai(sent)
    assert meanings.of_openai(by_upstream) == meanings.numbered_again(lost)


@FEW
@given(conversation=CONVERSATIONS_OF["anthropic"])
async def test_an_anthropic_conversation_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, conversation: list[Message]
) -> None:
    read(ANTHROPIC, conversation)
    ours, by_upstream = await read_back(tmp_path_factory.mktemp("store"), "anthropic", conversation)

    sent = meanings.of_anthropic(conversation)
    CHECKS["anthropic"](ours.messages)
    assert meanings.of_anthropic(ours.messages) == meanings.by_us_for_anthropic(sent)
    assert (ours.system, ours.warnings) == (None, [])
    read(ANTHROPIC, by_upstream)
    assert meanings.of_anthropic(by_upstream) == meanings.by_upstream_for_anthropic(sent)


@FEW
@given(conversation=CONVERSATIONS_OF["gemini"])
async def test_a_gemini_conversation_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, conversation: list[Message]
) -> None:
    ours, by_upstream = await read_back(tmp_path_factory.mktemp("store"), "gemini", conversation)

    sent = meanings.of_gemini(conversation, sent=True)
    CHECKS["gemini"](ours.messages)
    assert meanings.of_gemini(ours.messages) == meanings.by_us_for_gemini(sent)
    assert (ours.system, ours.warnings) == (None, [])
    for content in by_upstream:
        for part in content["parts"]:
            answer = part.get("functionResponse")
            # Acontext leaves an empty response out.
            check_gemini_part({"functionResponse": {"response": {}, **answer}} if answer else part)
    assert meanings.of_gemini(by_upstream) == meanings.by_upstream_for_gemini(sent)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_a_conversation_says_the_same_without_a_server(name: str, data: st.DataObject) -> None:
    conversation = data.draw(CONVERSATIONS_OF[name])
    made = [FORMATS[name].to_acontext(FORMATS[name].prepare(message)) for message in conversation]
    stored = [Source(f"m{at}", one["role"], one["parts"], one["meta"]) for at, one in enumerate(made)]

    ours = FORMATS[name].from_acontext(stored, media={})

    meaning, kept = MEANINGS[name]
    CHECKS[name](ours.messages)
    assert meaning(ours.messages) == kept(meaning(conversation))
    assert ours.warnings == []


async def test_a_negative_zero_stays_one(tmp_path: Path) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"n": -0.0, "z": 0.0, "one": 1.0}}
    async with opened(tmp_path / "store") as client:
        session = await store(client, "anthropic", [{"role": "assistant", "content": [call]}])
        (item,) = (await client.messages(session, format="acontext"))["items"]

    assert item["parts"][0]["meta"]["arguments"] == '{"n":-0,"one":1,"z":0}'


LOST = {
    "openai": {"audio", "prompt_cache_breakpoint", "custom", "content", "file"},
    "anthropic": LOST_FIELDS | {"role", "type", "content"},
}
"""What a refusal may name: a kind or a field that Acontext loses, or nothing at all where it wants something."""


def prepared_or_refused(name: str, message: Message) -> Message | tuple[str, ...]:
    try:
        made: Message = FORMATS[name].prepare(message)
    except FormatError as refusal:
        return refusal.path
    return made


@pytest.mark.parametrize("name", ANY_MESSAGE)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_message_of_the_types_is_kept_whole_or_refused_by_name(name: str, data: st.DataObject) -> None:
    message = data.draw(ANY_MESSAGE[name])

    outcome = prepared_or_refused(name, message)

    if isinstance(outcome, dict):
        assert not holds_something_lost(message)
        assert prepared_or_refused(name, outcome) == outcome
        assert FORMATS[name].to_acontext(outcome)["role"] in ("user", "assistant")
        return
    *way, last = outcome
    place: Any = message
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    assert last in LOST[name]
    assert last in place or last == "content"
