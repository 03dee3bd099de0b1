"""Requests to the application in ASGI's own terms: bodies come in pieces, and clients go when they are told."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message

from api.conftest import ADDRESS


class Asking:
    """One POST of a document, under way from now on; `pieces` of the body are there at once, more may be sent."""

    def __init__(
        self,
        app: ASGIApp,
        query: str = "",
        *,
        pieces: list[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        body = [json.dumps({"query": query}).encode()]
        self.received = 0
        self.sent: list[Message] = []
        self._coming: asyncio.Queue[Message] = asyncio.Queue()
        for piece in body if pieces is None else pieces:
            self.send(piece, more=pieces is not None)
        given = {"host": ADDRESS.removeprefix("http://"), "content-type": "application/json", **(headers or {})}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        }
        self.task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        await app({**scope, "app": app}, self._receive, self._send)

    async def _receive(self) -> Message:
        message = await self._coming.get()
        self.received += 1
        return message

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    def send(self, piece: bytes, *, more: bool) -> None:
        """Send a piece of the body."""
        self._coming.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def leave(self) -> None:
        """Close the connection, as the client does."""
        self._coming.put_nowait({"type": "http.disconnect"})

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        """Wait for the answer: status, headers and JSON."""
        async with asyncio.timeout(20):
            await self.task
        headers = {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}
        return self.sent[0]["status"], headers, json.loads(self.sent[1]["body"] or b"null")

    async def code(self) -> tuple[int, str | None]:
        """Wait for the answer: status, and the code of its error."""
        status, _, body = await self.answer()
        return status, body["errors"][0]["extensions"]["code"] if body and "errors" in body else None
