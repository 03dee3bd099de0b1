"""Two agents at once in one session: each turn is one's, and the conversation is as if they had taken turns."""

import asyncio
from typing import Any

from examples.agents import all_of, asked
from examples.between import Asked, Between, Line

BERGEN, OSLO = "Plan a day in Bergen.", "Plan a day in Oslo."
CREATE = "mutation { createSession(input: {}) { session { id } } }"


def meeting(operation: str, role: str) -> Any:
    """Let two lines wait for each other before their first message of a role; then let each go its own way."""
    barrier = asyncio.Barrier(2)
    came: set[int] = set()

    def gate(line: Line) -> Any:
        async def wait(one: Asked) -> None:
            is_it = one.operation == operation and one.variables["message"]["role"] == role
            if is_it and id(line) not in came:
                came.add(id(line))
                async with asyncio.timeout(60):
                    await barrier.wait()

        return wait

    return gate


async def pair(between: Between, endpoint: str, user: str, meet: Any) -> tuple[str, Line, Line]:
    """Make a session and two ways to it."""
    session = (await asked(endpoint, user, CREATE))["createSession"]["session"]["id"]
    lines = (between.line(f"{user}-one", user), between.line(f"{user}-two", user))
    for line in lines:
        line.gate = meet(line)
    return session, *lines


def refusals(line: Line) -> list[str]:
    """Give the codes by which the server refused to store a message."""
    payloads = [one.answer["data"]["storeMessage"] for one in line.asked if "storeMessage" in one.answer["data"]]
    return [error["code"] for payload in payloads for error in payload["errors"]]


def untied(found: Any) -> Any:
    """Leave out by which keys questions came; whose came first is open."""
    for message in found["session"]["messages"]["nodes"]:
        message["idempotencyKey"] = None
    found["session"]["title"] = None
    return found


async def in_turn(between: Between, endpoint: str, user: str, *questions: str) -> Any:
    """Give what is there when one agent is asked after the other."""
    line = between.line(user)
    session = (await asked(endpoint, user, CREATE))["createSession"]["session"]["id"]
    for question in questions:
        assert (await line.run(question, "--session", session)).status == 0
    return untied(await all_of(endpoint, user, session))


async def test_two_questions_at_once_are_answered_one_after_the_other(between: Between, endpoint: str) -> None:
    session, one, two = await pair(between, endpoint, "at-once", meeting("AddMessage", "user"))
    runs = await asyncio.gather(one.run(BERGEN, "--session", session), two.run(OSLO, "--session", session))

    assert [run.status for run in runs] == [0, 0]
    assert "The plan is in /plans/bergen.md." in runs[0].written
    assert "The plan is in /plans/oslo.md." in runs[1].written
    assert "CONFLICT" in refusals(one) + refusals(two)
    found = untied(await all_of(endpoint, "at-once", session))
    assert found in [
        await in_turn(between, endpoint, "bergen-first", BERGEN, OSLO),
        await in_turn(between, endpoint, "oslo-first", OSLO, BERGEN),
    ]


async def test_of_two_that_answer_the_same_differently_one_is_heard(between: Between, endpoint: str) -> None:
    session, one, two = await pair(between, endpoint, "two-minds", meeting("AddMessage", "assistant"))
    two.reworded = lambda body: body.replace("I plan days in", "You may choose among")
    question = ("What can you do?", "--session", session, "--key", "job")
    runs = await asyncio.gather(one.run(*question), two.run(*question))

    assert [run.status for run in runs] == [0, 0]
    messages = (await all_of(endpoint, "two-minds", session))["session"]["messages"]["nodes"]
    assert [message["role"] for message in messages] == ["USER", "ASSISTANT"]
    assert [run.written.splitlines()[-1] for run in runs] == [messages[1]["text"]] * 2
    assert sorted(refusals(one) + refusals(two)) == ["IDEMPOTENCY_MISMATCH"]
