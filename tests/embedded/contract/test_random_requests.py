"""Whatever is asked in whatever order, each Acontext answers as the embedded one in process does."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded.contract.liar import LIES, Liar
from embedded.contract.playing import Ask, Play
from embedded.contract.random_requests import requests
from embedded.contract.targets import Target
from embedded.opened import API_KEY, ROOT, Client, connected, opened
from gql_api.embedded import open_acontext

MUCH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)
TELLING = [
    Ask("POST", "/session", body={"user": "<user:0>"}),
    Ask("POST", "/session/<session:0>/messages", body={"blob": {"role": "user", "content": "one"}}),
    Ask("POST", "/session/<session:0>/messages", body={"blob": {"role": "user", "content": "two"}}),
    Ask("GET", "/session/<session:0>/messages", query={"limit": "2"}),
]
"""The answers show each of the lies."""


# Not made smaller when it fails: that takes minutes, and the request whose answer differs is told.
@pytest.mark.parametrize("target", ["on_a_port", "a_real_one"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=MUCH, phases=[Phase.reuse, Phase.generate])
@given(data=st.data())
async def test_any_requests_are_answered_alike(
    target: Target, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    asked = data.draw(requests(of_a_real_one=target.is_real), "requests")
    async with opened(tmp_path_factory.mktemp("twin")) as twin, target.connected() as client:
        one, other = (Play(each, run=client.run, strict=not target.is_real) for each in (client, twin))
        await assert_alike(asked, one, other)


async def assert_alike(asked: list[Ask], one: Play, other: Play) -> None:
    for number, ask in enumerate(asked):
        answered, expected = await asyncio.gather(one.answer(ask), other.answer(ask))
        assert answered == expected, (number, ask)


@pytest.mark.parametrize("lie", LIES)
async def test_a_twin_that_lies_is_noticed(folder: Path, tmp_path: Path, lie: str) -> None:
    async with (
        open_acontext(folder, api_key=API_KEY, public_url=ROOT) as acontext,
        connected(acontext.app) as honest,
        connected(Liar(acontext.app, lie)) as liar,
        opened(tmp_path / "twin") as twin,
    ):
        assert await answers(honest) == await answers(twin)
        with pytest.raises(AssertionError):
            await assert_alike(TELLING, play_on(liar), play_on(twin))


def play_on(client: Client) -> Play:
    return Play(client, run="one-run", strict=True)


async def answers(client: Client) -> list[Any]:
    play = play_on(client)
    return [await play.answer(ask) for ask in TELLING]
