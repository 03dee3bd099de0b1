"""What the model gets: a start that stays byte for byte the same under a pin, and a history that is cut in time."""

import json
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from examples.agents import only_session
from examples.between import Between, Line

LIMIT, ROOM = 700, 500
CITIES = ("Bergen", "Oslo", "Trondheim")


class Loaded(NamedTuple):
    """A history as a model got it."""

    pin: str
    tokens: int
    messages: list[bytes]


def loaded(line: Line) -> list[Loaded]:
    """Give the histories that agents loaded and showed to a model; not those that had grown too long."""
    pages = [one.answer["data"]["session"]["messages"] for one in line.asked if one.operation == "LoadHistory"]
    return [
        Loaded(page["editAtMessageId"], page["tokenCount"], [json.dumps(one).encode() for one in _messages(page)])
        for page in pages
        if page["tokenCount"] <= LIMIT + ROOM
    ]


def _messages(page: dict[str, Any]) -> list[Any]:
    return list(page["formatted"]["messages"])


@pytest.fixture
async def long(between: Between, endpoint: str, request: pytest.FixtureRequest) -> Line:
    """The way of agents that planned twelve days in one session, a new agent for each."""
    line = between.line(request.node.name)
    assert (await line.run("What can you do?")).status == 0
    session = await only_session(endpoint, line.user)
    for turn in range(12):
        question = f"Plan day {turn} in {CITIES[turn % 3]}."
        run = await line.run(question, "--session", session, "--limit", str(LIMIT), "--room", str(ROOM))
        assert run.status == 0, run.written
    return line


async def test_the_start_of_a_history_stays_the_same_until_its_pin_moves(long: Line) -> None:
    histories = loaded(long)
    moves = 0
    for before, after in pairwise(histories):
        if before.pin == after.pin:
            assert after.messages[: len(before.messages)] == before.messages
            assert len(after.messages) > len(before.messages)
        else:
            moves += 1
            assert after.tokens <= LIMIT
    assert moves == len({history.pin for history in histories}) - 1
    assert 2 <= moves < len(histories) / 5


async def test_a_history_that_is_cut_keeps_its_newest_results(long: Line) -> None:
    first_cut = next(after for before, after in pairwise(loaded(long)) if before.pin != after.pin)
    messages = [json.loads(message) for message in first_cut.messages]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    assert results[:-5] == ["Done"] * (len(results) - 5)
    assert "Done" not in results[-5:]
    assert len(results) > 5
