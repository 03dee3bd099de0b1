"""What the real server stored for each recorded message, and what it refused, `to_acontext` makes and refuses."""

import re
from typing import Any

import pytest
from format_recordings import FORMATS, SCENARIOS, Store, sources, stores

from gql_api.formats import FormatError, gemini

KNOWN = [store for scenario in SCENARIOS for store in stores(scenario)]
NORMALIZED = [store for store in KNOWN if store.status == 201]
REFUSED = [store for store in KNOWN if store.body.get("msg", "").startswith("failed to normalize")]


def named(store: Store) -> str:
    return f"{store.scenario}-{store.format}"


def without_made_ids(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ids that were made up differ, and an answer without an id got it from the session."""
    cleaned = []
    for part in parts:
        meta = dict(part.get("meta", {}))
        for key in ("id", "tool_call_id"):
            if re.fullmatch(r"<callid:\w+>|call_[0-9a-f]{8}", str(meta.get(key))):
                del meta[key]
        cleaned.append({**part, "meta": meta})
    return cleaned


def test_the_recordings_are_there() -> None:
    assert (len(NORMALIZED), len(REFUSED)) == (49, 29)


@pytest.mark.parametrize("store", NORMALIZED, ids=named)
def test_a_stored_message_has_the_recorded_role_and_parts(store: Store) -> None:
    made = FORMATS[store.format].to_acontext(store.blob)
    recorded = store.body["data"]

    assert made["role"] == recorded["role"]
    if store.format == "gemini":
        assert without_made_ids(made["parts"]) == without_made_ids(recorded["parts"])
    else:
        assert made["parts"] == recorded["parts"]


@pytest.mark.parametrize("scenario", ["messages_openai_roles", "messages_openai_media", "messages_anthropic"])
def test_a_stored_message_has_the_recorded_meta(scenario: str) -> None:
    made = [FORMATS[store.format].to_acontext(store.blob)["meta"] for store in stores(scenario) if store.status == 201]

    assert made == [source.meta for source in sources(scenario)]


def test_an_acontext_message_keeps_the_meta_it_came_with() -> None:
    scenario = "messages_acontext_parts"
    made = [FORMATS[store.format].to_acontext(store.blob)["meta"] for store in stores(scenario) if store.status == 201]

    assert made == [source.meta for source in sources(scenario)]


@pytest.mark.parametrize("store", REFUSED, ids=named)
def test_a_refused_message_is_refused(store: Store) -> None:
    with pytest.raises(FormatError):
        FORMATS[store.format].to_acontext(store.blob)


def test_gemini_calls_wait_for_their_answers_in_the_meta() -> None:
    call = {"role": "model", "parts": [{"functionCall": {"name": "f"}}, {"functionCall": {"name": "g", "id": "1"}}]}

    made = gemini.to_acontext(call, new_call_id=lambda: "call_0")

    assert made["meta"] == {
        "source_format": "gemini",
        gemini.CALLS_KEY: [{"id": "call_0", "name": "f"}, {"id": "1", "name": "g"}],
    }
