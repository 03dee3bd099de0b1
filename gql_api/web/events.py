"""Server-sent events, one connection for each subscription (GraphQL over SSE, distinct connections mode)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import SSETransport
from strawberry.types import ExecutionResult

from gql_api.web.answers import body_of, encode

Results = AsyncGenerator[ExecutionResult, None]
_TRANSPORT = SSETransport()
HEADERS = dict(_TRANSPORT.headers)
_Coming = asyncio.Queue[str | Exception | None]


class _NotTaken(Exception):
    """The client takes nothing."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A comment comes after so many `quiet` seconds; a client that takes nothing for `patience` seconds is let go."""

    quiet: float = 15.0
    patience: float = 30.0


class EventStream(StreamingResponse):
    """An answer that is given event by event.

    Where `is_cut` says so at the end, the stream breaks off without `complete`: the client is to come back.
    """

    def __init__(self, results: Results, *, is_cut: Callable[[], bool], pace: Pace) -> None:
        self._texts = _kept_alive(_written(results, is_cut), pace.quiet)
        self._patience = pace.patience
        super().__init__(self._texts, headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Any) -> None:
            try:
                async with asyncio.timeout(self._patience):
                    await send(message)
            except TimeoutError:
                raise _NotTaken from None

        async with aclosing(self._texts):
            with suppress(_NotTaken):
                await super().__call__(scope, receive, send_in_time)


def single(result: ExecutionResult) -> Response:
    """Give the one result of a query or mutation as a stream of one event."""
    text = _told(result) + _TRANSPORT.encode_complete()
    return Response(text, headers=HEADERS)


async def _written(results: Results, is_cut: Callable[[], bool]) -> AsyncGenerator[str, None]:
    async with aclosing(results):
        async for result in results:
            if is_cut():
                return
            yield _told(result)
    if not is_cut():
        yield _TRANSPORT.encode_complete()


async def _kept_alive(texts: AsyncGenerator[str, None], quiet: float) -> AsyncGenerator[str, None]:
    """Give the texts as they come, and comments in between.

    They are asked for in one task, and ended in it: what they do belongs to one context.
    """
    coming: _Coming = asyncio.Queue(maxsize=1)
    asking = asyncio.create_task(_ask(texts, coming))
    try:
        while text := await _next(coming, quiet):
            yield text
    finally:
        asking.cancel()
        await asyncio.wait([asking])


async def _ask(texts: AsyncGenerator[str, None], coming: _Coming) -> None:
    """Put the texts there one by one, and at last what they failed with, or None."""
    try:
        async with aclosing(texts):
            async for text in texts:
                await coming.put(text)
        await coming.put(None)
    except Exception as failure:  # it is raised where it is waited for
        await coming.put(failure)


async def _next(coming: _Coming, quiet: float) -> str | None:
    try:
        async with asyncio.timeout(quiet):
            text = await coming.get()
    except TimeoutError:
        return _TRANSPORT.heartbeat_message(_text)
    if isinstance(text, Exception):
        raise text
    return text


def _told(result: ExecutionResult) -> str:
    return _TRANSPORT.encode_next(cast("GraphQLHTTPResponse", body_of(result)), _text)


def _text(body: object) -> str:
    return encode(body).decode()
