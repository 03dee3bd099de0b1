"""A client of graphql-transport-ws for tests: frames as they are, and subscriptions by their ids."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

PROTOCOL = "graphql-transport-ws"
SECONDS = 20


class Socket:
    """One socket; what comes is kept by the id that it came under, and the rest under `None`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.closed: tuple[int, str] | None = None
        self._waiting: defaultdict[str | None, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self._asked = 0
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                message = json.loads(text)
                await self._waiting[message.get("id")].put(message)
        except websockets.ConnectionClosed:
            pass
        self.closed = self.connection.close_code or 0, self.connection.close_reason or ""

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def frame(self, id: str | None = None) -> dict[str, Any]:
        """Wait for the next frame of an operation, or of the connection itself."""
        return await asyncio.wait_for(self._waiting[id].get(), SECONDS)

    def unread(self, id: str) -> int:
        """Tell how many frames of an operation came that nobody waited for yet."""
        return self._waiting[id].qsize()

    async def begin(self, **payload: Any) -> None:
        """Open the connection of the protocol."""
        await self.send(type="connection_init", payload=payload)
        assert await self.frame() == {"type": "connection_ack"}

    async def subscribe(self, query: str, **variables: Any) -> str:
        """Begin an operation, and give its id."""
        self._asked += 1
        id = str(self._asked)
        await self.send(id=id, type="subscribe", payload={"query": query, "variables": variables})
        return id

    async def event(self, id: str) -> dict[str, Any]:
        """Wait for the next result of an operation, which must have no errors; give the data of its only field."""
        frame = await self.frame(id)
        assert frame["type"] == "next", frame
        assert "errors" not in frame["payload"], frame
        [value] = frame["payload"]["data"].values()
        return value  # type: ignore[no-any-return]

    async def settled(self) -> None:
        """Wait until what was subscribed to before is under way: a query that came after it is answered."""
        for _ in range(3):
            id = await self.subscribe("query { sessions(first: 1) { totalCount } }")
            assert (await self.frame(id))["type"] == "next"
            assert (await self.frame(id))["type"] == "complete"

    async def until_closed(self) -> tuple[int, str]:
        """Wait until the server closes the socket; give the code and the reason."""
        await asyncio.wait_for(asyncio.shield(self.reading), SECONDS)
        assert self.closed is not None
        return self.closed


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[Socket]:
    """Give a socket to the server at `http://host:port`."""
    address = url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(address, subprotocols=[PROTOCOL], **options) as connection:  # type: ignore[list-item]
        socket = Socket(connection)
        try:
            yield socket
        finally:
            socket.reading.cancel()
