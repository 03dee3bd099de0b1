"""What every request gets, whatever it asks: an id, safe headers, a line in the log, and a limit to its body."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_api.telemetry import Notes
from gql_api.web.answers import BodyTooLarge, Refused, refuse
from gql_api.web.headers import headers_of
from gql_api.web.hosts import HostCheck
from gql_api.web.negotiation import FORM, is_form
from gql_api.web.recording import Entry, Observing, id_of, seen, write
from gql_api.web.uploads import PREFLIGHT

ASKED_HEADERS = [
    "authorization",
    "content-type",
    "x-user",
    "x-request-id",
    "traceparent",
    "range",
    "if-range",
    *PREFLIGHT,
]
TOLD_HEADERS = ["x-request-id", "www-authenticate", "retry-after", "content-disposition", "content-range", "etag"]
SAFE_HEADERS = {b"x-content-type-options": b"nosniff", b"referrer-policy": b"no-referrer"}
_ID = b"x-request-id"

_CRASH = Refused(500, "An internal error occurred.", extensions={"code": "INTERNAL_SERVER_ERROR"})
_CUT = Refused(
    503, "The server stops; a write may have taken effect all the same.", extensions={"code": "SERVER_STOPPING"}
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the server is found.

    `hosts` are those that are answered for, with loopback; None: any. Pages of `origins` may ask from browsers, with
    what they send themselves: no cookies are read here, so none are asked for. Browsers are told to come by HTTPS alone
    for `hsts_seconds`.
    """

    hosts: Sequence[str] | None = None
    origins: Sequence[str] = ()
    hsts_seconds: int | None = None

    @property
    def safe_headers(self) -> Mapping[bytes, bytes]:
        """What every answer has."""
        if self.hsts_seconds is None:
            return SAFE_HEADERS
        return SAFE_HEADERS | {b"strict-transport-security": b"max-age=%d" % self.hsts_seconds}


_ANYWHERE = Site()


def middleware(
    *,
    max_body_size: int,
    site: Site = _ANYWHERE,
    max_upload_size: int | None = None,
    observing: Observing | None = None,
    straight: Mapping[str, ASGIApp] | None = None,
) -> list[Middleware]:
    """List what stands in front of all routes, outermost first.

    What is `straight` is reached by its path past the routes, where it must be too. `max_upload_size` is that of a form
    with files.
    """
    listed = [Middleware(RequestRecord, observing=observing or Observing(), safe_headers=site.safe_headers)]
    if site.hosts is not None:
        listed.append(Middleware(HostCheck, hosts=site.hosts))
    if site.origins:
        listed.append(
            Middleware(
                CORSMiddleware,
                allow_origins=site.origins,
                allow_methods=["GET", "POST"],
                allow_headers=ASKED_HEADERS,
                expose_headers=TOLD_HEADERS,
            )
        )
    limit = Middleware(BodyLimit, most=max_body_size, most_of_form=max_upload_size)
    return [*listed, limit, Middleware(Straight, endpoints=straight or {})]


class RequestRecord:
    """Gives each request its id and its line in the log, each answer safe headers, and each crash a plain answer."""

    def __init__(self, app: ASGIApp, observing: Observing, safe_headers: Mapping[bytes, bytes] = SAFE_HEADERS) -> None:
        self._app = app
        self._observing = observing
        self._safe_headers = safe_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        observing = self._observing
        headers = headers_of(scope)
        record = _Record(id_of(headers), scope, send, self._safe_headers)
        with observing.stop.request(), seen(record.id, headers, observing) as notes:
            try:
                await self._app(scope, receive, record.send)
            except Exception:
                logger.exception("A request failed")
                if record.status is None:
                    await refuse(_CRASH, scope)(scope, receive, record.send)
            except asyncio.CancelledError:
                if not observing.stop.is_stopping or record.status is not None:
                    raise
                # Its time was over: the one who waits is told so, and nothing is left to cancel.
                await refuse(_CUT, scope)(scope, receive, record.send)
            finally:
                record.log(notes, observing.pseudonym)


class _Record:
    """One request, from its head to the last of its answer."""

    __slots__ = ("_began", "_safe_headers", "_scope", "_send", "_state", "id", "status")

    def __init__(self, id: str, scope: Scope, send: Send, safe_headers: Mapping[bytes, bytes]) -> None:
        self.id = id
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._safe_headers = safe_headers
        self._began = time.perf_counter()
        # Here the endpoint says which operation it ran.
        self._state = scope.setdefault("state", {})

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = _with_ours(list(message.get("headers", ())), self.id, self._safe_headers)
        return self._send(message)

    def log(self, notes: Notes, pseudonym: Callable[[str], str]) -> None:
        entry = Entry(self._scope["method"], self._scope["path"], self.status, self._began)
        write(entry, notes, pseudonym, fallback=self._state.get("operation_name"))


def _with_ours(headers: list[tuple[bytes, bytes]], id: str, safe: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Add the id, and those safe headers that are not there."""
    there = dict(headers)
    if _ID not in there and safe.keys().isdisjoint(there):
        return [*headers, (_ID, id.encode("ascii")), *safe.items()]
    kept = [one for one in headers if one[0] != _ID]
    return [*kept, (_ID, id.encode("ascii")), *(one for one in safe.items() if one[0] not in there)]


class Straight:
    """Leads the requests that nearly all are to their endpoint, past what looks for a route; answers are the same."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._endpoints = endpoints

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_plain = scope["type"] == "http" and not scope.get("root_path")
        return (self._endpoints.get(scope["path"], self._app) if is_plain else self._app)(scope, receive, send)


class BodyLimit:
    """Refuses bodies of more than `most` bytes, forms of more than `most_of_form`, by their head and by what comes.

    Where the head says how much comes, no more is read for this request (RFC 9112, section 6.3).
    """

    def __init__(self, app: ASGIApp, most: int, most_of_form: int | None = None) -> None:
        self._app = app
        self._least = min(most, most_of_form or most)
        self._body = partial(BodyTooLarge, most, advice=f"; larger files are sent as {FORM}")
        self._form = partial(BodyTooLarge, most_of_form or most, what="The form")

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        declared = _declared_length(scope) if scope["type"] == "http" else 0
        if declared is not None and declared <= self._least:
            return self._app(scope, receive, send)
        refusal = self._form if is_form(headers_of(scope).get(b"content-type")) else self._body
        if declared is None:
            return self._counted(scope, receive, send, refusal)
        if declared > refusal.args[0]:
            return refuse(refusal(), scope)(scope, receive, send)
        return self._app(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, refusal: "partial[BodyTooLarge]") -> None:
        counted = _Counted(receive, send, refusal)
        try:
            await self._app(scope, counted.receive, counted.send)
        except BodyTooLarge as refused:
            if counted.has_answered:
                raise
            await refuse(refused, scope)(scope, receive, send)


class _Counted:
    """Counts what comes of a body, and notices the answer."""

    __slots__ = ("_came", "_receive", "_refusal", "_send", "has_answered")

    def __init__(self, receive: Receive, send: Send, refusal: "partial[BodyTooLarge]") -> None:
        self.has_answered = False
        self._receive = receive
        self._send = send
        self._refusal = refusal
        self._came = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._came += len(message.get("body", b""))
        if self._came > self._refusal.args[0]:
            raise self._refusal()
        return message

    def send(self, message: Message) -> Awaitable[None]:
        self.has_answered = True
        return self._send(message)


def _declared_length(scope: Scope) -> int | None:
    """Tell how many bytes come; None where only their end will tell."""
    headers = headers_of(scope)
    try:
        length = int(headers.get(b"content-length"))
    except ValueError:
        return None
    return None if length < 0 or headers.get(b"transfer-encoding") else length
