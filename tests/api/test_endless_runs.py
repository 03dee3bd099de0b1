"""Runs of like characters, of which Acontext could not count the tokens: refused before anything is stored."""

from collections.abc import Callable
from typing import Any

import pytest

from api.client import Client
from api.conversation import STORE_ONE, call, chat, texts

FITTING = {
    "letters": "a" * 8000,
    "letters, broken": ("a" * 8000 + " ") * 3,
    "letters of other alphabets": "ж" * 8000,
    "accents": "e\u0301" * 4000,
    "signs": "-" * 8000,
    "signs beyond ASCII": "…" * 8000,
    "blanks": " " * 8000,
    "digits": "1" * 20_000,
    "words": "tea, " * 5000,
}
TOO_LONG = {
    "letters": "x" + "a" * 8000,
    "letters at the end": "tea " * 3000 + "a" * 8001,
    "letters of other alphabets": "ж" * 8001,
    "accents": "e\u0301" * 4001,
    "accents alone": "\u0301" * 8001,
    "signs": "-" * 8001,
    "signs of several kinds": "-_=" * 2667 + "…",
    "signs beyond ASCII": "…" * 8001,
    "blanks": " \n" * 4001,
}


async def errors(client: Client, session: str, message: dict[str, Any]) -> list[tuple[str, list[str]]]:
    payload = (await client.data(STORE_ONE % "id", input={"sessionId": session, "message": message}))["storeMessage"]
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def test_runs_of_eight_thousand_are_taken_and_longer_ones_are_not(client: Client) -> None:
    session = (await client.create())["id"]
    for name, text in FITTING.items():
        assert (name, await errors(client, session, chat("USER", text))) == (name, [])
    for name, text in TOO_LONG.items():
        assert (name, await errors(client, session, chat("USER", text))) == (
            name,
            [("TOO_LARGE", ["input", "message", "chat"])],
        )
    assert await texts(client, session) == [*FITTING.values()]


@pytest.mark.parametrize(
    "message",
    [
        {"openai": {"role": "user", "content": [{"type": "text", "text": "a" * 8001}]}},
        {"anthropic": {"role": "user", "content": "a" * 8001}},
        {"gemini": {"role": "user", "parts": [{"text": "a" * 8001}]}},
        {"acontext": {"role": "user", "parts": [{"type": "text", "text": "a" * 8001}]}},
        call("c", arguments={"deep": [{"down": "a" * 8001}]}),
    ],
)
async def test_they_are_found_in_every_form(client: Client, message: dict[str, Any]) -> None:
    [(code, path)] = await errors(client, (await client.create())["id"], message)
    assert (code, path[:2]) == ("TOO_LARGE", ["input", "message"])


async def test_a_setting_says_how_long_they_may_be(start: Callable[..., Any]) -> None:
    async with start(max_run=100) as client:
        session = (await client.create())["id"]
        assert await errors(client, session, chat("USER", "a" * 100)) == []
        assert await errors(client, session, chat("USER", "a" * 101)) == [("TOO_LARGE", ["input", "message", "chat"])]
