"""The sender to the network, against servers on this machine: what is sent, how often, and what may go wrong."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import aiohttp
import pytest
import stamina

from gql_api.errors import UpstreamFailure
from gql_api.upstream.connect import connect
from gql_api.upstream.failures import Fate
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import ATTEMPTS, Limits
from gql_api.upstream.over_aiohttp import failure_of
from gql_api.upstream.sender import NoAnswer, NotConnected, TooLate, Unreached
from upstream.raw_server import WAYS, WELL, Server, Way, asking, running, sent

ID = UUID("11111111-1111-4111-8111-111111111111")


@asynccontextmanager
async def gateway_to(server: Server, way: Way) -> AsyncIterator[Gateway]:
    base, limits = f"{server.url}/api/v1", Limits(4, 5, 5)
    async with (
        way(base, connections=4) as sender,
        connect(base_url=base, api_key="sk-ac-x", limits=limits, sender=sender) as gateway,
    ):
        yield gateway


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_what_is_broken_off_is_not_sent_again(method: str, way: Way) -> None:
    """Not even on a connection that has been of use before; aiohttp would send a DELETE and a PUT twice."""
    async with running(Server(lambda number: WELL if number == 1 else None)) as server:
        async with way(server.url, connections=1) as sender:
            await sender.send(asking())
            with pytest.raises(NoAnswer) as caught:
                await sender.send(asking(method, body=b"x"))
        assert caught.value.fate is Fate.LOST
        assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize(("delete", "tries"), [("file", 1), ("session", ATTEMPTS)])
async def test_whether_it_is_sent_again_is_decided_by_what_it_does(delete: str, tries: int, way: Way) -> None:
    """Whatever the method."""
    server = Server(lambda number: WELL if number == 1 else None)
    async with running(server), gateway_to(server, way) as gateway:
        await gateway.calls.ping()
        with stamina.set_testing(True, attempts=ATTEMPTS), pytest.raises(UpstreamFailure):
            await (gateway.files.delete(ID, "/", "a") if delete == "file" else gateway.sessions.delete(ID))
    assert [line.split()[0] for line in server.lines] == ["GET", *["DELETE"] * tries]


async def test_what_nobody_takes_is_unsent(way: Way) -> None:
    async with running(Server()) as server:
        url = server.url
    with pytest.raises(Unreached) as caught:
        await sent(url, asking(), way)
    assert caught.value.fate is Fate.UNSENT


async def test_a_silent_server_is_late(way: Way) -> None:
    async with running(Server(lambda number: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")) as server:
        with pytest.raises(TooLate) as caught:
            await sent(server.url, asking(seconds=0.05), way)
    assert caught.value.fate is Fate.LATE


async def test_an_answer_that_breaks_off_is_none(way: Way) -> None:
    cut = Server(lambda number: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" if number == 1 else None)
    garbage = Server(lambda number: b"SSH-2.0\r\n\r\n")
    for server, body in ((cut, b"x"), (garbage, b"")):
        async with running(server), way(server.url, connections=1) as sender:
            call = asyncio.create_task(sender.send(asking("POST", body=body, seconds=0.2)))
            with pytest.raises(NoAnswer):
                await call


def family(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


@pytest.mark.parametrize("kind", sorted({*family(aiohttp.ClientError), OSError, TimeoutError}, key=str), ids=str)
def test_every_error_of_aiohttp_tells_what_may_have_become_of_the_request(kind: type[Exception]) -> None:
    unsent = issubclass(kind, aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch)
    late = issubclass(kind, TimeoutError)
    expected = TooLate if late else Unreached if unsent else NoAnswer
    if kind is aiohttp.ConnectionTimeoutError:
        expected = NotConnected
    assert type(failure_of(kind.__new__(kind))) is expected


async def test_a_request_is_sent_as_it_is_written_and_its_answer_read_whole(way: Way) -> None:
    body = bytes(range(256)) * 8192
    squeezed = zlib.compress(b'{"a": 1}')
    head = f"HTTP/1.1 302 Elsewhere\r\nLocation: /x\r\nSet-Cookie: a=b\r\nX-Told: {'y' * 60_000}\r\n"
    head += f"Content-Encoding: deflate\r\nContent-Length: {len(squeezed)}\r\n\r\n"
    target = "/api/v1/user/a%2F..%2fb%3Fc%7E?q=%20+%2B~&r=%c3%a4"
    server = Server(lambda number: head.encode() + squeezed)
    async with running(server), way(server.url, connections=1) as sender:
        answer = await sender.send(asking("PUT", target, body))
        await sender.send(asking())
    assert server.lines == [f"PUT {target} HTTP/1.1", "GET / HTTP/1.1"]
    assert server.requests[0][1] == body
    heads = [head.lower() for head, _ in server.requests]
    assert all(b"host: acontext.test\r\n" in head and b"cookie" not in head for head in heads)
    assert (answer.status, answer.reason, answer.body) == (302, "Elsewhere", b'{"a": 1}')
    assert len(answer.headers["x-told"]) == 60_000
    assert server.connections == 1


PROXIES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]


@pytest.mark.parametrize("variable", PROXIES)
@pytest.mark.parametrize(
    "bypassed", ["", "acontext.invalid", "*", "invalid", "acontext.invalid:8029", "acontext.invalid:1"]
)
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, variable: str, bypassed: str
) -> None:
    for name in (*PROXIES, "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with running(Server()) as server:
        monkeypatch.setenv(variable, server.url.removeprefix("http://"))
        monkeypatch.setenv("NO_PROXY", bypassed)
        if bypassed in {"", "acontext.invalid:1"}:
            await sent("http://acontext.invalid:8029", asking(target="/a?b=1"))
            assert server.lines == ["GET http://acontext.invalid:8029/a?b=1 HTTP/1.1"]
        else:
            with pytest.raises(Unreached):
                await sent("http://acontext.invalid:8029", asking())


async def test_a_proxy_that_speaks_something_else_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    with pytest.raises(ValueError, match="speaks HTTP"):
        await sent("http://acontext.invalid", asking())
