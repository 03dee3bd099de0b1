"""The sender to an Acontext that is reached without TLS and without a proxy: connections of our own, kept for use."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gql_api.upstream.addresses import Addresses
from gql_api.upstream.connection import Connection
from gql_api.upstream.fair_limiter import FairLimiter
from gql_api.upstream.sender import Answer, NotConnected, Request, Unreached

CONNECT_SECONDS = 5.0
KEPT_SECONDS = 5.0


class Plain:
    """Sends each request once, on the connection that was of use last: those that are too many grow old and go."""

    def __init__(self, addresses: Addresses, *, connections: int, kept_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._addresses = addresses
        self._turns = FairLimiter(connections)
        self._kept_seconds = kept_seconds
        self._is_closed = False
        self._idle: deque[Connection] = deque()
        """By the time since when they are idle, the longest first."""
        self._all: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def send(self, request: Request) -> Answer:
        """Give the answer, or raise one of `NoAnswer`, or `Exceeded`."""
        head = head_of(request)
        connection = self._kept() or await self._connected(request.seconds)
        try:
            answer = await connection.exchange(request, head)
        except BaseException:
            connection.abort()
            raise
        else:
            self._keep(connection)
            return answer
        finally:
            self._turns.give_back()

    async def close(self) -> None:
        """Close all connections, and wait until they are."""
        self._is_closed = True
        self._addresses.close()
        if self._sweeping:
            self._sweeping.cancel()
        closing = [connection.closed for connection in self._all]
        for connection in self._all:
            connection.abort()
        if closing:
            await asyncio.wait(closing)

    def _kept(self) -> Connection | None:
        """Take a turn and a connection that is kept, if there are both."""
        if not self._idle or not self._turns.take_at_once():
            return None
        connection = self._pick()
        if connection is None:
            self._turns.give_back()
        return connection

    def _pick(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and connection.idle_since + self._kept_seconds >= self._loop.time():
                return connection
            connection.abort()
        return None

    async def _connected(self, seconds: float) -> Connection:
        """Wait for a turn, and for a connection if none is kept by then."""
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, seconds)) as limit:
                await self._turns.take(None)
                try:
                    return self._pick() or await self._opened()
                except BaseException:
                    self._turns.give_back()
                    raise
        except OSError as error:
            raise (NotConnected if limit.expired() else Unreached) from error

    async def _opened(self) -> Connection:
        socket = await self._addresses.connected()
        try:
            _, connection = await self._loop.create_connection(self._made, sock=socket)
        except BaseException:
            socket.close()
            raise
        self._all.add(connection)
        if self._is_closed:
            connection.abort()
            raise ConnectionAbortedError
        return connection

    def _made(self) -> Connection:
        return Connection(self._loop, self._all.discard)

    def _keep(self, connection: Connection) -> None:
        if not connection.is_usable:
            connection.abort()
            return
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._kept_seconds, self._sweep)

    def _sweep(self) -> None:
        """Close what nobody needed for a while; the next look is when the next may be too old."""
        now = self._loop.time()
        while self._idle and self._idle[0].idle_since + self._kept_seconds <= now:
            self._idle.popleft().abort()
        self._sweeping = None
        if self._idle:
            wait = self._idle[0].idle_since + self._kept_seconds - now
            self._sweeping = self._loop.call_later(wait, self._sweep)


@asynccontextmanager
async def plainly(
    host: str, port: int, *, connections: int, kept_seconds: float = KEPT_SECONDS
) -> AsyncIterator[Plain]:
    """Open the way to this host, with at most so many connections; one that is idle for so long is closed."""
    sender = Plain(Addresses(host, port), connections=connections, kept_seconds=kept_seconds)
    try:
        yield sender
    finally:
        await sender.close()


def head_of(request: Request) -> bytes:
    """Write the head of a request; raise `ValueError` where a part of it would be more than itself."""
    headers = request.headers
    fields = "\r\n".join(map(": ".join, headers.items()))
    head = f"{request.method} {request.target} HTTP/1.1\r\n{fields}\r\n\r\n"
    lines = len(headers) + 2
    if not head.count("\r") == head.count("\n") == lines or "\0" in head or " " in request.target:
        raise ValueError("a line break or a null byte in the head of a request")
    return head.encode()
