"""What a request has besides its body: bounded, since it is in memory before anybody knows who asks."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from gql_api.web.protocol import MOST_WITHOUT_BODY

SECONDS = 20
GET = b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
QUERY = b'{"query":"{ __typename }"}'
CHUNK = b"%x\r\n%s\r\n" % (len(QUERY), QUERY)
ENDLESS = {
    "a header": (GET + b"X-Long: ", b"x", 431),
    "headers": (GET, b"X-Many: y\r\n", 431),
    "a URL": (b"GET /graphql?query={__typename}&x=", b"x", 414),
    "blank lines": (b"", b"\r\n", None),
    "a header after another request": (GET + b"\r\n" + GET + b"X-Long: ", b"x", None),
    "a trailer": (CHUNKED + CHUNK + b"0\r\nX-Long: ", b"x", None),
    "what a chunk has besides": (CHUNKED + b"1;x=", b"x", None),
}


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            [length] = [line[16:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
            return int(head.split()[1]), await self.reader.readexactly(int(length))

    async def ends(self) -> bool:
        """Tell whether the server hangs up without another word."""
        async with asyncio.timeout(SECONDS):
            return await self.reader.read(-1) == b""


@pytest.fixture
async def connection(served_url: str) -> AsyncIterator[Connection]:
    address = urlsplit(served_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    yield Connection(reader, writer)
    writer.close()


@pytest.mark.parametrize(("begin", "more", "status"), ENDLESS.values(), ids=ENDLESS)
async def test_what_never_ends_is_not_listened_to_for_ever(
    connection: Connection, begin: bytes, more: bytes, status: int | None
) -> None:
    async def go_on() -> None:
        await connection.send(begin)
        while True:
            await connection.send(more * (8192 // len(more)))

    sending = asyncio.create_task(go_on())
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(sending, SECONDS)


@pytest.mark.parametrize(("begin", "more", "status"), [one for one in ENDLESS.values() if one[2]])
async def test_a_head_that_is_too_large_is_told_so(
    connection: Connection, begin: bytes, more: bytes, status: int
) -> None:
    await connection.send(begin)
    answer = asyncio.create_task(connection.answer())
    while not answer.done():
        await connection.send(more * (8192 // len(more)))
        # Who sends on while the server hangs up may lose its answer with the connection.
        await asyncio.wait([answer], timeout=0.02)
    told, body = await answer
    assert (told, json.loads(body)["errors"][0]["extensions"]) == (status, {"code": "TOO_LARGE"})
    assert await connection.ends()


async def test_what_is_large_and_ends_is_answered(connection: Connection) -> None:
    await connection.send(GET + b"X-Long: " + b"x" * (MOST_WITHOUT_BODY - 1000) + b"\r\n\r\n")
    assert await connection.answer() == (200, b'{"data":{"__typename":"Query"}}')

    await connection.send(CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in QUERY) + b"0\r\nX-After: y\r\n\r\n")
    assert await connection.answer() == (200, b'{"data":{"__typename":"Query"}}')


async def test_a_body_is_none_of_it_and_nor_is_what_follows_it(connection: Connection) -> None:
    body = QUERY + b" " * (4 * MOST_WITHOUT_BODY)
    whole = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for _ in range(3):
        await connection.send(whole + GET + b"\r\n")
        for _ in range(2):
            status, answer = await connection.answer()
            assert (status, answer[:8]) in {(200, b'{"data":'), (413, b'{"errors')}


async def test_what_is_no_http_is_refused_in_json(connection: Connection) -> None:
    await connection.send(b"NO SUCH THING\r\n\r\n")
    status, body = await connection.answer()
    assert (status, json.loads(body)) == (
        400,
        {"errors": [{"message": "Invalid HTTP request received.", "extensions": {"code": "BAD_REQUEST"}}]},
    )
    assert await connection.ends()
