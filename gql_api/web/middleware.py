"""What every request gets, whatever it asks: an id, safe headers, a line in the log, and a limit to its body."""

import logging
import re
import time
import uuid
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_api.telemetry import request_id
from gql_api.web.answers import BodyTooLarge, Refused

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
SANE_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,127}", re.ASCII)
LONGEST_PATH = 200
SAFE_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}

logger = logging.getLogger(__name__)


def middleware(*, max_body_size: int) -> list[Middleware]:
    """List what stands in front of all routes, outermost first."""
    return [Middleware(RequestRecord), Middleware(BodyLimit, most=max_body_size)]


class RequestRecord:
    """Gives each request its id and its line in the log, each answer safe headers, and each crash a plain answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = _Record(scope, send)
        token = request_id.set(record.id)
        try:
            await self._app(scope, receive, record.send)
        except Exception:
            logger.exception("A request failed")
            if record.status is None:
                crash = Refused(500, "An internal error occurred.", extensions={"code": "INTERNAL_SERVER_ERROR"})
                await crash.answer()(scope, receive, record.send)
        finally:
            record.log()
            request_id.reset(token)


class _Record:
    """One request, from its head to the last of its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        sent = Headers(scope=scope).get("x-request-id", "")
        self.id = sent if SANE_ID.fullmatch(sent) else uuid.uuid4().hex
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        # Here the endpoint says which operation it ran.
        self._state = scope.setdefault("state", {})

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.id
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def log(self) -> None:
        name = self._state.get("operation_name") or ""
        logger.info(
            "%s %s %s %.1f ms, operation %s",
            self._scope["method"],
            quote(self._scope["path"])[:LONGEST_PATH],
            self.status or "-",
            (time.perf_counter() - self._began) * 1000,
            name if SANE_NAME.fullmatch(name) else "-",
        )


class BodyLimit:
    """Refuses bodies of more than `most` bytes, by what their head says and by what comes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        came, has_answered = 0, False

        async def receive_counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise BodyTooLarge(self._most)
            return message

        async def send_noticed(message: Message) -> None:
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            if _declared_length(scope) > self._most:
                raise BodyTooLarge(self._most)
            await self._app(scope, receive_counted, send_noticed)
        except BodyTooLarge as refused:
            if has_answered:
                raise
            await refused.answer()(scope, receive, send)


def _declared_length(scope: Scope) -> int:
    try:
        return int(Headers(scope=scope).get("content-length", "0"))
    except ValueError:
        return 0
