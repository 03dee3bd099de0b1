"""Stores and reads taken from recorded exchanges with the real server; what they prove, the tests say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gql_api.formats import Source, acontext, anthropic, gemini, openai

FOLDER = Path(__file__).parents[1] / "data" / "transcripts"
FORMATS = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "acontext": acontext}
SCENARIOS = (
    "messages_openai_roles",
    "messages_openai_odd",
    "messages_openai_media",
    "messages_anthropic",
    "messages_gemini",
    "messages_acontext_parts",
    "messages_files",
    "messages_refused",
)


@dataclass(frozen=True)
class Store:
    """One request to store a message, and its answer."""

    scenario: str
    format: str
    blob: Any
    status: int
    body: dict[str, Any]


def stores(scenario: str) -> Iterator[Store]:
    """Every store by JSON that got as far as the message itself."""
    for request, response in _message_steps(scenario, "POST"):
        sent = request.get("json")
        if isinstance(sent, dict) and sent.get("blob") is not None:
            name = sent.get("format") or "openai"
            if name in FORMATS:
                yield Store(scenario, name, sent["blob"], response["status"], response["body"])


def reads(scenario: str) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The query and data of every read that succeeded."""
    for request, response in _message_steps(scenario, "GET"):
        if response["status"] == 200 and response["body"]["data"]["items"]:
            yield request.get("query", {}), response["body"]["data"]


def read_as(scenario: str, name: str) -> dict[str, Any]:
    """The fullest read in this format."""
    found = [data for query, data in reads(scenario) if (query.get("format") or "openai") == name]
    return max(found, key=lambda data: len(data["items"]))


def sources(scenario: str) -> list[Source]:
    """The messages of the scenario as they were stored."""
    return [
        Source(item["id"], item["role"], item["parts"], {k: v for k, v in item["meta"].items() if k != "__user_meta__"})
        for item in _stored_items(scenario)
    ]


def _stored_items(scenario: str) -> list[dict[str, Any]]:
    known = [data["items"] for query, data in reads(scenario) if query.get("format") == "acontext"]
    if known:
        return max(known, key=len)
    # Never read in its own form: the answers to the stores hold the parts, our reading the meta.
    return [
        {**store.body["data"], "meta": FORMATS[store.format].to_acontext(store.blob)["meta"]}
        for store in stores(scenario)
        if store.status == 201
    ]


def _message_steps(scenario: str, method: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    recorded = json.loads((FOLDER / f"{scenario}.json").read_text(encoding="utf-8"))
    for step in recorded["steps"]:
        request = step["request"]
        if request["method"] == method and request.get("path", "").endswith("/messages"):
            yield request, step["response"]
