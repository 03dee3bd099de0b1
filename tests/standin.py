"""Stands in for a real Acontext on a port of its own: enough of it to make a session, and slow when it shall be."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

from loopback import served

KEY = "sk-ac-standin"
_TIMES = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")


@dataclass
class Standin:
    """Where it is, what came, and whether making a session may end."""

    url: str = ""
    came: threading.Event = field(default_factory=threading.Event)
    may: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/api/v1/ping":
            return 200, {"code": 0, "msg": "pong"}
        if (method, path) == ("POST", "/api/v1/session"):
            self.came.set()
            self.may.wait(30)
            made = {"disable_task_tracking": False, "configs": body.get("configs"), "id": body["use_uuid"]}
            return 201, _data(made)
        if (method, path) == ("POST", "/api/v1/disk"):
            return 201, _data({"id": str(uuid4())})
        return 404, {"code": 404, "msg": "not here"}


def _data(value: dict[str, Any]) -> dict[str, Any]:
    return {"code": 0, "data": {"project_id": str(uuid4()), "user_id": str(uuid4()), **_TIMES, **value}, "msg": ""}


def _handler(made: Standin, date: str | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.headers["authorization"] == f"Bearer {KEY}":
                status, body = made.answer(self.command, self.path.partition("?")[0], json.loads(content or b"{}"))
            else:
                status, body = 401, {"code": 401, "msg": "Unauthorized"}
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date or super().date_time_string(timestamp)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def standin(*, date: str | None = None) -> Iterator[Standin]:
    """Serve to the end of the block; `date` is what its clock says, in place of the right time."""
    made = Standin()
    made.may.set()
    with served(_handler(made, date)) as address:
        made.url = f"{address}/api/v1"
        try:
            yield made
        finally:
            made.may.set()
