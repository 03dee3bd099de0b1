"""What carries a call to Acontext, and how it may fail to bring an answer; the calls themselves are the SDK's."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import ClassVar, NamedTuple, Protocol

from gql_api.request_scope import Room
from gql_api.upstream.failures import Fate

_TOGETHER = 4
"""Pieces, of 64 KiB each, that are read at once: going to another thread takes longer than reading one."""


class Stream:
    """A body that is read while it is sent, as from a file on disk; it can be sent again."""

    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self._pieces = pieces
        self._length = length

    def __len__(self) -> int:
        return self._length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._pieces)
        while some := await asyncio.to_thread(lambda: b"".join(islice(pieces, _TOGETHER))):
            yield some


class Request(NamedTuple):
    """One request. Names of headers are in lower case; `host` is among them, and the length of a body."""

    method: str
    target: str
    """Path and query as they are sent."""
    headers: Mapping[str, str]
    body: bytes | Stream
    seconds: float
    """So long the other side may be silent."""
    room: Room | None = None
    """What takes count of the answer's body as it comes, and raises `Exceeded`; None: it may be of any size."""


class Answer(NamedTuple):
    """A whole answer; headers are found by their names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class Sender(Protocol):
    """Brings one request to Acontext, once."""

    async def send(self, request: Request) -> Answer:
        """Give the answer, whatever its status, or raise one of `NoAnswer`, or `Exceeded`."""
        ...


class NoAnswer(Exception):
    """There was none; the tree tells what may have become of the request.

    NoAnswer             the connection broke
    ├── Unreached        there was none: the request never left
    ├── TooLate          none came in time
    │   └── NotConnected not even a connection
    └── NotAnAnswer      what came is none that Acontext gives
    """

    fate: ClassVar[Fate] = Fate.LOST


class Unreached(NoAnswer):
    """No connection was to be had, so nothing was sent."""

    fate = Fate.UNSENT


class TooLate(NoAnswer):
    """The request was sent, and no answer came in time."""

    fate = Fate.LATE


class NotConnected(TooLate):
    """No connection was to be had in time, so nothing was sent."""

    fate = Fate.UNSENT


class NotAnAnswer(NoAnswer):
    """A success that Acontext never gives: a page, an empty body, a redirection."""

    fate = Fate.UNREADABLE
