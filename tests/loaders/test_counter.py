"""Tokens are counted in turns, in the order of the messages, and not beyond the time of the request."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from gql_api.loaders.counter import TokenCounter
from gql_api.model import Message
from gql_api.request_scope import request_within


def message(*parts: Any) -> Message:
    return Message(str(uuid4()), UUID(int=1), "user", list(parts), {}, {}, datetime(2026, 1, 1, tzinfo=UTC))


def said(text: str) -> Message:
    return message({"type": "text", "text": text})


MESSAGES = [said("word " * number) for number in range(50)]


@pytest.mark.parametrize("seconds", [0, 60])
async def test_each_has_its_count_however_many_turns_it_takes(seconds: float) -> None:
    counter = TokenCounter(seconds=seconds)
    several = await asyncio.gather(*(counter.counts(MESSAGES) for _ in range(5)))
    assert several == [[0] + [number + 1 for number in range(1, 50)]] * 5


async def test_where_the_time_is_over_nothing_is_counted() -> None:
    with request_within(0):
        assert await TokenCounter().counts(MESSAGES) == [None] * 50
    with request_within(60):
        assert None not in await TokenCounter().counts(MESSAGES)


async def test_what_is_wrong_with_one_message_is_its_own() -> None:
    first, odd, last = await TokenCounter().counts([said("a"), message({"type": "tool-call", "meta": 5}), said("b")])
    assert (first, last) == (2, 2)
    assert isinstance(odd, TypeError)
