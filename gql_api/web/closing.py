"""Closing sockets: with which code and why, once, and also one whose client takes nothing any more."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected

from gql_api.web.recording import SocketRecord

BAD_REQUEST, FORBIDDEN, RESTART, TRY_LATER = 4400, 4403, 1012, 1013
_LONGEST_REASON = 120
"""A close frame has 125 bytes, two of them for the code."""


class Closing(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class ClosingAdapter(ASGIWebSocketAdapter):
    """Closes once, and puts on record how.

    A client that takes nothing for `patience` seconds is let go: what is done within `serving` is cancelled.
    """

    serving: asyncio.Timeout | None = None

    def __init__(self, view: Any, socket: WebSocket, *, record: SocketRecord, patience: float) -> None:
        super().__init__(view, socket, socket)
        self._record = record
        self._patience = patience

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await super().send_json(message)
        except TimeoutError:
            self._let_go()
            raise WebSocketDisconnected from None
        except RuntimeError:  # it was closed from here in the same moment
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        if self._record.status is not None or self.ws.application_state is WebSocketState.DISCONNECTED:
            return
        self._record.status = code
        shown = reason.encode(errors="replace")[:_LONGEST_REASON].decode(errors="ignore")
        try:
            async with asyncio.timeout(self._patience):
                with suppress(RuntimeError):  # the client closed it in the same moment
                    await super().close(code, shown)
        except TimeoutError:
            self._let_go()

    def _let_go(self) -> None:
        if self.serving:
            with suppress(RuntimeError):  # it is over already
                self.serving.reschedule(0)
