"""An ASGI program on a free port of loopback; it tells its address when it listens."""

import socket
from typing import Any

import uvicorn


def listen(app: Any) -> None:
    """Serve until the process is ended."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(2048)
        print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)  # noqa: T201
        config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
        uvicorn.Server(config).run(sockets=[bound])
