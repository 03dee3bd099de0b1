"""An agent killed between any two of its steps, and run again: what is there in the end is as if nothing had been."""

import asyncio
from typing import Any

import pytest

from examples.agents import QUESTION, all_of
from examples.between import Asked, Between, Kill, Line, Moment

COMMAND = (QUESTION, "--key", "job")
READS = {"ReadTail", "LoadHistory", "ReadFile"}
AT_ONCE = 6


async def undisturbed(between: Between, endpoint: str, user: str) -> tuple[list[Asked], Any]:
    """Run an agent to its end; give what it asked, and what is there then."""
    line = between.line(user)
    assert (await line.run(*COMMAND)).status == 0
    return line.asked, await all_of(endpoint, line.user)


async def killed_at(line: Line, number: int, moment: Moment) -> None:
    """Run an agent that is killed at one of its requests, and then the same command again."""
    run = await line.run(*COMMAND, kill=Kill(lambda at, _: at == number, moment))
    assert run.status is None
    assert len(line.asked) == number + 1
    assert (await line.run(*COMMAND)).status == 0
    await line.settled()


def writes(asked: list[Asked]) -> list[str]:
    """Give the paths of the files that the server was told to write, in order."""
    return [one.variables["path"] for one in asked if one.operation == "WriteFile" and one.answer]


def done_again(asked: list[Asked], number: int, moment: Moment) -> list[str]:
    """Give the file that is written twice: when the next agent read, the result of its writing was not yet stored."""
    late = [] if moment is Moment.BEFORE else writes([asked[number]])
    lost = [] if moment is Moment.AFTER else writes(asked[max(number - 1, 0) : number])
    return late + lost


@pytest.mark.parametrize("moment", Moment)
async def test_whatever_step_it_is_killed_at_nothing_is_there_twice_and_nothing_is_lost(
    between: Between, endpoint: str, moment: Moment
) -> None:
    asked, expected = await undisturbed(between, endpoint, f"{moment.name}-never")
    assert len(asked) == 27
    places = asyncio.Semaphore(AT_ONCE)

    async def case(number: int) -> None:
        line = between.line(f"{moment.name}-{number}")
        async with places:
            await killed_at(line, number, moment)
            assert await all_of(endpoint, line.user) == expected, f"killed {moment.value}: {number}, {asked[number]}"
            again = done_again(asked, number, moment)
            assert sorted(writes(line.asked)) == sorted([*writes(asked), *again]), (number, asked[number].operation)

    numbers = [at for at, one in enumerate(asked) if moment is not Moment.LATE or one.operation not in READS]
    await asyncio.gather(*map(case, numbers))


async def test_an_agent_that_never_lives_longer_than_one_write_gets_there(between: Between, endpoint: str) -> None:
    asked, expected = await undisturbed(between, endpoint, "long-lived")
    line = between.line("short-lived")
    done: list[Any] = []

    def first_write_of_a_life(number: int, operation: str) -> bool:
        return operation not in READS and written(line.asked[number]) not in done

    while (await line.run(*COMMAND, kill=Kill(first_write_of_a_life, Moment.AFTER))).status is None:
        done.append(written(line.asked[-1]))
    assert await all_of(endpoint, line.user) == expected
    assert len(done) == len([one for one in asked if one.operation not in READS]) == 12


def written(one: Asked) -> tuple[str, str]:
    """Give what a write is known by."""
    return one.operation, one.variables.get("key") or one.variables["path"]
