"""Clients over WebSocket that do as clients should: who only keeps a socket open, and who follows a session."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_PROTOCOL = "graphql-transport-ws"
_FOLLOW = """subscription ($session: ID!, $after: String) {
  messageStored(sessionId: $session, after: $after) { messageEdge { node { text } } resumeCursor } }"""
_PAUSE = 0.2


@dataclass(frozen=True)
class Sockets:
    """Where sockets lead to."""

    url: str
    http: aiohttp.ClientSession
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(32))

    @asynccontextmanager
    async def open(self, user: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open one, and the connection of the protocol."""
        async with self.at_once:
            socket = await self.http.ws_connect(self.url, protocols=(_PROTOCOL,))
            await socket.send_json({"type": "connection_init", "payload": {"X-User": user}})
            told = await socket.receive_json()
        try:
            if told != {"type": "connection_ack"}:
                raise AssertionError(f"a socket was told {told}")
            yield socket
        finally:
            await socket.close()


@dataclass
class Idler:
    """Keeps a socket open and asks for nothing."""

    user: str
    is_open: bool = False
    is_heard: bool = False
    """Whether the server answered when it was spoken to."""
    socket: aiohttp.ClientWebSocketResponse | None = None

    async def idle(self, sockets: Sockets) -> None:
        """Stay until the socket is closed."""
        async with sockets.open(self.user) as self.socket:
            self.is_open = True
            async for message in self.socket:
                self.is_heard = self.is_heard or json.loads(message.data) == {"type": "pong"}
        self.is_open = False

    async def speak(self) -> None:
        """Say something that is to be answered."""
        if self.socket and self.is_open:
            await self.socket.send_json({"type": "ping"})


@dataclass
class Follower:
    """Follows a session, from where it was when it was interrupted."""

    user: str
    session: str
    cursor: str
    lot: random.Random
    heard: list[str] = field(default_factory=list)
    begun: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    """How often it was interrupted, by the reason."""
    _socket: aiohttp.ClientWebSocketResponse | None = None

    async def follow(self, sockets: Sockets) -> None:
        """Follow until this is cancelled."""
        while True:
            reason = "no connection"
            with suppress(aiohttp.ClientError, ConnectionError):
                async with sockets.open(self.user) as self._socket:
                    reason = await self._listen(self._socket)
            self.ended[reason] += 1
            await asyncio.sleep(self.lot.uniform(0, _PAUSE))

    async def leave(self) -> None:
        """Lose the socket, as one who changes networks."""
        if self._socket:
            await self._socket.close()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        variables = {"session": self.session, "after": self.cursor}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": _FOLLOW, "variables": variables}})
        self.begun += 1
        async for message in socket:
            told = json.loads(message.data)
            if told["type"] != "next" or told["payload"].get("errors"):
                return _reason(told)
            event = told["payload"]["data"]["messageStored"]
            self.heard.append(event["messageEdge"]["node"]["text"])
            self.cursor = event["resumeCursor"]
        return "closed"


def _reason(told: dict[str, Any]) -> str:
    errors = told["payload"] if told["type"] == "error" else told.get("payload", {}).get("errors")
    code: str = errors[0]["extensions"]["code"] if errors else told["type"]
    return code
