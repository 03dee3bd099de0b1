"""Whatever is stored, what is made of it is valid for the provider, and a prompt cache over its stable start holds."""

from collections.abc import Sequence

import pytest
from format_conversations import CONVERSATIONS, MEDIA
from format_recordings import FORMATS, sources
from format_validity import CHECKS
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api.formats import Formatted, Source, acontext

FEW = settings(max_examples=60, deadline=None)


def format_as(name: str, messages: Sequence[Source], edited_through: str | None = None) -> Formatted:
    made: Formatted = FORMATS[name].from_acontext(messages, media=MEDIA, edited_through=edited_through)
    return made


@pytest.mark.parametrize("name", CHECKS)
@FEW
@given(messages=CONVERSATIONS)
def test_any_conversation_becomes_a_valid_one(name: str, messages: list[Source]) -> None:
    result = format_as(name, messages)

    CHECKS[name](result.messages)
    assert len(result.message_ids) == len(result.messages)
    assert {part for ids in result.message_ids for part in ids} <= {message.id for message in messages}
    assert result.stable_count <= len(result.messages)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "scenario",
    ["openai_roles", "openai_odd", "openai_media", "anthropic", "gemini", "acontext_parts", "files"],
)
def test_a_recorded_conversation_becomes_a_valid_one(name: str, scenario: str) -> None:
    CHECKS[name](format_as(name, sources(f"messages_{scenario}")).messages)


@pytest.mark.parametrize("name", FORMATS)
@FEW
@given(messages=CONVERSATIONS, data=st.data())
def test_the_stable_start_stays_when_messages_are_appended(
    name: str, messages: list[Source], data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(messages)))
    earlier = messages[:length]

    before = format_as(name, earlier, earlier[-1].id if earlier else None)
    after = format_as(name, messages)

    stable = before.stable_count
    assert after.messages[:stable] == before.messages[:stable]
    assert after.message_ids[:stable] == before.message_ids[:stable]


@pytest.mark.parametrize("name", FORMATS)
@FEW
@given(messages=CONVERSATIONS, data=st.data())
def test_messages_that_may_still_be_edited_are_not_stable(
    name: str, messages: list[Source], data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(messages)))
    through = messages[length - 1].id if length else "of another conversation"
    edited = [*messages[:length], *[Source(one.id, "user", [], {}) for one in messages[length:]]]

    stable = format_as(name, messages, through).stable_count

    assert stable <= format_as(name, messages).stable_count
    assert format_as(name, messages).messages[:stable] == format_as(name, edited).messages[:stable]


@FEW
@given(messages=CONVERSATIONS)
def test_acontext_messages_are_given_as_they_are_stored(messages: list[Source]) -> None:
    result = acontext.from_acontext(messages, media={})

    assert [(item["role"], item["parts"]) for item in result.messages] == [(one.role, one.parts) for one in messages]
    assert [item.get("meta", {}) for item in result.messages] == [
        {key: value for key, value in one.meta.items() if not key.startswith("__")} for one in messages
    ]
    assert result.message_ids == [[one.id] for one in messages]
