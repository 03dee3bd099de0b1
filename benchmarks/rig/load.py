"""A client that costs little: kept connections, requests made beforehand, answers counted and timed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools

_OK = 200


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._parser: Any = None
        self._body: list[bytes] = []
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def send(self, data: bytes, seconds: float) -> tuple[int, bytes]:
        """Send a request and give the status and the body of the answer."""
        self._parser, self._body = httptools.HttpResponseParser(self), []
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        async with asyncio.timeout(seconds):
            return await self._waiter

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(error or ConnectionResetError("closed"))

    def close(self) -> None:
        self._transport.close()


@dataclass
class Sent:
    """What came of many requests; seconds are those of each answered one."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    took: float = 0.0

    @property
    def median(self) -> float:
        """The middle of the times, NaN where nothing was answered."""
        ordered = sorted(self.seconds)
        return ordered[len(ordered) // 2] if ordered else float("nan")


@dataclass(frozen=True)
class Bounds:
    """When to stop: after so many requests, or after so many seconds where at least a few were answered."""

    seconds: float
    most: int = 1_000_000
    least: int = 1


def request(url: str, method: str = "POST", *, body: bytes = b"", bearer: str = "none") -> bytes:
    """Write a request as it goes over the wire."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {bearer}\r\n"
    head += "Accept: application/json\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def connected(url: str, count: int) -> list[Connection]:
    """Open connections to the server at this URL."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    pairs = [await loop.create_connection(Connection, parts.hostname or "", parts.port or 80) for _ in range(count)]
    return [connection for _, connection in pairs]


async def send(url: str, made: Callable[[int], bytes], bounds: Bounds, *, concurrency: int = 1, first: int = 0) -> Sent:
    """Send requests, so many at a time, each the next of those that `made` gives."""
    sent, numbers = Sent(), iter(range(first, first + bounds.most))
    began = time.perf_counter()

    async def one_after_another() -> None:
        [connection] = await connected(url, 1)
        for number in numbers:
            try:
                await timed(connection, made(number), sent)
            except (OSError, TimeoutError) as error:
                sent.errors.append(f"{type(error).__name__}: {error}")
                connection.close()
                [connection] = await connected(url, 1)
            late = time.perf_counter() - began > bounds.seconds
            if late and len(sent.seconds) + len(sent.errors) >= bounds.least:
                break
        connection.close()

    await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    sent.took = time.perf_counter() - began
    return sent


async def timed(connection: Connection, data: bytes, sent: Sent) -> None:
    """Send one request; note its time, or what was wrong with the answer."""
    began = time.perf_counter()
    status, body = await connection.send(data, 60)
    if status == _OK and b'"errors"' not in body[:300] and b'"data":null' not in body[:30]:
        sent.seconds.append(time.perf_counter() - began)
    else:
        sent.errors.append(f"{status}: {body[:300]!r}")


async def get(url: str) -> bytes:
    """Ask once."""
    [connection] = await connected(url, 1)
    try:
        return (await connection.send(request(url, "GET"), 60))[1]
    finally:
        connection.close()


async def all_at_once(calls: list[tuple[Connection, bytes]], times: int) -> Sent:
    """Send all of these at once and wait for all answers, several times over: nothing can be faster."""
    sent = Sent()
    for _ in range(times):
        began = time.perf_counter()
        await asyncio.gather(*(connection.send(data, 60) for connection, data in calls))
        sent.seconds.append(time.perf_counter() - began)
    return sent
