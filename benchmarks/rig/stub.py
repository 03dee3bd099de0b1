"""A stub of Acontext that answers at once or after a fixed time, from bytes made once, and counts what it is asked.

    python -m rig.stub PORT

`/stub/latency?ms=20` sets the time; `/stub/take` gives what was counted since it was last asked: calls, calls that
were repeated, and rounds. A round begins with a call that comes after another was answered.
"""

import asyncio
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

import httptools
import orjson
import uvloop

from rig import content, ids

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGUN = int((ids.BEGUN - _EPOCH).total_seconds()) * 1_000_000_000
_SECOND = 1_000_000_000
_OK, _MADE = 200, 201


@dataclass
class Counted:
    """What was asked; `calls` has each call as its method, target and body."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    rounds: int = 0
    answered: bool = True

    def note(self, method: str, target: str, body: bytes) -> None:
        if self.answered:
            self.rounds, self.answered = self.rounds + 1, False
        self.calls.append((method, target, body.decode("latin-1")))

    def told(self) -> dict[str, Any]:
        repeated = len(self.calls) - len(set(self.calls))
        return {"calls": len(self.calls), "rounds": self.rounds, "repeated": repeated, "asked": self.calls[:200]}


class Stub:
    """All that there is: sessions are known by their ids, and what was stored is remembered."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.counted = Counted()
        self.stored: dict[str, list[dict[str, Any]]] = {}

    def control(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path == "/stub/latency":
            self.latency = float(query["ms"]) / 1000
        told, self.counted = self.counted.told(), Counted()
        return _OK, orjson.dumps(told)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        pieces = path.removeprefix("/api/v1/").split("/")
        noun, id, rest = pieces[0], (pieces[1] if pieces[1:] else ""), "/".join(pieces[2:])
        if noun == "session" and rest == "messages":
            return self._store(id, body) if method == "POST" else (_OK, self._messages(id, query))
        if noun == "session":
            return self._session(method, id, rest, query, body)
        if noun == "disk":
            return self._disk(method, id, rest, query)
        return _OK, b'{"code":0,"msg":"pong"}'

    def _session(self, method: str, id: str, rest: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if rest == "token_counts":
            return _OK, content.success({"total_tokens": ids.TOKENS * self._count(id)})
        if rest == "observing_status":
            counts = {"observed": 0, "in_process": 0, "pending": self._count(id), "updated_at": ids.moment(0)}
            return _OK, content.success(counts)
        if rest == "configs":
            return _OK, content.success(content.session(id))
        if method == "POST":
            asked = orjson.loads(body or b"{}")
            made = content.session(asked.get("use_uuid") or str(uuid4()), asked.get("configs"))
            return _MADE, content.success(made)
        if method == "GET" and not id:
            return _OK, content.sessions(int(query.get("limit", 20)))
        return _OK, b'{"code":0,"msg":""}'

    def _disk(self, method: str, id: str, rest: str, query: dict[str, str]) -> tuple[int, bytes]:
        count = ids.file_count(id)
        if rest == "artifact/ls":
            return _OK, content.listing(id, count)
        if rest == "artifact/glob":
            return _OK, content.globbed(id, min(count, int(query.get("limit", 100))))
        if rest == "artifact" and method == "GET":
            return _OK, content.artifact(id, int(query["file_path"][-8:-3]))
        if method == "POST":
            return _MADE, content.success(content.disk(str(uuid4())))
        if method == "GET":
            return _OK, content.success({"items": [], "has_more": False})
        return _OK, b'{"code":0,"msg":""}'

    def _count(self, session: str) -> int:
        return ids.message_count(session) + len(self.stored.get(session, ()))

    def _store(self, session: str, body: bytes) -> tuple[int, bytes]:
        blob = orjson.loads(body)["blob"]
        parts = blob.get("parts") or [{"type": "text", "text": str(blob.get("content"))}]
        place = self._count(session)
        made = content.item(session, place, "assistant" if blob.get("role") == "assistant" else "user", parts)
        self.stored.setdefault(session, []).append(made)
        return _MADE, content.success(made)

    def _messages(self, session: str, query: dict[str, str]) -> bytes:
        """Read as Acontext does, its way to lose the newest message of a page from the new end included."""
        count, limit = self._count(session), int(query.get("limit") or 0)
        start, end, more = 0, count, False
        if limit and query.get("time_desc") == "true":
            end = _place(session, query["cursor"], before=True) if "cursor" in query else count
            more = end > limit
            start = max(0, end - limit - 1)
            end = min(end, start + limit)
        elif limit:
            start = _place(session, query["cursor"]) if "cursor" in query else 0
            more, end = count > start + limit, min(count, start + limit)
        last = end - 1
        for strategy in orjson.loads(query.get("edit_strategies") or b"[]") or ():
            if strategy["type"] == "token_limit":
                start = max(start, end - int(strategy["params"]["limit_tokens"]) // ids.TOKENS)
        return content.page(session, min(start, end), end, more=more, last=last)


def _place(session: str, cursor: str, *, before: bool = False) -> int:
    """Tell how many messages lie before a cursor, or up to it."""
    time, _, id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
    place, rest = divmod(int(time) - _BEGUN, _SECOND)
    if rest:
        return max(0, place + 1)
    known = ids.message_id(session, place)
    return max(0, place + (id > known if before else id >= known))


class Connection(asyncio.Protocol):
    """One connection; requests come one at a time."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._url, self._body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url, self._body = self._url + url, b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method, target, self._url = self._parser.get_method().decode(), self._url.decode(), b""
        path, _, text = target.partition("?")
        query = dict(parse_qsl(text))
        if path.startswith("/stub/"):
            self._write(*self._stub.control(path, query), None)
            return
        self._stub.counted.note(method, target, self._body)
        counted = self._stub.counted
        status, data = self._stub.answer(method, unquote(path), query, self._body)
        if self._stub.latency:
            asyncio.get_running_loop().call_later(self._stub.latency, self._write, status, data, counted)
        else:
            self._write(status, data, counted)

    def _write(self, status: int, data: bytes, counted: Counted | None) -> None:
        if counted:
            counted.answered = True
        head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(data)}"
        self._transport.write(head.encode() + b"\r\n\r\n" + data)


async def serve(port: int, ready: Callable[[int], None]) -> None:
    """Serve on loopback until the process is ended."""
    stub = Stub()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", port, backlog=2048)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), lambda port: print(f"http://127.0.0.1:{port}", flush=True)))  # noqa: T201
