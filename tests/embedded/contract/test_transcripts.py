"""Each Acontext answers as the real one did when it was recorded."""

from pathlib import Path

import httpx
import pytest

from embedded.contract.allowed import MAY_DIFFER, is_quirk, steps_that_differ, written_in_decisions
from embedded.contract.liar import LIES, Liar
from embedded.contract.targets import Target
from embedded.opened import API_KEY, ROOT, Client
from embedded.player import TRANSCRIPTS, Replay, load, replay
from gql_api.embedded import open_acontext

NAMES = sorted(path.stem for path in TRANSCRIPTS.iterdir())
SCENARIOS, REQUESTS = 41, 770
KNOWN_TO_THE_PLAYER = {
    "": {"request", "response", "unordered", "wait_s", "note"},
    "request": {"method", "path", "root", "url", "query", "json", "form", "raw", "multipart", "content_type", "auth"},
    "response": {"status", "body", "text", "base64", "headers"},
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_scenario_is_answered_alike(target: Target, client: Client, name: str) -> None:
    scenario = load(name)
    if target.is_real and "core-absent" in scenario["tags"] and await core_answers(client):
        pytest.skip("this Acontext has a Python core, the recorded one had none")

    played = await replay(client.http, name, api_key=target.key, run=client.run)

    assert played.asked == len(scenario["steps"]), played.differences
    assert set(played.differences) == (set() if target.is_real else steps_that_differ(name)), played.differences


async def core_answers(client: Client) -> bool:
    """Ask for what only the core can do."""
    session = await client.session()
    return (await client.http.post(f"/api/v1/session/{session}/flush")).is_success


def test_every_recording_is_played_whole() -> None:
    """None is lost on the way, and none says what the player would pass over."""
    steps = [step for name in NAMES for step in load(name)["steps"]]

    assert (len(NAMES), len(steps)) == (SCENARIOS, REQUESTS)
    for step in steps:
        assert step.keys() <= KNOWN_TO_THE_PLAYER[""]
        assert step["request"].keys() <= KNOWN_TO_THE_PLAYER["request"]
        assert step["response"].keys() <= KNOWN_TO_THE_PLAYER["response"]
        assert step["response"].keys() & {"body", "text", "base64"}


def test_only_quirks_may_be_answered_otherwise_and_each_is_written_down() -> None:
    assert [name for name, _ in MAY_DIFFER if not is_quirk(name)] == []
    assert [step for step in MAY_DIFFER if step[1] >= len(load(step[0])["steps"])] == []
    assert written_in_decisions() == set(MAY_DIFFER)


@pytest.mark.parametrize("lie", LIES)
async def test_a_wrong_answer_is_noticed(folder: Path, lie: str) -> None:
    async with open_acontext(folder, api_key=API_KEY, public_url=ROOT) as acontext:
        truth = await played_on(httpx.ASGITransport(acontext.app))
        lies = await played_on(httpx.ASGITransport(Liar(acontext.app, lie)))

    assert truth.differences == {}
    assert lies.differences != {}


async def played_on(transport: httpx.ASGITransport) -> Replay:
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as http:
        return await replay(http, "messages_paging", api_key=API_KEY, run=Client(http).run)
