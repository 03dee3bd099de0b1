"""What subscribers cost: memory of each idle one, and how one message reaches a thousand of them.

Run from the project's folder: `python benchmarks/subscribers.py`. It starts a server of its own on loopback.
"""

import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import websockets

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from commands import address_told, resident, running

SUBSCRIBERS = 1000
SOCKETS = (20, 1000)
FOLLOW = "subscription ($id: ID!) { messageStored(sessionId: $id) { messageEdge { node { id } } resumeCursor } }"
CREATE = "mutation { createSession(input: {}) { session { id } } }"
STORE = """
mutation ($id: ID!) {
  storeMessage(input: {sessionId: $id, message: {chat: {role: USER, content: "to all"}}}) { message { id } }
}
"""
READ = 'gql_api_upstream_calls_total{outcome="ok",route="GET /session/{id}/messages"}'


async def reads(http: httpx.AsyncClient, metrics: str) -> int:
    """Give how many times messages were read from Acontext."""
    lines = (await http.get(metrics)).text.splitlines()
    return int(float(next((line.rpartition(" ")[2] for line in lines if line.startswith(READ)), "0")))


async def subscribed(
    stack: AsyncExitStack, url: str, session: str, *, sockets: int, subscribers: int
) -> list[websockets.ClientConnection]:
    """Open sockets, and share the subscribers out over them."""
    found = []
    for _ in range(sockets):
        address = url.replace("http", "ws", 1)
        connection = await stack.enter_async_context(
            websockets.connect(address, subprotocols=["graphql-transport-ws"], compression=None)  # type: ignore[list-item]
        )
        await connection.send('{"type": "connection_init"}')
        await connection.recv()
        for number in range(subscribers // sockets):
            payload = {"query": FOLLOW, "variables": {"id": session}}
            await connection.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
        found.append(connection)
    for connection in found:
        await connection.send('{"id": "q", "type": "subscribe", "payload": {"query": "{ sessions { totalCount } }"}}')
        for _ in range(2):
            await connection.recv()
    return found


@dataclass(frozen=True)
class Cost:
    """What was measured of so many subscribers: memory of each, and how one message reaches all of them."""

    subscribers: int
    sockets: int
    kib_each: float
    idle_reads: int
    seconds: float
    reads: int

    def __str__(self) -> str:
        return (
            f"{self.subscribers} subscribers over {self.sockets} sockets: {self.kib_each:.1f} KiB each; "
            f"{self.idle_reads} reads of Acontext in 5 idle seconds; one message reaches all in {self.seconds:.2f} s "
            f"with {self.reads} reads"
        )


async def measure(url: str, metrics: str, pid: int, *, sockets: int, subscribers: int) -> Cost:
    """Measure with so many sockets and subscribers."""
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=60) as http:
        made = (await http.post(url, json={"query": CREATE})).json()["data"]["createSession"]["session"]["id"]
        await http.post(url, json={"query": STORE, "variables": {"id": made}})
        before = resident(pid)
        connections = await subscribed(stack, url, made, sockets=sockets, subscribers=subscribers)
        each = (resident(pid) - before) / subscribers
        asked = await reads(http, metrics)
        await asyncio.sleep(5)
        idle = await reads(http, metrics) - asked
        asked = await reads(http, metrics)
        began = time.perf_counter()
        store = asyncio.create_task(http.post(url, json={"query": STORE, "variables": {"id": made}}))
        for connection in connections:
            for _ in range(subscribers // sockets):
                await connection.recv()
        seconds = time.perf_counter() - began
        await store
        told = await reads(http, metrics) - asked
    return Cost(subscribers, sockets, each, idle, seconds, told)


def measured(*, sockets: int, subscribers: int) -> Cost:
    """Measure on a new server."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "GQL_API_METRICS_PORT": "0",
            "GQL_API_LOG_LEVEL": "WARNING",
            "GQL_API_MAX_SUBSCRIPTIONS_PER_USER": str(subscribers),
        }
        arguments = ("serve", "--port", "0", "--data-dir", "data")
        with running(*arguments, cwd=Path(folder), most_seconds=200, **settings) as process:
            url = address_told(process)
            metrics = next(word for line in process.stdout or () for word in line.split() if "/metrics" in word)
            return asyncio.run(measure(url, metrics, process.pid, sockets=sockets, subscribers=subscribers))


def main() -> None:
    """Measure with few sockets and with many."""
    for sockets in SOCKETS:
        sys.stdout.write(f"{measured(sockets=sockets, subscribers=SUBSCRIBERS)}\n")


if __name__ == "__main__":
    main()
