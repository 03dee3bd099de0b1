"""The Acontexts that must keep the contract, and how a test reaches each: in process, on a port, or a real one."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from carrying import Over
from commands import address_told, environment
from embedded.contract.cleaning import Made
from embedded.opened import API_KEY, ROOT, Client, connected
from gql_api.embedded import open_acontext
from gql_api.upstream.direct import Direct
from upstream.raw_server import WAYS, Way

URL, KEY = "ACONTEXT_TEST_URL", "ACONTEXT_TEST_KEY"
HOW_TO_TEST_A_REAL_ONE = f"set {URL} and {KEY} to hold a real Acontext to the contract too"
_PREFIX = "/api/v1"


class Target(Protocol):
    """One Acontext. It may hold anything already: what a test makes has new ids and names of its own."""

    @property
    def key(self) -> str: ...

    @property
    def is_real(self) -> bool: ...

    def connected(self) -> AbstractAsyncContextManager[Client]: ...


@dataclass(frozen=True)
class InProcess:
    """The embedded one in this process, on a data folder that it opens for each connection; called directly."""

    folder: Path
    key: str = API_KEY
    is_real: bool = False

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Client]:
        async with (
            open_acontext(self.folder, api_key=API_KEY, public_url=ROOT) as acontext,
            connected(acontext.app, by=Over(Direct(acontext.app))) as client,
        ):
            yield client


@dataclass(frozen=True)
class AtAddress:
    """One that is reached over the network, by a sender of the server; what is made in a real one is deleted."""

    root: str
    key: str
    is_real: bool = False
    way: Way = WAYS["our own"]

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Client]:
        headers = {"authorization": f"Bearer {self.key}"}
        async with (
            self.way(self.root, connections=10) as sender,
            httpx.AsyncClient(base_url=self.root, headers=headers, timeout=60, transport=Over(sender)) as http,
        ):
            client = Client(http)
            if not self.is_real:
                yield client
                return
            made = Made(mark=client.run)
            http.event_hooks = {"request": [], "response": [made.note]}
            try:
                yield client
            finally:
                http.event_hooks = {"request": [], "response": []}
                await made.delete(http, headers)


@contextmanager
def served(folder: Path) -> Iterator[AtAddress]:
    """Run the embedded one as a process of its own; it must end in order."""
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0", "--data-dir", str(folder), "--api-key", API_KEY)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield AtAddress(address_told(process).removesuffix(_PREFIX), API_KEY)
            process.terminate()
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def real() -> AtAddress | None:
    """Give the one that the environment names, with or without the SDK's `/api/v1` at the end."""
    url, key = os.environ.get(URL), os.environ.get(KEY)
    if bool(url) != bool(key):
        raise AssertionError(f"{URL} and {KEY} are only of use together")
    return AtAddress(url.rstrip("/").removesuffix(_PREFIX), key, is_real=True) if url and key else None
