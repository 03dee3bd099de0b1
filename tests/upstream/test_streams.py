"""Bodies that are read while they are sent: whole on each way to Acontext, read anew when sent again, never held."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gql_api.content import SpooledContent, sha256_of
from gql_api.upstream.client import Client
from gql_api.upstream.direct import Direct
from gql_api.upstream.sender import Answer, NoAnswer, Request, Stream
from upstream.raw_server import WAYS, Server, running, sent

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 256


class Pieces:
    """So many pieces, given out anew each time; counts them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.count):
            self.given += 1
            yield PIECE


def asking(pieces: Pieces) -> Request:
    length = pieces.count * len(PIECE)
    head = {"host": "acontext.test", "content-length": str(length)}
    return Request("POST", "/", head, Stream(pieces, length), 5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [0, 1, 5, 200])
async def test_a_stream_arrives_whole_by_each_way(way: str, count: int) -> None:
    async with running(Server()) as server:
        pieces = Pieces(count)
        request = asking(pieces)
        for _ in range(2):
            assert (await sent(server.url, request, WAYS[way])).status == 200
        assert [body for _, body in server.requests] == [PIECE * count] * 2
        assert all(b"transfer-encoding" not in head.lower() for head, _ in server.requests)
        assert pieces.given == 2 * count


async def test_a_stream_arrives_whole_in_process() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while True:
            seen.append(await receive())
            if not seen[-1].get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        seen.append(await receive())

    assert (await Direct(app).send(asking(Pieces(10)))).status == 200
    assert b"".join(message["body"] for message in seen[:-1]) == PIECE * 10
    assert (len(seen) > 3, seen[-1]) == (True, {"type": "http.disconnect"})


async def test_a_server_that_refuses_at_once_is_not_sent_the_rest() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.read(1)
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        pieces = Pieces(2000)
        with suppress(NoAnswer):  # it may be closed before its answer is read
            assert (await sent(url, asking(pieces))).status == 413
        assert pieces.given < 2000


class Swallowing:
    """A sender that reads a body to its end and keeps nothing of it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    async def send(self, request: Request) -> Answer:
        assert isinstance(request.body, Stream)
        length = 0
        async for piece in request.body:
            length += len(piece)
        assert length == int(request.headers["content-length"])
        self.lengths.append(length)
        return Answer(201, "", {"content-type": "application/json"}, b'{"data": {}}')


@asynccontextmanager
async def client_of(sender: Swallowing) -> AsyncIterator[Client]:
    client = Client(sender, api_key="key", base_url="http://acontext.test/api/v1", seconds=5)
    yield client
    await client._http.aclose()


async def test_a_file_on_disk_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(16 * MIB))
    swallowing = Swallowing()
    with file.open("rb") as opened:
        content = SpooledContent(opened.fileno(), 16 * MIB)
        async with client_of(swallowing) as client:
            tracemalloc.start()
            files = {"file": ("large", content.open(), "application/octet-stream")}
            await client.request("POST", "/disk/x/artifact", data={"file_path": "/"}, files=files)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert swallowing.lengths[0] > 16 * MIB
    assert peak < 2 * MIB


async def test_one_file_is_read_by_several_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(PIECE * 3)
    with file.open("rb") as opened:
        content = SpooledContent(opened.fileno(), 3 * len(PIECE))
        one, other = content.open(), content.open()
        assert (one.read(10), other.read(), one.read(5)) == (PIECE[:10], PIECE * 3, PIECE[10:15])
        assert (one.tell(), one.seek(-1, 2), one.read(), one.seek(1, 0), one.seek(1, 1)) == (
            15,
            3 * len(PIECE) - 1,
            PIECE[-1:],
            1,
            2,
        )
        hashes = await asyncio.gather(*(sha256_of(content) for _ in range(3)))
        assert len(set(hashes)) == 1
