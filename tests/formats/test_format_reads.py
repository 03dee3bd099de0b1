"""Where the real server's own conversion loses nothing, we give what it gives; each difference has its reason."""

from typing import Any

import pytest
from format_recordings import FORMATS, read_as, sources

from gql_api.formats import LinkedMedia, Source, openai

PROVIDERS = ("openai", "anthropic", "gemini")

NOTHING = "a message of nothing is refused by OpenAI"
SECOND = "a second answer to one call is refused by the provider"
NO_ID = "an answer without a call id is refused by OpenAI and lost for the others"

# What upstream gives for these is left out of the comparison, and so are the messages.
WORSE: dict[tuple[str, str], dict[int, str]] = {
    ("messages_openai_roles", "openai"): {6: "two texts of a developer message are joined into one"},
    ("messages_openai_roles", "anthropic"): {
        1: "a system message is given to the user",
        6: "a developer message is given to the user",
    },
    ("messages_openai_roles", "gemini"): {
        1: "a system message is given to the user",
        6: "a developer message is given to the user",
    },
    ("messages_openai_odd", "openai"): {
        **{number: NOTHING for number in (2, 3, 6)},
        7: "a function call without id is lost",
        8: NO_ID,
        9: NO_ID,
        11: SECOND,
    },
    ("messages_openai_odd", "anthropic"): {7: "a function call without id is lost", 8: NO_ID, 9: NO_ID, 11: SECOND},
    ("messages_openai_odd", "gemini"): {7: "arguments of an empty object are left out", 8: NO_ID, 9: NO_ID, 11: SECOND},
    ("messages_anthropic", "openai"): {5: SECOND, 6: "a document is lost", 7: NOTHING, 8: NOTHING},
    ("messages_anthropic", "anthropic"): {5: SECOND},
    ("messages_anthropic", "gemini"): {5: SECOND, 6: "a document is lost"},
    ("messages_gemini", "openai"): {6: NOTHING},
    ("messages_acontext_parts", "openai"): {
        **{number: NOTHING for number in (2, 6, 7, 9, 12, 15)},
        5: SECOND,
        10: "the caption of a video is lost",
        14: "an answer beside a text is lost",
    },
}

# What we give instead, where that is one and the same message said better.
BETTER: dict[tuple[str, str], dict[int, tuple[str, Any]]] = {
    ("messages_openai_odd", "openai"): {
        4: (
            "empty arguments come back as a quoted empty text; and what stands between a call and its answer is joined",
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "t"}, {"type": "refusal", "refusal": "no"}],
                "tool_calls": [{"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}],
            },
        ),
        5: ("joined with the call before it", None),
    },
    ("messages_gemini", "openai"): {
        5: ("thinking becomes something said", {"role": "assistant", "content": "answer"}),
    },
    ("messages_gemini", "anthropic"): {
        2: (
            "a call without arguments has no input, which Anthropic refuses",
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "call_0", "name": "f", "input": {"a": "<", "b": 1}},
                    {"type": "tool_use", "id": "g1", "name": "g", "input": {}},
                ],
            },
        ),
        5: (
            "Anthropic refuses thinking that Gemini signed",
            {"role": "assistant", "content": [{"type": "text", "text": "answer"}]},
        ),
    },
    ("messages_acontext_parts", "openai"): {
        11: ("thinking becomes something said", {"role": "assistant", "content": "so"}),
    },
    ("messages_files", "openai"): {
        1: (
            "an uploaded file is lost",
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image_url", "image_url": {"url": "<url:u3>"}},
                ],
            },
        ),
    },
}

CASES = [
    *[(scenario, name) for scenario in ("messages_openai_roles", "messages_openai_odd") for name in PROVIDERS],
    *[(scenario, name) for scenario in ("messages_anthropic", "messages_gemini") for name in PROVIDERS],
    *[(f"messages_{scenario}", "openai") for scenario in ("openai_media", "acontext_parts", "files")],
]


def expected_items(scenario: str, provider: str) -> list[dict[str, Any]]:
    """The recorded items with our corrections, neighbours of one role joined where the provider wants that."""
    better = BETTER.get((scenario, provider), {})
    items = []
    for number, recorded in recorded_items(scenario, provider):
        _, item = better.get(number, ("", recorded))
        if number not in WORSE.get((scenario, provider), {}) and item:
            items.append(known_ids(item))
    return items if provider == "openai" else joined(items, "parts" if provider == "gemini" else "content")


def recorded_items(scenario: str, provider: str) -> list[tuple[int, dict[str, Any]]]:
    """By the number of the message; Gemini's read leaves out the messages that say nothing."""
    data = read_as(scenario, provider)
    silent = {"messages_openai_odd": {1, 2, 3, 6, 8, 9}, "messages_anthropic": {6, 7, 8}, "messages_gemini": {6}}
    absent = silent.get(scenario, set()) if provider == "gemini" else set()
    numbers = [number for number in range(1, len(data["ids"]) + 1) if number not in absent]
    return list(zip(numbers, data["items"], strict=True))


def joined(items: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for item in items:
        if not item[key]:
            continue
        if made and made[-1]["role"] == item["role"]:
            made[-1] = {**made[-1], key: made[-1][key] + item[key]}
        else:
            made.append(item)
    return made


def known_ids(value: Any) -> Any:
    """The recording has a placeholder for an id that was made up."""
    if isinstance(value, dict):
        return {key: known_ids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [known_ids(item) for item in value]
    return "call_0" if value == "<callid:call1>" else value


@pytest.mark.parametrize(("scenario", "provider"), CASES)
def test_what_upstream_gives_without_loss_is_what_we_give(scenario: str, provider: str) -> None:
    worse = WORSE.get((scenario, provider), {})
    seen = len(read_as(scenario, provider)["ids"])
    stored = [
        Source(message.id, message.role, known_ids(message.parts), message.meta)
        for number, message in enumerate(sources(scenario)[:seen], 1)
        if number not in worse
    ]
    image = {
        part["asset"]["sha256"]: LinkedMedia("<url:u3>", part["asset"]["mime"])
        for message in stored
        for part in message.parts
        if part["type"] == "image" and "asset" in part
    }

    result = FORMATS[provider].from_acontext(stored, media=image)

    ours = [item for item, ids in zip(result.messages, result.message_ids, strict=True) if ids]
    assert ours == expected_items(scenario, provider)


def test_stored_messages_that_say_nothing_are_not_sent() -> None:
    nothing = [Source("a", "user", [], {}), Source("b", "assistant", [], {})]

    result = openai.from_acontext(nothing, media={})

    assert (result.messages, result.message_ids, result.stable_count) == ([], [], 0)
