"""Tortoise's client of PostgreSQL, with connections that stay at hand from one statement to the next."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContextPooled
from tortoise.backends.base_postgres.client import translate_exceptions

from gql_api.store.beginning import Beginning
from gql_api.store.failures import cause_of

_LOG = logging.getLogger(__name__)

_ONLY_READS = "SELECT current_setting('transaction_read_only')::boolean AS only_reads"
"""On too where it is still recovering."""
_AT_HAND = 1.0
"""Seconds after which what is at hand goes back to the pool, which closes what nobody uses for long."""
_BETWEEN_STANDBYS = 1.0
"""Seconds, so that where there is nothing but a standby not each write opens all connections anew."""


class AtHand:
    """Lends the connections of a pool. To give one back and take it again costs as much as a statement.

    So one whose statement went well is kept for the next. After a failure or a cancellation the pool gets it and puts
    it in order. One is always left for transactions, which ask the pool.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._most = pool.get_max_size()
        self._kept: list[Any] = []
        self._taken = self._asking = 0
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._giving_back: asyncio.Task[None] | None = None
        self._heeds_from = 0.0

    def idle(self) -> int:
        """Count the connections that are open and not in use."""
        return int(self.pool.get_idle_size()) + sum(map(_is_open, self._kept))

    async def rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Give the rows of one statement."""
        connection = await self.take()
        try:
            found: list[Any] = await connection.fetch(statement, *values)
        except BaseException as error:
            await self.give_up(connection, error)
            raise
        if not self.keep(connection):
            await self.release(connection)
        return found

    async def take(self) -> Any:
        """Take a connection, in the order of coming; it goes back by `keep`, or by `release`."""
        while True:
            if self._kept:
                connection = self._kept.pop()
            elif self._taken < self._most:
                return await self._acquire()
            else:
                connection = await self._next()
            if connection and _is_open(connection):
                return connection
            if connection:
                await self.release(connection)

    def keep(self, connection: Any) -> bool:
        """Keep a connection that is as it was, or hand it to who waits; False where it is to be released."""
        if self._asking:  # the pool may have none
            return False
        if self._wake(connection):
            return True
        if len(self._kept) + 1 >= self._most or self.pool.is_closing():
            return False
        self._kept.append(connection)
        if self._giving_back is None:
            self._giving_back = asyncio.create_task(self._give_back())
        return True

    async def release(self, connection: Any) -> None:
        """Let the pool have a connection."""
        try:
            await self.pool.release(connection)
        finally:
            self._taken -= 1
            self._wake(None)

    async def give_up(self, connection: Any, error: BaseException) -> None:
        """Let the pool have a connection on which this was raised."""
        await self.heed(error)
        await self.release(connection)

    async def heed(self, error: BaseException | None) -> None:
        """Close all connections that are not in use where this says that one leads to a standby, once a second.

        By the address that led there when they were opened those opened from now on may lead to the primary.
        """
        now = asyncio.get_running_loop().time()
        is_standby = isinstance(error, Exception) and isinstance(cause_of(error), asyncpg.ReadOnlySQLTransactionError)
        if is_standby and now >= self._heeds_from:
            self._heeds_from = now + _BETWEEN_STANDBYS
            await self.pool.expire_connections()
            await self._release_all()

    async def close(self) -> None:
        """Give all back, so that the pool can be closed."""
        if self._giving_back:
            self._giving_back.cancel()
            self._giving_back = None
        await self._release_all()

    async def _acquire(self) -> Any:
        self._taken, self._asking = self._taken + 1, self._asking + 1
        try:
            return await self.pool.acquire()
        except BaseException:
            self._taken -= 1
            self._wake(None)
            raise
        finally:
            self._asking -= 1

    async def _next(self) -> Any:
        """Wait for a connection, or for room to open one, which is None."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it was served in the same moment
                await self._pass_on(waiter.result())
            raise

    async def _pass_on(self, connection: Any) -> None:
        if connection is None:
            self._wake(None)
        elif not self.keep(connection):
            await self.release(connection)

    def _wake(self, connection: Any) -> bool:
        """Hand this to who waits longest, and tell whether anybody does."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    async def _give_back(self) -> None:
        await asyncio.sleep(_AT_HAND)
        self._giving_back = None
        await self._release_all()

    async def _release_all(self) -> None:
        kept, self._kept = self._kept, []
        for connection in kept:
            await self.release(connection)


class Client(AsyncpgDBClient):
    """What Tortoise asks PostgreSQL through."""

    at_hand: AtHand | None = None

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """Open the pool."""
        pool = await super().create_pool(**kwargs)
        self.at_hand = AtHand(pool)
        return pool

    def _in_transaction(self) -> TransactionContextPooled:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)

    def acquire_connection(self) -> Any:
        """Lend a connection for a block."""
        return self._lent()

    @translate_exceptions
    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Give the rows of one statement."""
        return [dict(row) for row in await self.rows(query, values or ())]

    async def rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """Give the rows of one statement as the driver does; raise what it raises."""
        self.log.debug("%s: %s", query, values)
        return await (self.at_hand or await self._open()).rows(query, values)

    async def refuse_standby(self) -> None:
        """Raise what a write would where there is nothing but reading, and heed it as for a write.

        Nobody may write any more who is sent elsewhere by what comes of this.
        """
        at_hand = self.at_hand or await self._open()
        [row] = await at_hand.rows(_ONLY_READS, ())
        if row["only_reads"]:
            _LOG.warning("the database takes no writes: it is a standby, or default_transaction_read_only is on")
            failure = asyncpg.ReadOnlySQLTransactionError("no writes are taken")
            await at_hand.heed(failure)
            raise failure

    async def _close(self) -> None:
        if self.at_hand:
            await self.at_hand.close()
            self.at_hand = None
        await super()._close()

    async def _open(self) -> AtHand:
        """Open the pool as Tortoise does, when the first asks."""
        await super().acquire_connection().ensure_connection()
        assert self.at_hand is not None  # noqa: S101 - made with the pool
        return self.at_hand

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Any]:
        at_hand = self.at_hand or await self._open()
        connection = await at_hand.take()
        try:
            yield connection
        except BaseException as error:
            await at_hand.give_up(connection, error)
            raise
        if not at_hand.keep(connection):
            await at_hand.release(connection)


class _Transaction(Beginning, TransactionContextPooled):
    """One that heeds what ended it."""

    def unbegun(self) -> None:
        """Leave it to the pool, which rolls back what comes to it in a transaction: the driver refuses to."""
        self.client._finalized = True

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        await super().__aexit__(kind, error, traceback)
        parent: Any = self.client._parent
        if parent.at_hand:
            await parent.at_hand.heed(error)


client_class = Client
"""How Tortoise finds it, by the name of this module."""


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # it was lost, and the pool knows
        return False
