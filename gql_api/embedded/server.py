"""Serves the embedded Acontext on a port of its own, until a signal ends it."""

import ipaddress
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from gql_api.embedded import EmbeddedAcontext, open_acontext
from gql_api.stopping import StoppableServer

_BACKLOG = 2048
_GRACE_SECONDS = 10


class CannotServe(Exception):
    """The address or the data folder cannot be had; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 is any free one. `public_url` None: public URLs point at the port itself."""

    host: str
    port: int
    public_url: str | None = None


class _AnnouncingServer(StoppableServer):
    """Says that it is ready when it answers, and a signal already ends it in order."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def listen(address: Address, *, data_dir: Path, api_key: str, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is told the bound address once connections are taken.

    Raises `CannotServe` before that.
    """
    with _bind(address) as listener:
        # asyncio does so only for sockets that name their protocol; each answer would wait for the client's ack.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound = _url(*listener.getsockname()[:2])
        async with _opened(data_dir, api_key=api_key, public_url=address.public_url or bound) as acontext:
            config = uvicorn.Config(
                acontext.app,
                access_log=False,
                lifespan="off",
                log_level="warning",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            await _AnnouncingServer(config, ready=lambda: announce(bound)).serve(sockets=[listener])


def _bind(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        raise CannotServe(f"cannot listen on {address.host}:{address.port}: {error}") from None


def _url(host: str, port: int) -> str:
    """Give an address that a client on this machine reaches; all addresses are the loopback one, too."""
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _opened(data_dir: Path, *, api_key: str, public_url: str) -> AsyncIterator[EmbeddedAcontext]:
    async with AsyncExitStack() as stack:
        try:
            acontext = await stack.enter_async_context(open_acontext(data_dir, api_key=api_key, public_url=public_url))
        except (OSError, sqlite3.Error) as error:
            raise CannotServe(f"the data folder {data_dir} cannot be used: {error}") from None
        yield acontext
