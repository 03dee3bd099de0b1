"""Archives by URL, for whoever has one: no token is asked for, and what is cut off in the middle has no end."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gql_api.errors import DatabaseFailure, Failure, NotFound, ServerStopping, SlowConsumer, UpstreamFailure
from gql_api.services.archive.carrying import Asked, Expired, Exports
from gql_api.telemetry import Operation, notes
from gql_api.web.admission import Bound, overloaded
from gql_api.web.answers import Refused, refuse
from gql_api.web.disconnect import stopped_when_gone
from gql_api.web.headers import headers_of
from gql_api.web.outcomes import watched
from gql_api.web.ranges import Rest
from gql_api.web.refusing import refused_by

_LOG = logging.getLogger(__name__)
_METHODS = {"allow": "GET, HEAD"}
_HEADERS = {
    "accept-ranges": "bytes",
    "cache-control": "private, no-store",
    "content-type": "application/x-tar",
    "content-security-policy": "sandbox; default-src 'none'",
}
_SLOWEST = 25.0
"""Seconds in which a client takes a piece, or is let go: others wait for its place; sooner than any connection is."""
_NAME, _TYPE = "(export)", "export"
"""How metrics and traces call it; no operation of a client can be called so."""


class _Way(NamedTuple):
    """The way to a client, and back."""

    receive: Receive
    send: Send

    async def give_all(self, pieces: AsyncIterator[bytes], status: int, headers: Mapping[str, str]) -> None:
        """Answer with these pieces; raise `TimeoutError` where one is not taken in time."""
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        async for piece in pieces:
            await self._give(piece)
        await self._give(b"", is_last=True)

    async def _give(self, piece: bytes, *, is_last: bool = False) -> None:
        """Send a piece as soon as the one before is nearly gone."""
        async with asyncio.timeout(_SLOWEST):
            await self.send({"type": "http.response.body", "body": piece, "more_body": not is_last})


class _Reading(NamedTuple):
    """An archive, or the rest of one, and what its answer says of that."""

    pieces: AsyncGenerator[bytes, None]
    status: int
    headers: Mapping[str, str]


class ExportView:
    """An ASGI endpoint with the path parameter `token`; `bound` is how many archives are written at a time."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._under_way: set[asyncio.Timeout] = set()
        self._is_ending = False

    def end(self) -> None:
        """Break off what is under way, and begin nothing any more."""
        self._is_ending = True
        for within in self._under_way:
            with suppress(RuntimeError):  # it is over already
                within.reschedule(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with watched() as operation:
                operation.name, operation.type = _NAME, _TYPE
                await self._answer(scope, receive, send, operation)
        except Refused as refused:
            answer = refuse(refused, scope)
            if scope["method"] == "HEAD":
                answer.body = b""
            await answer(scope, receive, send)
        except ClientDisconnect:
            pass  # it was let go, and is told nothing

    async def _answer(self, scope: Scope, receive: Receive, send: Send, operation: Operation) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refused(405, "An archive is read by GET.", headers=_METHODS)
        exports: Exports = scope["app"].state.running.exports
        asked = await _found(exports, scope["path_params"]["token"])
        noted = notes()
        if noted:
            noted.user = asked.user
        headers = {**_HEADERS, "content-disposition": f'attachment; filename="{asked.filename}"'}
        if scope["method"] == "HEAD":
            head = Response(headers=headers)
            del head.headers["content-length"]  # none, since nobody knows it before the end
            await head(scope, receive, send)
            return
        if self._is_ending:
            raise overloaded()
        self._bound.take(asked.user)
        try:
            await self._stream(_reading(exports, asked, scope), headers, _Way(receive, send), operation)
        finally:
            self._bound.give_back(asked.user)

    async def _stream(self, reading: _Reading, headers: Mapping[str, str], way: _Way, operation: Operation) -> None:
        """Send an archive; where it cannot be sent whole, leave the answer without its end."""
        try:
            async with asyncio.timeout(None) as within, aclosing(reading.pieces):
                self._under_way.add(within)
                with stopped_when_gone(asyncio.get_running_loop(), way.receive, lambda: True):
                    await way.give_all(reading.pieces, reading.status, {**headers, **reading.headers})
        except TimeoutError:
            code = ServerStopping.code if self._is_ending else SlowConsumer.code
            _note_cut(operation, code)
        except (UpstreamFailure, DatabaseFailure) as failure:
            _note_cut(operation, failure.code)
        finally:
            self._under_way.discard(within)


def _reading(exports: Exports, asked: Asked, scope: Scope) -> _Reading:
    """Read from the beginning, or go on with what this URL was answered with before."""
    token, rest = scope["path_params"]["token"], Rest.of(headers_of(scope))
    begun = rest and exports.known_edition(token, rest.tag)
    edition = begun or exports.edition(token)
    told = {"etag": f'"{edition.id}"'}
    if not rest or not begun:
        return _Reading(exports.archive(asked, edition), 200, told)
    told["content-range"] = rest.content_range
    return _Reading(exports.archive(asked, edition, start=rest.start), 206, told)


async def _found(exports: Exports, token: str) -> Asked:
    try:
        return await exports.find(token)
    except NotFound as absence:
        status = 410 if isinstance(absence, Expired) else 404
        raise Refused(status, absence.message, extensions={"code": absence.code}) from None
    except Failure as failure:
        raise refused_by(failure) from None


def _note_cut(operation: Operation, code: str) -> None:
    operation.outcome, operation.codes = "failed", (code,)
    _LOG.warning("an export was cut off: %s", code)
