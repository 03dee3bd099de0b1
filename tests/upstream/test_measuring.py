"""What listeners are told of calls of Acontext, and what the log says of a call that is made again."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import httpx
import pytest
import stamina
from stamina.instrumentation import set_on_retry_hooks

from carrying import By
from gql_api.errors import UpstreamFailure
from gql_api.request_scope import request_within
from gql_api.telemetry import Call, Work, listening
from gql_api.upstream.breaker import FAILURES
from gql_api.upstream.connect import connect
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import Limits
from gql_api.upstream.kinds import READ
from gql_api.upstream.measuring import note_retry
from gql_api.upstream.routes import OTHER
from upstream.test_connect import calls

ID = UUID("11111111-1111-4111-8111-111111111111")
ROUTE = "GET /session/{id}/token_counts"
WELL = httpx.Response(200, json={"code": 0, "data": {"total_tokens": 7}, "msg": ""})


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.began_with: list[Work] = []
        self.calls: list[tuple[str | None, str, int | None, int]] = []
        self.retries: list[str | None] = []

    def began(self, work: Work) -> None:
        self.began_with.append(work)

    def ended(self, work: Work) -> None:
        assert isinstance(work, Call)
        assert work in self.began_with
        assert work.seconds >= 0
        self.calls.append((work.route, work.outcome, work.status, work.resent))

    def retried(self, route: str | None) -> None:
        self.retries.append(route)


class Broken(Listener):
    """Fails whatever it is told."""

    def began(self, work: Work) -> None:
        raise RuntimeError("broken")

    ended = began

    def retried(self, route: str | None) -> None:
        raise RuntimeError("broken")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One that listens after another that is broken."""
    listener = Listener()
    with listening([Broken(), listener]):
        yield listener


@pytest.fixture
def as_in_production() -> Iterator[None]:
    set_on_retry_hooks([note_retry])
    with stamina.set_testing(False):
        yield
    set_on_retry_hooks(None)


@asynccontextmanager
async def answering(*answers: httpx.Response | Exception | None, seconds: float = 5) -> AsyncIterator[Gateway]:
    """Give a gateway whose calls are answered so in turn, and the last one ever after; None: never."""
    left = list(answers)

    async def handle(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    transport = httpx.MockTransport(handle)
    async with connect(
        base_url="http://secret.example/api/v1",
        api_key="sk-ac-secret",
        limits=Limits(4, seconds, seconds),
        sender=By(transport),
    ) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        (httpx.Response(404, json={"code": 404, "msg": "no"}), "refused", 404),
        (httpx.Response(500, json={"code": 500, "msg": "no"}), "unavailable", 500),
        (httpx.Response(200, text="<html>"), "unavailable", 200),
        (httpx.ConnectError("no"), "unavailable", None),
        (httpx.ReadTimeout("late"), "timeout", None),
        (None, "timeout", None),
    ],
)
async def test_each_call_is_told_with_its_outcome(
    listener: Listener, answer: httpx.Response | Exception | None, outcome: str, status: int | None
) -> None:
    async with answering(answer, seconds=0.05) as gateway:
        with pytest.raises(UpstreamFailure):
            await gateway.sessions.token_total(ID)
    assert listener.calls == [(ROUTE, outcome, status, 0)]


async def test_a_call_that_outlives_its_request_is_a_timeout_and_one_nobody_waits_for_is_cancelled(
    listener: Listener,
) -> None:
    async with answering(None) as gateway:
        with request_within(0.05), pytest.raises(UpstreamFailure):
            await gateway.sessions.token_total(ID)
        asking = asyncio.create_task(gateway.sessions.token_total(ID))
        while len(listener.began_with) < 2:  # noqa: ASYNC110 - the transport is httpx's own
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    assert [outcome for _, outcome, _, _ in listener.calls] == ["timeout", "cancelled"]


async def test_calls_that_are_not_made_any_more_are_told_too(listener: Listener) -> None:
    async with answering(httpx.ConnectError("no")) as gateway:
        for _ in range(FAILURES + 2):
            with pytest.raises(UpstreamFailure):
                await gateway.sessions.token_total(ID)
        assert gateway.calls.is_open
    assert listener.calls[-2:] == [(None, "circuit_open", None, 0)] * 2


async def test_an_open_breaker_does_not_keep_readiness_from_asking() -> None:
    async with answering(
        *[httpx.ConnectError("no")] * FAILURES, httpx.Response(200, json={"code": 0, "msg": "pong"})
    ) as gateway:
        for _ in range(FAILURES):
            with pytest.raises(UpstreamFailure):
                await gateway.sessions.token_total(ID)
        assert gateway.calls.is_open
        await gateway.calls.ping()


@pytest.mark.usefixtures("as_in_production")
async def test_another_try_is_one_line_with_its_route_and_nothing_else(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "gql_api")
    async with answering(httpx.ConnectError("no"), WELL) as gateway:
        assert await gateway.sessions.token_total(ID) == 7
    assert listener.calls == [(ROUTE, "unavailable", None, 0), (ROUTE, "ok", 200, 1)]
    assert listener.retries == [ROUTE]
    lines = [record.getMessage() for record in caplog.records if "again" in record.getMessage()]
    assert [re.sub(r"\d\.\d", "N", line) for line in lines] == [f"{ROUTE}: unavailable, is tried again in N s"]
    assert not any(word in caplog.text for word in ("secret", str(ID), "stamina"))


async def test_a_path_that_is_no_route_of_ours_has_no_name_of_its_own(listener: Listener) -> None:
    async with answering(WELL) as gateway:
        await gateway.sessions.token_total(uuid4())
        await gateway.calls(READ, lambda sdk: sdk.request("GET", f"/session/{ID}/unknown"))
    assert [route for route, _, _, _ in listener.calls] == [ROUTE, "(other)"]


async def test_each_call_of_ours_is_measured_by_a_name_of_its_own(listener: Listener) -> None:
    async with answering(WELL) as gateway:
        for call in calls(gateway, ID):
            with suppress(UpstreamFailure):  # what it is answered fits one of them alone
                await call()
    assert len(listener.calls) == len(calls(gateway, ID))
    assert OTHER not in {route for route, _, _, _ in listener.calls}
