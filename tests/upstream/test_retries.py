"""Failed calls: which are made again, how often, until when; and when none is made any more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from carrying import By
from gql_api.content import HeldContent
from gql_api.errors import UpstreamFailure, UpstreamTimeout, UpstreamUnavailable
from gql_api.request_scope import no_request, request_within
from gql_api.upstream.breaker import FAILURES
from gql_api.upstream.connect import connect
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import ATTEMPTS, Limits
from gql_api.upstream.messages import Reading
from gql_api.upstream.refusal import Refused

ID = uuid4()
Fault = httpx.Response | type[httpx.TransportError]
Ask = Callable[[Gateway], Awaitable[Any]]


@pytest.fixture(autouse=True)
def tried_again() -> Iterator[None]:
    """Try again as in production, without the pauses."""
    with stamina.set_testing(True, attempts=ATTEMPTS):
        yield


@dataclass
class Server:
    """Fails with each of `faults` in turn, then answers well."""

    faults: list[Fault] = field(default_factory=list)
    hangs: bool = False
    requests: list[httpx.Request] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.came.release()
        if self.hangs:
            await self._hang()
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, httpx.Response):
                return fault
            raise fault("words", request=request)
        return httpx.Response(200, json={"code": 0, "data": _answer(request), "msg": ""})

    async def _hang(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


TIMES = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
OWNED = {"id": str(ID), "project_id": str(ID), "user_id": None, **TIMES}
MESSAGE = {"id": str(ID), "session_id": str(ID), "parent_id": None, "role": "user", "meta": {}, "parts": []}
ARTIFACT = {"disk_id": str(ID), "path": "/", "filename": "a", "meta": {}, **TIMES}
ANSWERS: dict[str, Any] = {
    "GET messages": {"items": [], "ids": [], "metas": [], "has_more": False, "this_time_tokens": 0},
    "POST messages": {**MESSAGE, "task_id": None, "session_task_process_status": "pending", **TIMES},
    "GET events": {"items": [], "has_more": False},
    "GET token_counts": {"total_tokens": 0},
    "GET observing_status": {"observed": 0, "in_process": 0, "pending": 0, "updated_at": TIMES["updated_at"]},
    "GET grep": [],
    "GET ls": {"artifacts": [], "directories": []},
    "POST artifact": ARTIFACT,
    "PUT artifact": {"artifact": ARTIFACT},
    "PATCH meta": {"meta": {}},
    "POST session": {**OWNED, "disable_task_tracking": False, "configs": None},
    "POST disk": OWNED,
}


def _answer(request: httpx.Request) -> Any:
    return ANSWERS.get(f"{request.method} {request.url.path.rpartition('/')[2]}", {})


@asynccontextmanager
async def gateway_to(server: Server, *, seconds: float = 5) -> AsyncIterator[Gateway]:
    transport, base = httpx.MockTransport(server.handle), "http://acontext.test/api/v1"
    limits = Limits(concurrency=4, seconds=seconds, transfer_seconds=seconds)
    async with connect(base_url=base, api_key="sk-ac-x", limits=limits, sender=By(transport)) as gateway:
        yield gateway


def _status(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, text="a proxy speaks", headers={name.replace("_", "-"): headers[name] for name in headers}
    )


READS: dict[str, Ask] = {
    "messages": lambda gateway: gateway.messages.read(ID, Reading()),
    "token total": lambda gateway: gateway.sessions.token_total(ID),
    "session events": lambda gateway: gateway.session_events.read(ID, limit=1, after=None),
    "directory": lambda gateway: gateway.files.directory(ID, "/"),
    "delete": lambda gateway: gateway.sessions.delete(ID),
}
OVERWRITES: dict[str, Ask] = {
    "create with an id of ours": lambda gateway: gateway.sessions.create(ID, user="ann", configs={}),
    "patch": lambda gateway: gateway.sessions.patch_configs(ID, {}),
    "patch a message's metadata": lambda gateway: gateway.messages.patch_metadata(ID, ID, {}),
    "replace a file's metadata": lambda gateway: gateway.files.replace_metadata(ID, "/", "a", metadata={}),
    "replace": lambda gateway: gateway.sessions.replace_configs(ID, {}),
}
ONCE: dict[str, Ask] = {
    "store": lambda gateway: gateway.messages.store(ID, format="openai", blob={}, metadata=None),
    "create a disk": lambda gateway: gateway.sessions.create_disk("ours"),
    "upload": lambda gateway: gateway.files.upload(
        ID, directory="/", filename="a", content=HeldContent(b""), metadata=None
    ),
    "delete a file": lambda gateway: gateway.files.delete(ID, "/", "a"),
}
BROKEN: list[Fault] = [httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError, _status(502), _status(500)]
NEVER_DONE: list[Fault] = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, _status(429)]


@pytest.mark.parametrize("fault", [*BROKEN, *NEVER_DONE], ids=str)
@pytest.mark.parametrize("ask", READS.values(), ids=READS)
async def test_what_does_no_harm_twice_is_tried_again(ask: Ask, fault: Fault) -> None:
    server = Server([fault, fault])
    async with gateway_to(server) as gateway:
        await ask(gateway)
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("fault", [*BROKEN, httpx.ReadTimeout], ids=str)
@pytest.mark.parametrize("ask", [*ONCE.values(), *OVERWRITES.values()], ids=[*ONCE, *OVERWRITES])
async def test_what_may_have_been_done_is_not_done_twice(ask: Ask, fault: Fault) -> None:
    server = Server([fault])
    async with gateway_to(server) as gateway:
        with pytest.raises(UpstreamFailure):
            await ask(gateway)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", NEVER_DONE, ids=str)
@pytest.mark.parametrize("ask", [*ONCE.values(), *OVERWRITES.values()], ids=[*ONCE, *OVERWRITES])
async def test_what_was_certainly_not_done_is_tried_again(ask: Ask, fault: Fault) -> None:
    server = Server([fault])
    async with gateway_to(server) as gateway:
        await ask(gateway)
    assert len(server.requests) == 2


async def test_it_ends_after_some_tries() -> None:
    server = Server([httpx.ConnectError] * 9)
    async with gateway_to(server) as gateway:
        with pytest.raises(UpstreamUnavailable):
            await gateway.sessions.exists(ID)
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_a_refusal_is_final(status: int) -> None:
    server = Server([httpx.Response(status, json={"code": status, "msg": "no"})])
    async with gateway_to(server) as gateway:
        with pytest.raises(Refused):
            await gateway.sessions.get(ID)
    assert len(server.requests) == 1


async def test_a_late_read_of_a_conversation_is_not_asked_for_again() -> None:
    """Acontext goes on with it, and would do the same work twice."""
    for name in ("messages", "token total"):
        server = Server([httpx.ReadTimeout])
        async with gateway_to(server) as gateway:
            with pytest.raises(UpstreamTimeout):
                await READS[name](gateway)
        assert len(server.requests) == 1
    server = Server([httpx.ReadTimeout])
    async with gateway_to(server) as gateway:
        await READS["directory"](gateway)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("fault", "tries"), [(_status(500), 1), (httpx.ReadTimeout, 1), (httpx.ReadError, 2)])
async def test_a_search_that_was_too_much_is_not_made_again(fault: Fault, tries: int) -> None:
    server = Server([fault])
    async with gateway_to(server) as gateway:
        with nullcontext() if tries > 1 else pytest.raises(UpstreamFailure):
            assert await gateway.files.grep(ID, "a") == []
    assert len(server.requests) == tries


async def test_calls_end_with_their_request() -> None:
    server = Server(hangs=True)
    async with gateway_to(server) as gateway:
        with request_within(0.2) as request:
            with pytest.raises(UpstreamTimeout):
                await gateway.sessions.exists(ID)
            tried = len(server.requests)
            await asyncio.sleep(request.seconds_left + 0.001)
            with pytest.raises(UpstreamTimeout):
                await gateway.sessions.exists(ID)
        server.hangs = False
        with no_request():
            assert await gateway.sessions.exists(ID)
    assert tried > 1  # the first try had a part of the time only
    assert len(server.requests) == tried + 1


async def test_a_request_waits_for_its_turn_no_longer_than_it_may_take() -> None:
    server = Server(hangs=True)
    async with gateway_to(server) as gateway:
        others = [asyncio.create_task(gateway.sessions.exists(ID)) for _ in range(4)]
        for _ in range(4):
            await server.came.acquire()
        with request_within(0.05), pytest.raises(UpstreamTimeout):
            await gateway.sessions.exists(ID)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    assert len(server.requests) == 4


@pytest.fixture
def pauses() -> Iterator[asyncio.Queue[float]]:
    """The seconds that are to be waited before other tries, in earnest."""
    noted: asyncio.Queue[float] = asyncio.Queue()

    def note(details: RetryDetails) -> None:
        noted.put_nowait(details.wait_for)

    set_on_retry_hooks([note])
    with stamina.set_testing(False):
        yield noted
    set_on_retry_hooks(None)


@pytest.mark.parametrize(
    ("retry_after", "within", "pause"),
    [
        ("7", 30, 7),
        ("7", 5, None),
        ("20", 30, 20),
        (timedelta(seconds=20), 30, 20),
        (timedelta(seconds=20), 10, None),
        ("3600", 7200, None),
        ("0", 30, 0.1),
        ("soon", 30, 0.1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 30, 0.1),
    ],
)
async def test_acontexts_wish_to_wait_is_respected(
    pauses: asyncio.Queue[float], retry_after: str | timedelta, within: float, pause: float | None
) -> None:
    """For as long as the request has time, and not for an hour. The pauses of our own begin at 0.1 seconds."""
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    server = Server([_status(429, retry_after=retry_after)])
    async with gateway_to(server) as gateway:
        with request_within(within):
            asking = asyncio.create_task(gateway.sessions.exists(ID))
        if pause is None:
            with pytest.raises(UpstreamUnavailable):
                await asking
        else:
            assert await pauses.get() == pytest.approx(pause, abs=1.1)
            asking.cancel()
    assert pauses.empty()
    assert len(server.requests) == 1


async def test_a_request_that_was_cancelled_is_cancelled_upstream() -> None:
    server = Server(hangs=True)
    async with gateway_to(server) as gateway:
        task = asyncio.create_task(gateway.sessions.exists(ID))
        await server.came.acquire()
        task.cancel()
        await asyncio.wait_for(server.cancelled.wait(), 5)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_dead_acontext_is_left_alone() -> None:
    server = Server([httpx.ConnectError] * 1000)
    async with gateway_to(server) as gateway:
        for _ in range(20):
            with pytest.raises(UpstreamUnavailable):
                await gateway.sessions.exists(UUID(int=1))
    assert len(server.requests) == FAILURES
