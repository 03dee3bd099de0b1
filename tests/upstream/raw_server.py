"""Servers that speak HTTP by bytes alone, and the ways by which a sender reaches them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from gql_api.upstream.network import reaching
from gql_api.upstream.over_aiohttp import by_aiohttp
from gql_api.upstream.sender import Answer, Request, Sender

WELL = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"code": 0}'
Way = Callable[..., AbstractAsyncContextManager[Sender]]


def over_aiohttp(base_url: str, *, connections: int) -> AbstractAsyncContextManager[Sender]:
    """Take the way that leads to TLS and proxies where neither is needed."""
    return by_aiohttp(base_url, None, connections=connections)


WAYS: dict[str, Way] = {"our own": reaching, "aiohttp": over_aiohttp}


@dataclass
class Server:
    """Reads requests and answers each with what `answers` says; None: it breaks the connection off."""

    answers: Callable[[int], bytes | None] = lambda number: WELL
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await head_from(reader):
                self.requests.append((head, await reader.readexactly(_length(head))))
                answer = self.answers(len(self.requests))
                if answer is None:
                    break
                writer.write(answer)
        finally:
            writer.close()

    @property
    def lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode() for head, _ in self.requests]


@dataclass
class Scripted(Server):
    """Does on each connection what `script` says, and closes it."""

    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.script
        self.connections += 1
        try:
            await self.script(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()


async def head_from(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request; nothing at the end."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def drain(reader: asyncio.StreamReader, size: int) -> None:
    """Take so many bytes, and keep none."""
    while size:
        size -= len(await reader.read(1_000_000))


def _length(head: bytes) -> int:
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0].partition(b":")[2]) if lengths else 0


@asynccontextmanager
async def running(server: Server, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def sent(url: str, request: Request, way: Way = reaching) -> Answer:
    async with way(url, connections=1) as sender:
        return await sender.send(request)


def asking(method: str = "GET", target: str = "/", body: bytes = b"", *, seconds: float = 5) -> Request:
    length = {"content-length": str(len(body))} if body else {}
    return Request(method, target, {"host": "acontext.test", **length}, body, seconds)
