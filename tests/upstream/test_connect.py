"""The guarded calls: what is sent, what is never sent, and what is taken for an answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from carrying import By
from gql_api.content import HeldContent
from gql_api.errors import UpstreamFailure, UpstreamUnavailable
from gql_api.upstream.connect import connect
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import Limits
from gql_api.upstream.messages import Reading

NIL = UUID(int=0)
BASE = "http://acontext.test/api/v1"


@dataclass
class Server:
    """An Acontext of one answer."""

    answer: httpx.Response = field(default_factory=lambda: httpx.Response(200, json={"code": 0}))
    requests: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer


@asynccontextmanager
async def gateway_to(server: Server) -> AsyncIterator[Gateway]:
    transport = httpx.MockTransport(server.handle)
    async with connect(base_url=BASE, api_key="sk-ac-x", limits=Limits(4, 5, 5), sender=By(transport)) as gateway:
        yield gateway


async def test_a_call_goes_to_the_right_place_with_the_key() -> None:
    server, id = Server(), uuid4()
    async with gateway_to(server) as gateway:
        await gateway.sessions.delete(id)
        await gateway.sessions.delete_disk(id)
    assert [(request.method, str(request.url)) for request in server.requests] == [
        ("DELETE", f"{BASE}/session/{id}"),
        ("DELETE", f"{BASE}/disk/{id}"),
    ]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-ac-x"}


async def test_the_owner_of_a_disk_is_quoted_in_the_path() -> None:
    server = Server()
    async with gateway_to(server) as gateway:
        await gateway.sessions.delete_owner("a/../b?c#d%")
    assert server.requests[0].url.raw_path == b"/api/v1/user/a%2F..%2Fb%3Fc%23d%25"


def calls(gateway: Gateway, id: Any) -> list[Any]:
    """Every call that takes an id."""
    sessions, messages, files = gateway.sessions, gateway.messages, gateway.files
    return [
        lambda: sessions.create(id, user="u", configs={}),
        lambda: sessions.exists(id),
        lambda: sessions.get(id),
        lambda: sessions.patch_configs(id, {}),
        lambda: sessions.replace_configs(id, {}),
        lambda: sessions.delete(id),
        lambda: sessions.delete_disk(id),
        lambda: sessions.token_total(id),
        lambda: messages.read(id, Reading()),
        lambda: messages.read(uuid4(), Reading(strategies="[]", pin=id)),
        lambda: messages.store(id, format="acontext", blob={}, metadata=None),
        lambda: messages.patch_metadata(id, uuid4(), {}),
        lambda: messages.patch_metadata(uuid4(), id, {}),
        lambda: messages.asset(id, "key", "0" * 64),
        lambda: gateway.session_events.read(id, limit=1, after=None),
        lambda: files.directory(id, "/"),
        lambda: files.all(id),
        lambda: files.grep(id, "a"),
        lambda: files.get(id, "/", "a"),
        lambda: files.public_url(id, "/", "a", seconds=1),
        lambda: files.content(id, "/", "a"),
        lambda: files.upload(id, directory="/", filename="a", content=HeldContent(b""), metadata=None),
        lambda: files.replace_metadata(id, "/", "a", metadata={}),
        lambda: files.delete(id, "/", "a"),
    ]


@pytest.mark.parametrize("id", [NIL, "../user/ls?", "", 7])
async def test_what_is_no_id_is_never_sent(id: Any) -> None:
    server = Server()
    async with gateway_to(server) as gateway:
        for call in calls(gateway, id):
            with pytest.raises(ValueError, match="not an id"):
                await call()
    assert server.requests == []


async def test_a_url_that_never_ends_is_never_asked_for() -> None:
    server = Server()
    async with gateway_to(server) as gateway:
        with pytest.raises(ValueError, match="must expire"):
            await gateway.files.public_url(uuid4(), "/", "a", seconds=0)
    assert server.requests == []


ODD = [
    httpx.Response(200, text="<html>", headers={"content-type": "text/html"}),
    httpx.Response(200, text="", headers={"content-type": "application/json"}),
    httpx.Response(200, text='{"code": 0', headers={"content-type": "application/json"}),
    httpx.Response(200, json=[]),
    httpx.Response(204),
    httpx.Response(302, json={"code": 0}, headers={"location": "/elsewhere"}),
    httpx.Response(304, json={"code": 0}),
]


@pytest.mark.parametrize("answer", ODD, ids=lambda answer: f"{answer.status_code} {answer.text!r}")
async def test_a_deletion_is_done_only_when_acontext_says_so(answer: httpx.Response) -> None:
    async with gateway_to(Server(answer)) as gateway:
        for delete in (gateway.sessions.delete, gateway.sessions.delete_disk):
            with pytest.raises(UpstreamUnavailable):
                await delete(uuid4())
        with pytest.raises(UpstreamUnavailable):
            await gateway.files.all(uuid4())


@pytest.mark.parametrize(
    ("answer", "exists"),
    [
        (
            httpx.Response(
                200, json={"code": 0, "data": {"observed": 0, "in_process": 0, "pending": 0, "updated_at": ""}}
            ),
            True,
        ),
        (httpx.Response(404, json={"code": 404, "msg": "session not found"}), False),
        (httpx.Response(403, json={"code": 403, "msg": "access denied"}), True),
        (httpx.Response(404, text="404 page not found"), None),
        (httpx.Response(500, json={"code": 500}), None),
    ],
    ids=lambda value: repr(value) if not isinstance(value, httpx.Response) else f"{value.status_code} {value.text[:9]}",
)
async def test_a_session_is_absent_only_when_acontext_says_so(answer: httpx.Response, exists: bool | None) -> None:
    async with gateway_to(Server(answer)) as gateway:
        if exists is None:
            with pytest.raises(UpstreamFailure):
                await gateway.sessions.exists(uuid4())
        else:
            assert await gateway.sessions.exists(uuid4()) is exists


async def test_a_file_may_be_a_page_or_nothing_at_all() -> None:
    for content, kind in ((b"<html>", "text/html"), (b"", "text/plain"), (b"[]", "application/json")):
        answer = httpx.Response(200, content=content, headers={"content-type": kind})
        async with gateway_to(Server(answer)) as gateway:
            assert await gateway.files.content(uuid4(), "/", "a") == content
