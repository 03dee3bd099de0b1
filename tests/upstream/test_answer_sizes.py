"""No answer of Acontext is read further than one may be long, by each way to it, whoever asks."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
import stamina

from gql_api.upstream.connect import connect
from gql_api.upstream.direct import Direct
from gql_api.upstream.failures import TooMuch
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import Limits
from gql_api.upstream.messages import Reading
from gql_api.upstream.sender import Sender
from upstream.raw_server import WAYS, Scripted, Way, head_from, running

ID = UUID("11111111-1111-4111-8111-111111111111")
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PIECE = bytes(65536)
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_PAST = 32 * MIB
"""What lies in buffers of the kernel between the two, and more."""
ASKS: dict[str, Callable[[Gateway], Awaitable[object]]] = {
    "a read": lambda gateway: gateway.messages.read(ID, Reading(limit=1)),
    "a write": lambda gateway: gateway.messages.store(ID, format="openai", blob={}, metadata=None),
    "a download": lambda gateway: gateway.messages.asset(ID, "assets/a", "0" * 64),
    "whether it is there": lambda gateway: gateway.calls.ping(),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@asynccontextmanager
async def gateway_by(sender: Sender, base: str = "http://acontext.test/api/v1") -> AsyncIterator[Gateway]:
    limits = Limits(4, 5, 5, answer=MIB)
    async with connect(base_url=base, api_key="sk-ac-x", limits=limits, sender=sender) as gateway:
        yield gateway


@asynccontextmanager
async def gateway_to(script: Script, way: Way) -> AsyncIterator[Gateway]:
    async with (
        running(Scripted(script=script)) as server,
        way(server.url, connections=4) as sender,
        gateway_by(sender, f"{server.url}/api/v1") as gateway,
    ):
        yield gateway


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize("head", [HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"])
async def test_an_answer_without_an_end_is_not_read_to_it(
    way: Way, head: bytes, ask: Callable[[Gateway], Awaitable[object]]
) -> None:
    written: list[int] = []
    piece = b"10000\r\n" + PIECE + b"\r\n" if b"chunked" in head else PIECE

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(head)
        written.append(0)
        while written[-1] < _PAST:
            writer.write(piece)
            written[-1] += len(piece)
            await writer.drain()

    async with gateway_to(script, way) as gateway:
        with pytest.raises(TooMuch, match=f"more than {MIB} bytes"):
            await ask(gateway)
    assert len(written) == 1  # and it is not asked for again
    assert written[0] < _PAST


async def test_an_answer_that_says_that_it_is_larger_is_not_waited_for(way: Way) -> None:
    over = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % (MIB + 1))
        await reader.read()
        over.set()

    async with gateway_to(script, way) as gateway:
        with pytest.raises(TooMuch):
            await gateway.messages.read(ID, Reading(limit=1))
        await asyncio.wait_for(over.wait(), 5)


async def test_a_packed_answer_is_as_long_as_it_is_unpacked(way: Way) -> None:
    body = gzip.compress(b"{" + bytes(2 * MIB) + b"}")

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()

    async with gateway_to(script, way) as gateway:
        with pytest.raises(TooMuch):
            await gateway.messages.read(ID, Reading(limit=1))


async def test_an_answer_of_just_that_length_is_read(way: Way) -> None:
    """Also where another try is needed, which has all of it to itself."""
    spare = MIB - len(b'{"code": 0, "msg": ""}')
    answer = b'{"code": 0, "msg": "%b"}' % (b"x" * spare)
    asked = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await head_from(reader)
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(answer))
        writer.write(answer[:-1] if asked == 1 else answer)
        await writer.drain()

    with stamina.set_testing(True, attempts=2):
        async with gateway_to(script, way) as gateway:
            await gateway.sessions.delete(ID)
    assert asked == 2


@pytest.mark.parametrize("keeps_it", [False, True])
async def test_nor_is_that_of_an_application_in_this_process(keeps_it: bool) -> None:
    pieces = 0

    async def app(_: Any, receive: Any, send: Any) -> None:
        nonlocal pieces
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        with suppress(Exception if keeps_it else RuntimeError):
            while pieces < _PAST // len(PIECE):
                pieces += 1
                await send({"type": "http.response.body", "body": PIECE, "more_body": True})

    async with gateway_by(Direct(app)) as gateway:
        with pytest.raises(TooMuch):
            await gateway.messages.read(ID, Reading(limit=1))
    assert pieces == MIB // len(PIECE) + 1
