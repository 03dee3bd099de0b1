"""The sender to an Acontext in this process: an application is called as a server would call it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gql_api.upstream.direct import Direct
from gql_api.upstream.sender import Answer, NoAnswer, Request

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
START = {"type": "http.response.start", "status": 201, "headers": [(b"X-Name", "ä".encode())]}


def asking(target: str = "/", body: bytes = b"") -> Request:
    return Request("POST", target, {"host": "acontext.test"}, body, 5)


async def test_a_request_is_handed_over_whole_and_its_answer_put_together() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        seen.extend([scope["method"], scope["path"], scope["raw_path"], scope["query_string"], scope["headers"]])
        seen.append(await receive())
        left = asyncio.create_task(receive())  # type: ignore[arg-type]
        await send(START)
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert not left.done()
        await send({"type": "http.response.body", "body": b"b"})
        seen.append(await left)

    answer = await Direct(app).send(asking("/user/a%2Fb?q=%20", b"body"))
    assert answer == Answer(201, "", {"x-name": "ä"}, b"ab")
    assert seen == [
        "POST",
        "/user/a/b",
        b"/user/a%2Fb",
        b"q=%20",
        [(b"host", b"acontext.test")],
        {"type": "http.request", "body": b"body", "more_body": False},
        {"type": "http.disconnect"},
    ]


@pytest.mark.parametrize(("begun", "status"), [(False, 500), (True, 201)])
async def test_an_application_that_breaks_is_a_failure_as_behind_a_port(begun: bool, status: int) -> None:
    async def app(_: Any, receive: Receive, send: Send) -> None:
        if begun:
            await send(START)
        raise RuntimeError

    answer = await Direct(app).send(asking())
    assert (answer.status, answer.body) == (status, b"")


async def test_an_application_that_never_answers_has_given_none() -> None:
    async def app(_: Any, receive: Receive, send: Send) -> None:
        await receive()

    with pytest.raises(NoAnswer):
        await Direct(app).send(asking())


async def test_who_is_cancelled_cancels_the_applications_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def app(_: Any, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    call = asyncio.create_task(Direct(app).send(asking()))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert cancelled.is_set()
