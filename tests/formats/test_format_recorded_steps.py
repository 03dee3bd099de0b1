"""At each recorded read in a provider's form, ours is what Acontext gave, or the difference stands in the decision."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from format_recordings import FORMATS

from embedded.opened import API_KEY, ROOT, opened
from embedded.player import load, replay
from gql_api.formats import LinkedMedia, Media, Source

DECISION = Path(__file__).parents[2] / "docs" / "decisions" / "0004-provider-forms-are-made-here.md"
PROVIDERS = ("openai", "anthropic", "gemini")
_ROW = re.compile(
    r"^\| (?P<scenario>\w+) \| (?P<steps>[\d, ]+) \| (?P<form>\w+) \| (?P<reason>[^|]+) \|$", re.MULTILINE
)
_ADDRESS = re.compile(r"http://acontext\.test/api/v1/material/[0-9a-f]+")

Step = tuple[str, int, str]


def documented() -> dict[Step, str]:
    """The steps that differ, as the decision lists them."""
    found: dict[Step, str] = {}
    for row in _ROW.finditer(DECISION.read_text(encoding="utf-8")):
        for number in row["steps"].split(","):
            step = row["scenario"], int(number), row["form"]
            assert step not in found, f"{step} stands there twice"
            found[step] = row["reason"]
    return found


class Comparing(httpx.AsyncBaseTransport):
    """Asks for the stored form too, whenever messages are read in a provider's form, and compares."""

    def __init__(self, behind: httpx.AsyncClient) -> None:
        self.behind = behind
        self.asked = -1
        self.compared: dict[tuple[int, str], bool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        response = await self.behind.send(request)
        form = request.url.params.get("format") or "openai"
        is_read = request.method == "GET" and request.url.path.endswith("/messages") and form in PROVIDERS
        if is_read and response.status_code == 200:
            stored_url = request.url.copy_set_param("format", "acontext")
            stored = await self.behind.get(stored_url, headers=request.headers)
            ours = in_our_form(form, stored.json()["data"])
            self.compared[self.asked, form] = ours == without_addresses(response.json()["data"]["items"])
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)


def in_our_form(form: str, data: dict[str, Any]) -> list[Any]:
    stored = [Source(item["id"], item["role"], item["parts"], item["meta"]) for item in data["items"]]
    media: Media = {
        part["asset"]["sha256"]: LinkedMedia(data["public_urls"][part["asset"]["sha256"]]["url"], part["asset"]["mime"])
        for source in stored
        for part in source.parts
        if "asset" in part and "public_urls" in data
    }
    return without_addresses(FORMATS[form].from_acontext(stored, media=media).messages)


def without_addresses(value: Any) -> Any:
    """Each read has addresses of its own."""
    if isinstance(value, dict):
        return {key: without_addresses(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_addresses(item) for item in value]
    return _ADDRESS.sub("an address", value) if isinstance(value, str) else value


def reading_scenarios() -> Iterator[str]:
    for path in sorted((Path(__file__).parents[1] / "data" / "transcripts").glob("*.json")):
        steps = load(path.stem)["steps"]
        if any(is_recorded_read(step) for step in steps):
            yield path.stem


def is_recorded_read(step: dict[str, Any]) -> bool:
    asked, answered = step["request"], step["response"]
    is_read = asked["method"] == "GET" and asked.get("path", "").endswith("/messages") and answered["status"] == 200
    return is_read and (asked.get("query", {}).get("format") or "openai") in PROVIDERS


@pytest.mark.parametrize("scenario", list(reading_scenarios()))
async def test_our_form_is_the_recorded_one_or_the_decision_says_why_not(tmp_path: Path, scenario: str) -> None:
    async with opened(tmp_path / "acontext") as client:
        comparing = Comparing(client.http)
        async with httpx.AsyncClient(transport=comparing, base_url=ROOT) as http:
            played = await replay(http, scenario, api_key=API_KEY, run=client.run)
    assert not played.differences or "quirk" in load(scenario)["tags"]

    differing = {(scenario, number, form) for (number, form), same in comparing.compared.items() if not same}
    assert differing == {step for step in documented() if step[0] == scenario}
    assert len(comparing.compared) == sum(is_recorded_read(step) for step in load(scenario)["steps"])


def test_the_decision_names_recorded_scenarios_only() -> None:
    assert {scenario for scenario, _, _ in documented()} <= set(reading_scenarios())
