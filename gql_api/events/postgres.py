"""Events between processes by PostgreSQL's NOTIFY, on one connection of its own; they hasten, and may be lost.

Ids only, and never within the transaction of a write: that would make writers wait for each other at their commits.
"""

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from itertools import count, islice
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]

from gql_api.events.broker import Event, ListChange, ListChanged, MessagesStored, UserErased
from gql_api.events.local import LocalBroker

CHANNEL = "gql_api_events"
MOST_PENDING = 10_000
"""Events that wait to be sent; beyond that the oldest are forgotten."""
_AT_ONCE = 200
_IN_ONE = 90
"""Events of one notification, which may have less than 8000 bytes: each is a line of at most 78."""
_TOGETHER = 0.01
"""Seconds after a statement in which what happens is gathered for the next; the first after a silence goes at once."""
ALIVE_SECONDS = 10.0
"""How often a silent connection is asked whether it is still there, and how long it may take to say so."""
_LONGEST_PAUSE = 15.0
_FAREWELL = 2.0
_VERSION = "1"
_LOG = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[asyncpg.Connection]]


class PostgresBroker:
    """Tells this process at once and others by the database; `connect` opens a connection that no pooler is before.

    Each statement on it may take `alive` seconds, and after so many without one it is asked for a sign of life.
    """

    def __init__(self, connect: Connect, *, alive: float = ALIVE_SECONDS) -> None:
        self._connect = connect
        self._alive = alive
        self._local = LocalBroker()
        self._pending: OrderedDict[str, int] = OrderedDict()
        self._numbers = count()
        self._news = asyncio.Event()
        self._lost = asyncio.Event()
        self._is_whole = False
        self._is_loss_told = False
        self._is_oddity_told = False
        self._failed = 0
        self._pid = 0

    @property
    def is_whole(self) -> bool:
        """Whether the events of all processes arrive now."""
        return self._is_whole

    @asynccontextmanager
    async def open(self, *, patience: float) -> AsyncIterator[None]:
        """Carry events until the end of the block; the first connection is waited for, though not for longer."""
        task = asyncio.create_task(self._run())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._until_whole()
            yield
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._until_sent()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def publish(self, event: Event) -> None:
        """Tell this process at once, and others soon; the same event is sent once, however often it waits."""
        self._local.publish(event)
        self._pending[_write(event)] = next(self._numbers)
        if len(self._pending) > MOST_PENDING:
            self._pending.popitem(last=False)
        self._news.set()

    def listening(self, hear: Callable[[Event], None], *, missed: Callable[[], None]) -> AbstractContextManager[None]:
        """Let the block be told of events."""
        return self._local.listening(hear, missed=missed)

    async def _until_whole(self) -> None:
        while not self._is_whole:  # noqa: ASYNC110 - only at the start, for a short time
            await asyncio.sleep(0.01)

    async def _until_sent(self) -> None:
        while self._pending and self._is_whole:  # noqa: ASYNC110 - only at the end, for a short time
            await asyncio.sleep(0.01)

    async def _run(self) -> None:
        while True:
            try:
                await self._carry()
            except Exception as error:  # the edge of a background task: whatever it is, another connection is tried
                if not self._is_loss_told:
                    _LOG.warning("events of other servers do not arrive: %s", type(error).__name__)
                self._is_loss_told = True
                self._failed += 1
            await asyncio.sleep(random.uniform(0.5, 1) * min(_LONGEST_PAUSE, 0.2 * 2 ** min(self._failed, 10)))  # noqa: S311

    async def _carry(self) -> None:
        """Listen and send on one connection until it is lost; that raises."""
        connection = await self._connect()
        try:
            await self._listen(connection)
            while True:
                await self._send(connection)
                self._failed = 0
        finally:
            self._is_whole = False  # closing may take its time
            with suppress(Exception):
                await connection.close(timeout=_FAREWELL)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        self._lost.clear()
        self._pid = connection.get_server_pid()
        connection.add_termination_listener(lambda _: self._notice_loss())
        async with asyncio.timeout(self._alive):
            await connection.add_listener(CHANNEL, self._hear)
        self._is_whole, self._is_loss_told = True, False
        _LOG.info("events of other servers arrive")
        # Whoever listened while nothing arrived may have missed something.
        self._local.tell_missed()

    async def _send(self, connection: asyncpg.Connection) -> None:
        """Wait for something to send, and send it; or see from time to time whether there is anybody still."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._alive):
                await self._news.wait()
        if self._lost.is_set():
            raise ConnectionResetError("the connection was closed by the database")
        self._news.clear()
        batch = dict(islice(self._pending.items(), _AT_ONCE))
        if not batch:
            await connection.execute("SELECT 1", timeout=self._alive)
            return
        statement = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
        lines = list(batch)
        payloads = ["\n".join(lines[start : start + _IN_ONE]) for start in range(0, len(lines), _IN_ONE)]
        await connection.fetch(statement, CHANNEL, payloads, timeout=self._alive)
        for payload, number in batch.items():
            # What happened again meanwhile is sent again: others may have read before it.
            if self._pending.get(payload) == number:
                del self._pending[payload]
        if self._pending:
            self._news.set()
        if len(batch) < _AT_ONCE:
            await asyncio.sleep(_TOGETHER)

    def _notice_loss(self) -> None:
        self._lost.set()
        self._news.set()

    def _hear(self, _connection: object, pid: int, _channel: str, payload: str) -> None:
        if pid == self._pid:
            return  # its own were told already
        for line in payload.split("\n"):
            event = _read(line)
            if event:
                self._local.publish(event)
            elif not self._is_oddity_told:
                self._is_oddity_told = True
                _LOG.info("an event that cannot be read was left out; others like it are left out without a word")


def _write(event: Event) -> str:
    if isinstance(event, MessagesStored):
        return f"{_VERSION} m {event.session_id.hex}"
    if isinstance(event, UserErased):
        return f"{_VERSION} erased {event.owner}"
    return f"{_VERSION} {event.change.value} {event.session_id.hex} {event.owner}"


def _read(line: str) -> Event | None:
    """Read what another process sent, maybe one of another version; None for what is not known."""
    match line.split(" "):
        case [version, "m", id] if version == _VERSION:
            return _or_none(lambda: MessagesStored(UUID(hex=id)))
        case [version, "erased", owner] if version == _VERSION:
            return UserErased(owner)
        case [version, change, id, owner] if version == _VERSION:
            return _or_none(lambda: ListChanged(ListChange(change), owner, UUID(hex=id)))
    return None


def _or_none(make: Callable[[], Event]) -> Event | None:
    try:
        return make()
    except ValueError:
        return None
