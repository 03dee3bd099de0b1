"""An agent in one session: what it stores, says, finishes, and does when something is not as it should be."""

from typing import Any

import pytest
from starlette.responses import Response

from examples.agents import QUESTION, Agents, all_of, asked, only_session, run_command
from examples.between import Between, Kill, Moment

STORE = """
mutation ($input: StoreMessagesInput!) { storeMessages(input: $input) { errors { message } } }
"""
RESULTS = "query ($id: ID!) { session(id: $id) { messages { nodes { toolResults { text isError } } } } }"


def said(found: Any) -> list[Any]:
    """Give each message in short: its text, its calls or its results."""
    return [
        message["text"] or [call["name"] for call in message["toolCalls"]] or [one["text"] for one in results]
        for message in found["session"]["messages"]["nodes"]
        for results in [message["toolResults"]]
    ]


PLAN = "A day in Bergen\n- Rain from noon, 7 °C\n- Seat to Bergen, booking {booking}"
ANSWER = f"{PLAN}\nThe plan is in /plans/bergen.md."


async def test_a_question_is_answered_by_tools_and_all_of_it_is_stored(between: Between, endpoint: str) -> None:
    line = between.line("whole")
    assert (await line.run(QUESTION, "--key", "job")).status == 0

    found = await all_of(endpoint, line.user)
    messages = found["session"]["messages"]["nodes"]
    weather, booking = (call["callId"] for call in messages[1]["toolCalls"])
    plan, answer = PLAN.format(booking=booking), ANSWER.format(booking=booking)
    assert found["viewer"]["sessions"]["totalCount"] == 1
    assert found["session"]["title"] == QUESTION
    assert said(found) == [
        QUESTION,
        ["get_weather", "book_train"],
        ["Rain from noon, 7 °C"],
        [f"Seat to Bergen, booking {booking}"],
        ["write_file"],
        ["/plans/bergen.md is written."],
        ["read_file"],
        [plan],
        answer,
    ]
    assert [message["idempotencyKey"] for message in messages] == (
        ["question job", *(f"after message {place}" for place in range(8))]
    )
    assert [message["metadata"] for message in messages if message["role"] == "ASSISTANT"] == [{"pin": "message 0"}] * 4
    assert [message["toolResults"][0]["callId"] for message in messages[2:4]] == [weather, booking]
    assert found["session"]["files"]["nodes"] == [
        {
            "path": f"/bookings/{booking}.json",
            "metadata": {"call": booking},
            "textContent": f'{{"to": "Bergen", "booking": "{booking}"}}',
        },
        {"path": "/plans/bergen.md", "metadata": {"call": messages[4]["toolCalls"][0]["callId"]}, "textContent": plan},
    ]


async def test_what_is_open_is_finished_without_the_question(between: Between, endpoint: str) -> None:
    line = between.line("resumed")
    at_the_plan = Kill(lambda _, operation: operation == "ReadFile", Moment.BEFORE)
    assert (await line.run(QUESTION, kill=at_the_plan)).status is None
    session = await only_session(endpoint, line.user)

    run = await line.run("--session", session)
    assert run.status == 0
    assert run.written.endswith("The plan is in /plans/bergen.md.")
    asked_for = len(line.asked)
    assert (await line.run("--session", session)).written.endswith("The plan is in /plans/bergen.md.")
    assert [one.operation for one in line.asked[asked_for:]] == ["ReadTail"]


async def test_what_is_open_is_answered_before_another_question_is_asked(between: Between, endpoint: str) -> None:
    line = between.line("two-questions")
    early = Kill(lambda number, _: number == 5, Moment.AFTER)
    assert (await line.run(QUESTION, kill=early)).status is None
    run = await line.run("Plan a day in Oslo.", "--session", await only_session(endpoint, line.user))
    assert run.written.endswith("The plan is in /plans/oslo.md.")
    texts = [text for text in said(await all_of(endpoint, line.user)) if isinstance(text, str)]
    assert [text.splitlines()[0] for text in texts] == [
        QUESTION,
        "A day in Bergen",
        "Plan a day in Oslo.",
        "A day in Oslo",
    ]


async def test_a_key_stands_for_one_question(between: Between, endpoint: str) -> None:
    line = between.line("keyed")
    for _ in range(2):
        run = await line.run(QUESTION, "--key", "job")
        assert run.written.endswith("The plan is in /plans/bergen.md.")
    session = await only_session(endpoint, line.user)
    assert (await line.run("What can you do?", "--session", session)).status == 0
    again = await line.run(QUESTION, "--key", "job", "--session", session)
    assert again.written.endswith("The plan is in /plans/bergen.md.")
    other = await line.run("Plan a day in Oslo.", "--key", "job", "--session", session)
    assert (other.status, "IDEMPOTENCY_MISMATCH" in other.written) == (1, True)
    assert len(said(await all_of(endpoint, line.user))) == 9 + 2


async def test_the_answer_is_written_apart_from_what_is_done_for_it(endpoint: str) -> None:
    done = run_command("Plan a day in Oslo.", "--url", endpoint, "--user", "apart")
    session = await only_session(endpoint, "apart")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == ["A day in Oslo", "- Sun and clouds, 4 °C"]
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        "session",
        "get_weather",
        "book_train",
        "write_file",
        "read_file",
    ]
    assert done.stderr.splitlines()[0].split() == ["session", session]


CALLS = {
    "no such tool": ("fly", "{}", "There is no tool fly."),
    "an argument is missing": ("get_weather", "{}", "city: Field required"),
    "arguments that are no JSON": ("get_weather", "{city", ": Input should be a valid dictionary"),
    "it knows nothing of that": ("get_weather", '{"city": "Rome"}', "No weather is known for Rome."),
    "the server refuses": (
        "write_file",
        '{"path": "/a/../b", "text": "x"}',
        "input.path: ",
    ),
    "there is no such file": ("read_file", '{"path": "/none.md"}', "There is no text at /none.md."),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_call_that_fails_is_told_to_the_model(between: Between, endpoint: str, case: str) -> None:
    name, arguments, told = CALLS[case]
    line = between.line(f"failing-{list(CALLS).index(case)}")
    assert (await line.run("What can you do?")).status == 0
    session = await only_session(endpoint, line.user)
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    stored = {"sessionId": session, "messages": [{"message": {"openai": message}} for message in messages]}
    assert (await asked(endpoint, line.user, STORE, input=stored))["storeMessages"]["errors"] == []

    assert (await line.run("--session", session)).status == 0
    found = (await asked(endpoint, line.user, RESULTS, id=session))["session"]["messages"]["nodes"]
    [result] = [result for message in found for result in message["toolResults"]]
    assert result["isError"]
    assert result["text"].startswith(told)


async def test_a_server_that_cannot_for_a_moment_is_asked_again(between: Between, endpoint: str) -> None:
    line = between.line("patient")
    full = '{"errors": [{"message": "Full.", "extensions": {"code": "OVERLOADED"}}]}'
    moments = iter([Response(status_code=502), Response(full, 503, {"retry-after": "0"})])
    line.instead = lambda one: next(moments, None) if one.operation == "AddMessage" else None
    run = await line.run(QUESTION, "--key", "job")
    assert (run.status, next(moments, None)) == (0, None)
    waiting = [told.strip() for told in run.written.splitlines() if "waiting" in told]
    assert waiting == ["waiting  The server answered with the status 502."]
    assert len(said(await all_of(endpoint, line.user))) == 9


NOBODYS = "4dff8e6e-5f8d-4bbd-8b9b-3b2b8a5b1e0a"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "give a question, or a session in which to finish what is open"),
        (("--session", "mine"), "BAD_USER_INPUT  id: this is not an id of a Session."),
        (("Hello", "--session", NOBODYS), "NOT_FOUND  There is no such session."),
        (("Hello", "--key", "k" * 256), "TOO_LARGE  input.idempotencyKey: "),
        (("Hello", "--url", "http://127.0.0.1:1/graphql"), "UNREACHABLE  The server cannot be reached."),
        (("Hello", "--url", "nowhere"), "BAD_REQUEST  Request URL is missing"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    agents: Agents, endpoint: str, given: tuple[str, ...], told: str
) -> None:
    run = await (await agents.start("--url", endpoint, "--patience", "0", *given)).ended
    assert run.status in {1, 2}
    assert told in run.written.splitlines()[-1]
    assert "Traceback" not in run.written


async def test_what_is_no_graphql_server_is_told_apart(agents: Agents, endpoint: str) -> None:
    run = await (await agents.start("Hello", "--url", endpoint.replace("graphql", "healthz"))).ended
    assert (run.status, run.written.split()[0]) == (1, "BAD_RESPONSE")
