"""Serves the embedded Acontext on a port of its own, until a signal ends it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from gql_api.embedded import open_acontext
from gql_api.stopping import StoppableServer

_BACKLOG = 2048
_GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 is any free one. `public_url` None: public URLs point at the port itself."""

    host: str
    port: int
    public_url: str | None = None


async def listen(address: Address, *, data_dir: Path, api_key: str, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is told the bound address once connections are taken."""
    listener = socket.create_server((address.host, address.port), backlog=_BACKLOG)
    with listener:
        bound = f"http://{address.host}:{listener.getsockname()[1]}"
        async with open_acontext(data_dir, api_key=api_key, public_url=address.public_url or bound) as acontext:
            config = uvicorn.Config(
                acontext.app,
                access_log=False,
                lifespan="off",
                log_level="warning",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            announce(bound)
            await StoppableServer(config).serve(sockets=[listener])
