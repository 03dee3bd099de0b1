"""Whoever is cancelled while a transaction begins, or within it, leaves the database to the others."""

import asyncio

from tortoise.transactions import in_transaction

from gql_api.store.database import Database

MOST = 40
"""Turns of the event loop, more than it takes to begin."""


async def test_a_transaction_that_is_cancelled_at_any_moment_leaves_nothing_locked(database: Database) -> None:
    async def write() -> None:
        async with in_transaction() as transaction:
            await transaction.execute_query("DELETE FROM task_leases")
            await asyncio.Event().wait()

    for turns in range(MOST):
        for pause in (0, 0.0002):
            task = asyncio.create_task(write())
            for _ in range(turns):
                await asyncio.sleep(pause)
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()
            async with asyncio.timeout(5):
                await database.ping()
