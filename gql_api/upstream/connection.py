"""One connection of HTTP/1.1 without TLS: it carries one request at a time, and is of use again where nothing broke."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

from gql_api.request_scope import Exceeded
from gql_api.upstream.reply import Malformed, Reply
from gql_api.upstream.sender import Answer, NoAnswer, Request, Stream, TooLate, Unreached

_PIECE = 256 * 1024
"""So much of a body is handed over at once; more only when the other side took some of it."""


class Connection(asyncio.Protocol):
    """The methods with asyncio's names are the event loop's to call."""

    __slots__ = (
        "_failure", "_heard", "_is_written", "_loop", "_lost", "_reply", "_resumed", "_silence", "_timer",
        "_transport", "_waiter", "closed", "idle_since",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: "Callable[[Connection], None]") -> None:
        self._loop = loop
        self._lost = lost
        self._reply = Reply()
        self._waiter: asyncio.Future[None] | None = None
        self._resumed: asyncio.Future[None] | None = None
        self._failure: NoAnswer | Exceeded | None = None
        self._is_written = True
        self._heard = self._silence = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[None] = loop.create_future()
        self.idle_since = 0.0
        """By the loop's clock."""

    @property
    def is_usable(self) -> bool:
        """Whether it may carry another request; what the other side closed is known as soon as the loop was told."""
        return self._reply.keeps and self._is_written and not self._transport.is_closing()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    async def exchange(self, request: Request, head: bytes) -> Answer:
        """Send a request, its head as it is written, and give its answer; raise one of `NoAnswer`, or `Exceeded`."""
        body = request.body
        if self._transport.is_closing():
            raise Unreached  # it was closed before anything was written
        self._reply.begin(request.method, request.room)
        self._failure = None
        self._waiter = waiter = self._loop.create_future()
        try:
            if isinstance(body, Stream) or len(body) > _PIECE:
                await self._write(head, body, waiter)
            else:
                self._transport.write(head + body)
            self._heard = self._loop.time()
            self._listen(request.seconds)
            await waiter
            if self._failure:
                raise self._failure
            return self._reply.answer()
        except Malformed as error:
            raise NoAnswer from error
        finally:
            self._waiter = None

    async def _write(self, head: bytes, body: bytes | Stream, waiter: "asyncio.Future[None]") -> None:
        """Write piece by piece; an answer before the end is one, and the rest is not written."""
        self._is_written = False
        self._transport.write(head)
        async for piece in body if isinstance(body, Stream) else _pieces(body):
            self._transport.write(piece)
            if self._resumed:
                await asyncio.wait((self._resumed, waiter), return_when=asyncio.FIRST_COMPLETED)
            if waiter.done():
                return
        self._is_written = True

    def _listen(self, seconds: float) -> None:
        """Look in so many seconds whether anything was heard.

        One timer serves one exchange after the other, since making one takes longer than all else here: where it comes
        too early it is made again.
        """
        if self._timer and self._silence <= seconds:
            self._silence = seconds
            return
        if self._timer:
            self._timer.cancel()
        self._silence = seconds
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or not self._is_written:
            return  # nobody waits for an answer, or not yet
        left = self._heard + self._silence - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._end(TooLate(), TimeoutError())

    def _end(self, failure: NoAnswer | Exceeded | None = None, cause: BaseException | None = None) -> None:
        """Wake whoever waits for the answer."""
        if self._waiter and not self._waiter.done():
            if failure:
                failure.__cause__ = cause
            self._failure = failure
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        self._resumed = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._resumed and not self._resumed.done():
            self._resumed.set_result(None)
        self._resumed = None

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            self._transport.abort()  # nobody asked for it
            return
        try:
            self._reply.feed(data)
        except Malformed as error:
            self._end(NoAnswer(), error)
            return
        except Exceeded as error:
            self._end(error)
            return
        if self._reply.is_whole:
            self._end()
        else:
            self._heard = self._loop.time()

    def eof_received(self) -> None:
        """Read what is said by the end; the transport closes itself."""
        self._reply.end()
        if self._reply.is_whole:
            self._end()
        else:
            self._end(NoAnswer(), EOFError())

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._end(NoAnswer(), error or EOFError())
        self.resume_writing()
        self.closed.set_result(None)
        self._lost(self)


async def _pieces(body: bytes) -> AsyncIterator[memoryview]:
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        yield view[start : start + _PIECE]
